package dev.tenzan.cuda.plan;

import dev.tenzan.cuda.driver.TensorMap;

/** An argument of a kernel. */
public sealed interface Arg {
  /** An address in a buffer of the launch, so many bytes behind its first; inputs are counted first, then outputs. */
  record Slot(int index, long offset) implements Arg {
    /** The address of a buffer. */
    public Slot(int index) {
      this(index, 0);
    }
  }

  /** A map of a tensor in a buffer of the launch, so many bytes behind its first; maps are a kernel's first arguments. */
  record Map(int index, long offset, TensorMap tensor) implements Arg {}

  /** The address of a scratch buffer of the plan. */
  record Temp(int index) implements Arg {}

  /** The address of a table of constants of the plan. */
  record Table(int index) implements Arg {}

  /** The address of the device's status words, into which a kernel writes an index that is out of range. */
  record Status() implements Arg {}

  /** A number; a parameter of 4 bytes takes its low half. */
  record Number(long value) implements Arg {}
}
