package dev.tenzan.cpu;

import java.lang.foreign.MemorySegment;

/** The memory of buffers and packed operands: native, all of it. */
public final class OffHeap {
  private static final Class<? extends MemorySegment> NATIVE = MemorySegment.NULL.getClass();

  private OffHeap() {}

  /**
   * The same segment, of a class that C2 knows. Otherwise it looks at what all accesses of the process have met so far: where none was
   * profiled yet, or memory of several kinds, each access calls methods of the segment.
   */
  public static MemorySegment of(MemorySegment s) {
    return NATIVE.cast(s);
  }
}
