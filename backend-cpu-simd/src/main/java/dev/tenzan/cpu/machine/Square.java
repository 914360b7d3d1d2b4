package dev.tenzan.cpu.machine;

/** Turns a square of vectors round, of 512 bits or of 256: numbers of a part of 128 bits first, then parts. One register is free, and changes. */
final class Square {
  /** Of two sources the even and the odd parts of 128 bits, for VSHUFI32X4. */
  private static final byte EVEN_PARTS = (byte) 0x88;

  private static final byte ODD_PARTS = (byte) 0xDD;

  /** Of two sources the lower and the upper parts of 128 bits, for VPERM2F128. */
  private static final int LOWER_PARTS = 0x20;

  private static final int UPPER_PARTS = 0x31;

  private final Assembler a;
  private final int[] registers;
  private int free;

  Square(Assembler a, int[] registers, int free) {
    this.a = a;
    this.registers = registers;
    this.free = free;
  }

  /** Replaces two vectors by what two instructions make of them. */
  private void pair(int first, int second, VectorOp low, VectorOp high) {
    a.vector(low, free, registers[first], registers[second]);
    a.vector(high, registers[second], registers[first], registers[second]);
    give(first);
  }

  private void parts(int first, int second) {
    a.vector(VectorOp.VSHUFI32X4, free, registers[first], registers[second], EVEN_PARTS);
    a.vector(VectorOp.VSHUFI32X4, registers[second], registers[first], registers[second], ODD_PARTS);
    give(first);
  }

  /** The same with parts of 256 bits. */
  private void halves(Avx2Assembler avx2, int first, int second) {
    avx2.parts(free, registers[first], registers[second], LOWER_PARTS);
    avx2.parts(registers[second], registers[first], registers[second], UPPER_PARTS);
    give(first);
  }

  private void give(int first) {
    int before = registers[first];
    registers[first] = free;
    free = before;
  }

  /** The register that is free now. */
  int free() {
    return free;
  }

  /** The registers that hold the columns, in order. */
  int[] turned() {
    int n = registers.length;
    int parts = a instanceof Avx2Assembler ? 2 : 4;
    // Groups of so many vectors have whole parts of their rows side by side.
    int group = n / parts;
    if (group == 4) {
      for (int i = 0; i < n; i += 2) {
        pair(i, i + 1, VectorOp.VUNPCKLPS, VectorOp.VUNPCKHPS);
      }
      for (int i = 0; i < n; i += 4) {
        pair(i, i + 2, VectorOp.VUNPCKLPD, VectorOp.VUNPCKHPD);
        pair(i + 1, i + 3, VectorOp.VUNPCKLPD, VectorOp.VUNPCKHPD);
        // The second and the third column have changed places.
        int third = registers[i + 1];
        registers[i + 1] = registers[i + 2];
        registers[i + 2] = third;
      }
    } else {
      for (int i = 0; i < n; i += 2) {
        pair(i, i + 1, VectorOp.VUNPCKLPD, VectorOp.VUNPCKHPD);
      }
    }
    for (int j = 0; j < group; j++) {
      if (a instanceof Avx2Assembler avx2) {
        halves(avx2, j, group + j);
        continue;
      }
      parts(j, group + j);
      parts(2 * group + j, 3 * group + j);
      parts(j, 2 * group + j);
      parts(group + j, 3 * group + j);
    }
    return registers;
  }
}
