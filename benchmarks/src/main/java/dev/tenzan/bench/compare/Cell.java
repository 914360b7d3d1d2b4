package dev.tenzan.bench.compare;

import dev.tenzan.bench.measure.Timing;

/** What came of one piece of work in one library. */
public sealed interface Cell {
  /**
   * Right and timed.
   *
   * @param timing how long it took
   * @param check how the result was compared with an independent one
   */
  record Timed(Timing timing, String check) implements Cell {}

  /** The library has no such function. */
  record Absent() implements Cell {}

  /**
   * Wrong, and so not timed.
   *
   * @param reason which element, and how far off
   */
  record Wrong(String reason) implements Cell {}

  /**
   * The library should have been able to do it, but failed here.
   *
   * @param reason what it said
   */
  record Failed(String reason) implements Cell {}
}
