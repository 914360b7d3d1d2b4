package dev.tenzan.cpu;

import java.lang.foreign.MemorySegment;

/** The memory of buffers and packed operands: native, all of it. */
public final class OffHeap {
  /**
   * The class of native segments. {@code NATIVE.cast(segment)} is the same segment, of a class that C2 knows. Otherwise it looks at what
   * all accesses of the process have met so far: where none was profiled yet, or memory of several kinds, each access calls methods of
   * the segment.
   *
   * <p>The call of {@link Class#cast} has to stand in the method itself, where C2 knows it. A method around it is not inlined where it is
   * called seldom beside the loop that follows, and then the type is lost.
   */
  public static final Class<? extends MemorySegment> NATIVE = MemorySegment.NULL.getClass();

  private OffHeap() {}
}
