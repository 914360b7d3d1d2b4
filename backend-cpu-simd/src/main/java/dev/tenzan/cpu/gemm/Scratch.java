package dev.tenzan.cpu.gemm;

import dev.tenzan.type.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.Array;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * One task's working memory for one compute type: the packed panels and a tile of C.
 *
 * <p>The panels are heap arrays, which C2 indexes with the fewest instructions; they grow to the largest size
 * asked for and are kept for the next task.
 */
final class Scratch {
  private static final int SLACK = 64;
  private static final int TILE = 12 * 2 * 16;
  private static final int KEPT = 64;

  private final DType type;
  private final Object tile;
  private Object a;
  private Object b;
  private MemorySegment accumulators = MemorySegment.NULL;

  private Scratch(DType type) {
    this.type = type;
    this.tile = newArray(TILE);
    this.a = newArray(0);
    this.b = newArray(0);
  }

  private Object newArray(int length) {
    return switch (type) {
      case F32 -> new float[length];
      case F64 -> new double[length];
      case I32 -> new int[length];
      case I64 -> new long[length];
      case F16, BF16, I16, I8, U8, BOOL ->
          throw new IllegalArgumentException(type + " is not a compute type");
    };
  }

  private Object atLeast(Object array, long length) {
    int wanted = Math.toIntExact(length + SLACK);
    return Array.getLength(array) >= wanted ? array : newArray(wanted);
  }

  /** An array for {@code length} packed values of A, and some slack after them. */
  Object a(long length) {
    return a = atLeast(a, length);
  }

  /** An array for {@code length} packed values of B, and some slack after them. */
  Object b(long length) {
    return b = atLeast(b, length);
  }

  /** An array for one tile of any micro-kernel. */
  Object tile() {
    return tile;
  }

  /** Memory for a block of accumulators that are narrowed when they are finished. */
  MemorySegment accumulators(long bytes) {
    if (accumulators.byteSize() < bytes) {
      accumulators = Arena.ofAuto().allocate(bytes, 64);
    }
    return accumulators;
  }

  /**
   * The scratch memory that is not in use, shared by all threads: few slots, each taken and put back
   * atomically.
   */
  static final class Store {
    private final DType type;
    private final AtomicReferenceArray<Scratch> slots = new AtomicReferenceArray<>(KEPT);

    Store(DType type) {
      this.type = type;
    }

    Scratch take() {
      for (int i = 0; i < KEPT; i++) {
        if (slots.getPlain(i) != null) {
          Scratch found = slots.getAndSet(i, null);
          if (found != null) {
            return found;
          }
        }
      }
      return new Scratch(type);
    }

    /** Puts scratch memory back; beyond the number of slots it is left to the collector. */
    void giveBack(Scratch scratch) {
      for (int i = 0; i < KEPT; i++) {
        if (slots.getPlain(i) == null && slots.compareAndSet(i, null, scratch)) {
          return;
        }
      }
    }
  }
}
