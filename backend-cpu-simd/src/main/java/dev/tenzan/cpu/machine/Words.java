package dev.tenzan.cpu.machine;

import java.lang.foreign.MemorySegment;

/** A thread's array of numbers that machine code takes and changes. */
final class Words {
  final long[] words;
  private final MemorySegment segment;

  private Words(int size) {
    this.words = new long[size];
    this.segment = MemorySegment.ofArray(words);
  }

  /** An array of so many numbers for each thread. */
  static ThreadLocal<Words> ofThread(int size) {
    return ThreadLocal.withInitial(() -> new Words(size));
  }

  /** Calls a function with the array's address. */
  void call(MachineCode code) {
    code.call(segment, MemorySegment.NULL, MemorySegment.NULL);
  }
}
