package dev.tenzan.cpu.loop;

import dev.tenzan.cpu.machine.VectorSet;

/** The registers of one kind that machine code has not given to a value yet. */
final class VectorRegisters {
  /** There are too few. */
  static final class Exhausted extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Exhausted() {
      super("too many values at once for the registers", null, false, false);
    }
  }

  private int free;

  private VectorRegisters(int from, int end) {
    this.free = (int) ((1L << end) - (1L << from));
  }

  /**
   * Those of vectors. Where masks are vectors, {@link MachineValues#TAIL} is one; the assembler has the first for itself, and the last as well if lanes
   * have 64 bits.
   */
  static VectorRegisters ofVectors(VectorSet set, boolean wide) {
    boolean all = set.hasMaskRegisters();
    return new VectorRegisters(all ? 0 : MachineValues.TAIL + 1, all || !wide ? set.registers() : set.registers() - 1);
  }

  /** Those of masks, where they have some of their own; {@link MachineValues#TAIL} is given already. */
  static VectorRegisters ofMasks() {
    return new VectorRegisters(MachineValues.TAIL + 1, 8);
  }

  int take() {
    if (free == 0) {
      throw new Exhausted();
    }
    int register = Integer.numberOfTrailingZeros(free);
    free &= free - 1;
    return register;
  }

  /** Takes a register that was freed before. */
  void claim(int register) {
    free &= ~(1 << register);
  }

  void free(int register) {
    free |= 1 << register;
  }
}
