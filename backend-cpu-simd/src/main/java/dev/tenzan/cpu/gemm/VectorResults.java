package dev.tenzan.cpu.gemm;

import dev.tenzan.cpu.OffHeap;
import dev.tenzan.type.DType;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorSpecies;

/**
 * Moves tiles that are two preferred vectors wide; all others go the plain way.
 *
 * <p>Two rows at a time are written out: in straight-line code C2 checks the memory segment once, in a loop
 * once for each vector, and that loop would take a tenth of the time of a whole product.
 */
final class VectorResults {
  private static final ByteOrder ORDER = ByteOrder.nativeOrder();

  private VectorResults() {}

  /** The mover of tiles of a compute type: F32, F64, I32 or I64. */
  static Results of(DType type) {
    return switch (type) {
      case F32 -> new F32();
      case F64 -> new F64();
      case I32 -> new I32();
      case I64 -> new I64();
      case F16, BF16, I16, I8, U8, BOOL ->
          throw new IllegalArgumentException(type + " is not a compute type");
    };
  }

  /** Moves tiles of F32. */
  private static final class F32 extends Results {
    private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;

    /** Whether masked accesses are instructions: AVX-512. */
    private static final boolean MASKS = S.vectorBitSize() == 512;

    private static final int LANES = S.length();
    private static final long BYTES = S.vectorByteSize();

    @Override
    void move(
        Object tile, int tileColumns, int rows, int columns, MemorySegment c, long cOffset, long cRowBytes,
        boolean add) {
      int moved = 0;
      if (columns == 2 * LANES && tileColumns == 2 * LANES) {
        float[] t = (float[]) tile;
        moved = rows / 2 * 2;
        for (int i = 0; i < moved; i += 2) {
          if (add) {
            add(t, i * 2 * LANES, c, cOffset + i * cRowBytes, cRowBytes);
          } else {
            store(t, i * 2 * LANES, c, cOffset + i * cRowBytes, cRowBytes);
          }
        }
      }
      if (MASKS && columns < 2 * LANES && tileColumns == 2 * LANES) {
        moveMasked((float[]) tile, rows, columns, c, cOffset, cRowBytes, add);
      } else if (moved < rows) {
        moveRows(tile, tileColumns, moved, rows, columns, c, cOffset, cRowBytes, add);
      }
    }

    @Override
    void narrow(DType to, MemorySegment acc, long from, int columns, MemorySegment c, long at) {
      boolean vectors = to == DType.BF16 && columns >= LANES && Halves.areReady();
      int done = vectors ? VectorNarrowing.toBf16(acc, from, columns, c, at) : 0;
      if (done < columns) {
        super.narrow(to, acc, from + done * 4L, columns - done, c, at + done * 2L);
      }
    }

    /** Moves the first columns of each row; a short output, such as that of a convolution of 7 by 7, has many such tiles. */
    private static void moveMasked(
        float[] t, int rows, int columns, MemorySegment memory, long cOffset, long cRowBytes, boolean add) {
      MemorySegment c = OffHeap.NATIVE.cast(memory);
      VectorMask<Float> low = S.indexInRange(0, columns);
      VectorMask<Float> high = S.indexInRange(LANES, columns);
      for (int i = 0; i < rows; i++) {
        long to = cOffset + i * cRowBytes;
        FloatVector v = FloatVector.fromArray(S, t, i * 2 * LANES);
        if (add) {
          v = FloatVector.fromMemorySegment(S, c, to, ORDER, low).add(v);
        }
        v.intoMemorySegment(c, to, ORDER, low);
        if (columns > LANES) {
          FloatVector w = FloatVector.fromArray(S, t, i * 2 * LANES + LANES);
          if (add) {
            w = FloatVector.fromMemorySegment(S, c, to + BYTES, ORDER, high).add(w);
          }
          w.intoMemorySegment(c, to + BYTES, ORDER, high);
        }
      }
    }

    private static void add(float[] t, int from, MemorySegment memory, long to0, long rowBytes) {
      MemorySegment c = OffHeap.NATIVE.cast(memory);
      long to1 = to0 + rowBytes;
      FloatVector v0 = FloatVector.fromMemorySegment(S, c, to0, ORDER).add(FloatVector.fromArray(S, t, from));
      FloatVector v1 =
          FloatVector.fromMemorySegment(S, c, to0 + BYTES, ORDER)
              .add(FloatVector.fromArray(S, t, from + LANES));
      FloatVector v2 =
          FloatVector.fromMemorySegment(S, c, to1, ORDER).add(FloatVector.fromArray(S, t, from + 2 * LANES));
      FloatVector v3 =
          FloatVector.fromMemorySegment(S, c, to1 + BYTES, ORDER)
              .add(FloatVector.fromArray(S, t, from + 3 * LANES));
      v0.intoMemorySegment(c, to0, ORDER);
      v1.intoMemorySegment(c, to0 + BYTES, ORDER);
      v2.intoMemorySegment(c, to1, ORDER);
      v3.intoMemorySegment(c, to1 + BYTES, ORDER);
    }

    private static void store(float[] t, int from, MemorySegment memory, long to0, long rowBytes) {
      MemorySegment c = OffHeap.NATIVE.cast(memory);
      long to1 = to0 + rowBytes;
      FloatVector.fromArray(S, t, from).intoMemorySegment(c, to0, ORDER);
      FloatVector.fromArray(S, t, from + LANES).intoMemorySegment(c, to0 + BYTES, ORDER);
      FloatVector.fromArray(S, t, from + 2 * LANES).intoMemorySegment(c, to1, ORDER);
      FloatVector.fromArray(S, t, from + 3 * LANES).intoMemorySegment(c, to1 + BYTES, ORDER);
    }
  }

  /** Moves tiles of F64. */
  private static final class F64 extends Results {
    private static final VectorSpecies<Double> S = DoubleVector.SPECIES_PREFERRED;
    private static final int LANES = S.length();
    private static final long BYTES = S.vectorByteSize();

    @Override
    void move(
        Object tile, int tileColumns, int rows, int columns, MemorySegment c, long cOffset, long cRowBytes,
        boolean add) {
      int moved = 0;
      if (columns == 2 * LANES && tileColumns == 2 * LANES) {
        double[] t = (double[]) tile;
        moved = rows / 2 * 2;
        for (int i = 0; i < moved; i += 2) {
          if (add) {
            add(t, i * 2 * LANES, c, cOffset + i * cRowBytes, cRowBytes);
          } else {
            store(t, i * 2 * LANES, c, cOffset + i * cRowBytes, cRowBytes);
          }
        }
      }
      if (moved < rows) {
        moveRows(tile, tileColumns, moved, rows, columns, c, cOffset, cRowBytes, add);
      }
    }

    private static void add(double[] t, int from, MemorySegment memory, long to0, long rowBytes) {
      MemorySegment c = OffHeap.NATIVE.cast(memory);
      long to1 = to0 + rowBytes;
      DoubleVector v0 =
          DoubleVector.fromMemorySegment(S, c, to0, ORDER).add(DoubleVector.fromArray(S, t, from));
      DoubleVector v1 =
          DoubleVector.fromMemorySegment(S, c, to0 + BYTES, ORDER)
              .add(DoubleVector.fromArray(S, t, from + LANES));
      DoubleVector v2 =
          DoubleVector.fromMemorySegment(S, c, to1, ORDER)
              .add(DoubleVector.fromArray(S, t, from + 2 * LANES));
      DoubleVector v3 =
          DoubleVector.fromMemorySegment(S, c, to1 + BYTES, ORDER)
              .add(DoubleVector.fromArray(S, t, from + 3 * LANES));
      v0.intoMemorySegment(c, to0, ORDER);
      v1.intoMemorySegment(c, to0 + BYTES, ORDER);
      v2.intoMemorySegment(c, to1, ORDER);
      v3.intoMemorySegment(c, to1 + BYTES, ORDER);
    }

    private static void store(double[] t, int from, MemorySegment memory, long to0, long rowBytes) {
      MemorySegment c = OffHeap.NATIVE.cast(memory);
      long to1 = to0 + rowBytes;
      DoubleVector.fromArray(S, t, from).intoMemorySegment(c, to0, ORDER);
      DoubleVector.fromArray(S, t, from + LANES).intoMemorySegment(c, to0 + BYTES, ORDER);
      DoubleVector.fromArray(S, t, from + 2 * LANES).intoMemorySegment(c, to1, ORDER);
      DoubleVector.fromArray(S, t, from + 3 * LANES).intoMemorySegment(c, to1 + BYTES, ORDER);
    }
  }

  /** Moves tiles of I32. */
  private static final class I32 extends Results {
    private static final VectorSpecies<Integer> S = IntVector.SPECIES_PREFERRED;
    private static final int LANES = S.length();
    private static final long BYTES = S.vectorByteSize();

    @Override
    void move(
        Object tile, int tileColumns, int rows, int columns, MemorySegment c, long cOffset, long cRowBytes,
        boolean add) {
      int moved = 0;
      if (columns == 2 * LANES && tileColumns == 2 * LANES) {
        int[] t = (int[]) tile;
        moved = rows / 2 * 2;
        for (int i = 0; i < moved; i += 2) {
          if (add) {
            add(t, i * 2 * LANES, c, cOffset + i * cRowBytes, cRowBytes);
          } else {
            store(t, i * 2 * LANES, c, cOffset + i * cRowBytes, cRowBytes);
          }
        }
      }
      if (moved < rows) {
        moveRows(tile, tileColumns, moved, rows, columns, c, cOffset, cRowBytes, add);
      }
    }

    private static void add(int[] t, int from, MemorySegment memory, long to0, long rowBytes) {
      MemorySegment c = OffHeap.NATIVE.cast(memory);
      long to1 = to0 + rowBytes;
      IntVector v0 = IntVector.fromMemorySegment(S, c, to0, ORDER).add(IntVector.fromArray(S, t, from));
      IntVector v1 =
          IntVector.fromMemorySegment(S, c, to0 + BYTES, ORDER).add(IntVector.fromArray(S, t, from + LANES));
      IntVector v2 =
          IntVector.fromMemorySegment(S, c, to1, ORDER).add(IntVector.fromArray(S, t, from + 2 * LANES));
      IntVector v3 =
          IntVector.fromMemorySegment(S, c, to1 + BYTES, ORDER)
              .add(IntVector.fromArray(S, t, from + 3 * LANES));
      v0.intoMemorySegment(c, to0, ORDER);
      v1.intoMemorySegment(c, to0 + BYTES, ORDER);
      v2.intoMemorySegment(c, to1, ORDER);
      v3.intoMemorySegment(c, to1 + BYTES, ORDER);
    }

    private static void store(int[] t, int from, MemorySegment memory, long to0, long rowBytes) {
      MemorySegment c = OffHeap.NATIVE.cast(memory);
      long to1 = to0 + rowBytes;
      IntVector.fromArray(S, t, from).intoMemorySegment(c, to0, ORDER);
      IntVector.fromArray(S, t, from + LANES).intoMemorySegment(c, to0 + BYTES, ORDER);
      IntVector.fromArray(S, t, from + 2 * LANES).intoMemorySegment(c, to1, ORDER);
      IntVector.fromArray(S, t, from + 3 * LANES).intoMemorySegment(c, to1 + BYTES, ORDER);
    }
  }

  /** Moves tiles of I64. */
  private static final class I64 extends Results {
    private static final VectorSpecies<Long> S = LongVector.SPECIES_PREFERRED;
    private static final int LANES = S.length();
    private static final long BYTES = S.vectorByteSize();

    @Override
    void move(
        Object tile, int tileColumns, int rows, int columns, MemorySegment c, long cOffset, long cRowBytes,
        boolean add) {
      int moved = 0;
      if (columns == 2 * LANES && tileColumns == 2 * LANES) {
        long[] t = (long[]) tile;
        moved = rows / 2 * 2;
        for (int i = 0; i < moved; i += 2) {
          if (add) {
            add(t, i * 2 * LANES, c, cOffset + i * cRowBytes, cRowBytes);
          } else {
            store(t, i * 2 * LANES, c, cOffset + i * cRowBytes, cRowBytes);
          }
        }
      }
      if (moved < rows) {
        moveRows(tile, tileColumns, moved, rows, columns, c, cOffset, cRowBytes, add);
      }
    }

    private static void add(long[] t, int from, MemorySegment memory, long to0, long rowBytes) {
      MemorySegment c = OffHeap.NATIVE.cast(memory);
      long to1 = to0 + rowBytes;
      LongVector v0 = LongVector.fromMemorySegment(S, c, to0, ORDER).add(LongVector.fromArray(S, t, from));
      LongVector v1 =
          LongVector.fromMemorySegment(S, c, to0 + BYTES, ORDER)
              .add(LongVector.fromArray(S, t, from + LANES));
      LongVector v2 =
          LongVector.fromMemorySegment(S, c, to1, ORDER).add(LongVector.fromArray(S, t, from + 2 * LANES));
      LongVector v3 =
          LongVector.fromMemorySegment(S, c, to1 + BYTES, ORDER)
              .add(LongVector.fromArray(S, t, from + 3 * LANES));
      v0.intoMemorySegment(c, to0, ORDER);
      v1.intoMemorySegment(c, to0 + BYTES, ORDER);
      v2.intoMemorySegment(c, to1, ORDER);
      v3.intoMemorySegment(c, to1 + BYTES, ORDER);
    }

    private static void store(long[] t, int from, MemorySegment memory, long to0, long rowBytes) {
      MemorySegment c = OffHeap.NATIVE.cast(memory);
      long to1 = to0 + rowBytes;
      LongVector.fromArray(S, t, from).intoMemorySegment(c, to0, ORDER);
      LongVector.fromArray(S, t, from + LANES).intoMemorySegment(c, to0 + BYTES, ORDER);
      LongVector.fromArray(S, t, from + 2 * LANES).intoMemorySegment(c, to1, ORDER);
      LongVector.fromArray(S, t, from + 3 * LANES).intoMemorySegment(c, to1 + BYTES, ORDER);
    }
  }
}
