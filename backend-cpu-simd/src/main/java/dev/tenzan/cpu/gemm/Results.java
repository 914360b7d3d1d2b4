package dev.tenzan.cpu.gemm;

import dev.tenzan.cpu.OffHeap;
import dev.tenzan.type.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Moves computed tiles to C, and blocks of accumulators to a C of a narrower type: the plain form, without
 * vectors.
 */
class Results {
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;
  private static final ValueLayout.OfDouble DOUBLE = ValueLayout.JAVA_DOUBLE_UNALIGNED;
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
  private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;
  private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;

  /**
   * Stores the upper left part of a tile to C, or adds it to what is there.
   *
   * @param tile an array of the compute type
   * @param tileColumns the length of the tile's rows
   * @param rows the rows to move
   * @param columns the columns to move
   * @param c the memory of C
   * @param cOffset the byte offset of the first element
   * @param cRowBytes the distance of C's rows in bytes
   * @param add whether to add
   */
  void move(
      Object tile,
      int tileColumns,
      int rows,
      int columns,
      MemorySegment c,
      long cOffset,
      long cRowBytes,
      boolean add) {
    moveRows(tile, tileColumns, 0, rows, columns, c, cOffset, cRowBytes, add);
  }

  /** Moves rows {@code [from, to)} of a tile, element by element; {@code cOffset} is that of row 0. */
  static void moveRows(
      Object tile,
      int tileColumns,
      int from,
      int to,
      int columns,
      MemorySegment c,
      long cOffset,
      long cRowBytes,
      boolean add) {
    for (int i = from; i < to; i++) {
      moveRow(tile, i * tileColumns, columns, c, cOffset + i * cRowBytes, add);
    }
  }

  private static void moveRow(Object tile, int from, int columns, MemorySegment cMemory, long to, boolean add) {
    MemorySegment c = OffHeap.NATIVE.cast(cMemory);
    switch (tile) {
      case float[] t -> {
        for (int j = 0; j < columns; j++) {
          c.set(FLOAT, to + j * 4L, add ? c.get(FLOAT, to + j * 4L) + t[from + j] : t[from + j]);
        }
      }
      case double[] t -> {
        for (int j = 0; j < columns; j++) {
          c.set(DOUBLE, to + j * 8L, add ? c.get(DOUBLE, to + j * 8L) + t[from + j] : t[from + j]);
        }
      }
      case int[] t -> {
        for (int j = 0; j < columns; j++) {
          c.set(INT, to + j * 4L, add ? c.get(INT, to + j * 4L) + t[from + j] : t[from + j]);
        }
      }
      case long[] t -> {
        for (int j = 0; j < columns; j++) {
          c.set(LONG, to + j * 8L, add ? c.get(LONG, to + j * 8L) + t[from + j] : t[from + j]);
        }
      }
      default -> throw new IllegalArgumentException("a tile is not a " + tile.getClass().getTypeName());
    }
  }

  /**
   * Writes one row of accumulators to C in a narrower type: floats rounded once to nearest even, integers
   * wrapped.
   */
  void narrow(DType to, MemorySegment accMemory, long from, int columns, MemorySegment cMemory, long at) {
    MemorySegment acc = OffHeap.NATIVE.cast(accMemory);
    MemorySegment c = OffHeap.NATIVE.cast(cMemory);
    switch (to) {
      case F16 -> {
        for (int j = 0; j < columns; j++) {
          c.set(SHORT, at + j * 2L, Float.floatToFloat16(acc.get(FLOAT, from + j * 4L)));
        }
      }
      case BF16 -> {
        for (int j = 0; j < columns; j++) {
          c.set(SHORT, at + j * 2L, toBf16(acc.get(FLOAT, from + j * 4L)));
        }
      }
      case I16 -> {
        for (int j = 0; j < columns; j++) {
          c.set(SHORT, at + j * 2L, (short) acc.get(INT, from + j * 4L));
        }
      }
      case I8, U8 -> {
        for (int j = 0; j < columns; j++) {
          c.set(BYTE, at + j, (byte) acc.get(INT, from + j * 4L));
        }
      }
      case F32, F64, I64, I32, BOOL ->
          throw new IllegalArgumentException(to + " is not narrower than its compute type");
    }
  }

  /** Rounds to nearest, ties to even; a NaN stays one, for its quiet bit is set. */
  static short toBf16(float value) {
    int bits = Float.floatToRawIntBits(value);
    if (Float.isNaN(value)) {
      return (short) ((bits >> 16) | 0x40);
    }
    return (short) ((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
  }
}
