package dev.tenzan.cpu.machine;

/** Operations on masks of 16 lanes (KANDW and the like). */
public enum MaskOp {
  AND(0x41),
  /** Not the first one, and the second one. */
  AND_NOT(0x42),
  /** Has one source, the second. */
  NOT(0x44),
  OR(0x45),
  XNOR(0x46),
  XOR(0x47);

  final int opcode;

  MaskOp(int opcode) {
    this.opcode = opcode;
  }
}
