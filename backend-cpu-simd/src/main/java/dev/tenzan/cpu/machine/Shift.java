package dev.tenzan.cpu.machine;

/** Shifts of lanes by a constant. */
public enum Shift {
  LEFT(6),
  /** Fills with zeros. */
  RIGHT(2),
  /** Copies the sign. */
  RIGHT_SIGNED(4);

  /** The opcode extension. */
  final int extension;

  Shift(int extension) {
    this.extension = extension;
  }
}
