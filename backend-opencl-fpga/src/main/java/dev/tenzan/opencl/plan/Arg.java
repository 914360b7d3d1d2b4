package dev.tenzan.opencl.plan;

/** An argument of a kernel. */
public sealed interface Arg {
  /** A buffer of the launch: inputs, then outputs. */
  record Slot(int index) implements Arg {}

  /** A scratch buffer of the plan. */
  record Temp(int index) implements Arg {}

  /** A table of constants of the plan. */
  record Table(int index) implements Arg {}

  /** The device's status words, into which a kernel writes an index that is out of range. */
  record Status() implements Arg {}

  /** A long. */
  record OfLong(long value) implements Arg {}

  /** An int. */
  record OfInt(int value) implements Arg {}
}
