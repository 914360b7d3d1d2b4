package dev.tenzan.cuda.sim;

import java.util.List;

/** A variable as it is declared: where it lives, its type, how many elements, and what it begins with. */
record Variable(String space, boolean external, Type type, int align, String name, long elements, List<Initial> initial) {
  /** An initial value: a number's bits, or the address of a variable plus an offset. */
  record Initial(long bits, String symbol) {}

  long bytes() {
    return elements * type.bytes();
  }
}
