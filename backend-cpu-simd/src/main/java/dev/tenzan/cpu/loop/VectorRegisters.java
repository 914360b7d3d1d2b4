package dev.tenzan.cpu.loop;

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

  /** The registers {@code from..end}. */
  VectorRegisters(int from, int end) {
    this.free = (int) ((1L << end) - (1L << from));
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
