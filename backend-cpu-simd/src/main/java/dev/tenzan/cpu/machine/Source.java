package dev.tenzan.cpu.machine;

import java.util.List;

/** Where an instruction has a vector from, or puts one. */
public sealed interface Source {
  /**
   * A vector register.
   *
   * @param number from 0 to 31
   */
  record Register(int number) implements Source {}

  /**
   * A place in memory: {@code base + index * scale + distance}.
   *
   * @param base a general register
   * @param index a general register, or -1 for none
   * @param scale 1, 2, 4 or 8
   */
  record Memory(int base, int index, int scale, int distance) implements Source {
    /** A place at a distance from a register. */
    public Memory(int base, int distance) {
      this(base, -1, 1, distance);
    }
  }

  /**
   * A number for all lanes, which the assembler keeps behind the code.
   *
   * @param bits its bits; for lanes of 32 bits the lower ones
   */
  record Constant(long bits) implements Source {}

  /**
   * A vector of numbers, which the assembler keeps behind the code.
   *
   * @param lanes as many as the instruction's vectors have
   */
  record Table(List<Long> lanes) implements Source {
    /** Copies the list. */
    public Table {
      lanes = List.copyOf(lanes);
    }
  }
}
