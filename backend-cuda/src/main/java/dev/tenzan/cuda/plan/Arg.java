package dev.tenzan.cuda.plan;

/** An argument of a kernel. */
public sealed interface Arg {
  /** The address of a buffer of the launch: inputs, then outputs. */
  record Slot(int index) implements Arg {}

  /** The address of a scratch buffer of the plan. */
  record Temp(int index) implements Arg {}

  /** The address of a table of constants of the plan. */
  record Table(int index) implements Arg {}

  /** The address of the device's status words, into which a kernel writes an index that is out of range. */
  record Status() implements Arg {}

  /** A number; a parameter of 4 bytes takes its low half. */
  record Number(long value) implements Arg {}
}
