package dev.tenzan.cpu;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

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

  /**
   * All memory of the process, by addresses. An access to it asks nothing that C2 does not know: the segment's class, base and lifetime are
   * constants. Null where the JVM keeps it from this module, which was not given native access.
   */
  public static final @Nullable MemorySegment MEMORY =
      OffHeap.class.getModule().isNativeAccessEnabled() ? MemorySegment.NULL.reinterpret(Long.MAX_VALUE) : null;

  private OffHeap() {}
}
