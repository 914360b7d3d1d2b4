package dev.tenzan.cpu.gemm;

import dev.tenzan.cpu.OffHeap;
import dev.tenzan.type.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * Copies strided tensor elements into packed panels, widened to the compute type: the plain form, without
 * vectors.
 *
 * <p>Lanes are the positions across a panel, steps run along k. All strides and offsets are in bytes.
 */
class Packing {
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;
  private static final ValueLayout.OfDouble DOUBLE = ValueLayout.JAVA_DOUBLE_UNALIGNED;
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
  private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;
  private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;

  /**
   * Packs {@code lanes} lanes of {@code depth} steps into panels of {@code width} lanes, as
   * {@link Operand#pack} says.
   *
   * @param offset the byte offset of lane 0 at step 0
   */
  void pack(
      DType storage,
      MemorySegment source,
      long offset,
      long laneBytes,
      long stepBytes,
      int lanes,
      int width,
      int depth,
      Object panel,
      int at) {
    int to = at;
    for (int lane = 0; lane < lanes; lane += width) {
      packOne(
          storage, source, offset + lane * laneBytes, laneBytes, stepBytes, Math.min(width, lanes - lane),
              width, depth,
          panel, to);
      to += width * depth;
    }
  }

  /** Packs one panel of which {@code lanes} lanes are wanted, walking memory along its smaller stride. */
  final void packOne(
      DType storage,
      MemorySegment source,
      long offset,
      long laneBytes,
      long stepBytes,
      int lanes,
      int width,
      int depth,
      Object panel,
      int at) {
    if (Math.abs(stepBytes) < Math.abs(laneBytes)) {
      for (int lane = 0; lane < lanes; lane++) {
        copy(storage, source, offset + lane * laneBytes, stepBytes, depth, panel, at + lane, width);
      }
    } else {
      for (int step = 0; step < depth; step++) {
        copy(storage, source, offset + step * stepBytes, laneBytes, lanes, panel, at + step * width, 1);
      }
    }
  }

  /** Copies {@code count} elements, {@code stride} bytes apart, to adjacent places of a panel array. */
  void copyRun(DType storage, MemorySegment s, long offset, long stride, int count, Object panel, int at) {
    copy(storage, s, offset, stride, count, panel, at, 1);
  }

  /**
   * Does the same {@code rows} times: {@code rowBytes} further in the source, {@code rowStep} further in the
   * panel.
   */
  void copyRuns(
      DType storage,
      MemorySegment s,
      long offset,
      long stride,
      int count,
      Object panel,
      int at,
      int rows,
      long rowBytes,
      int rowStep) {
    for (int row = 0; row < rows; row++) {
      copyRun(storage, s, offset + row * rowBytes, stride, count, panel, at + row * rowStep);
    }
  }

  /** Clears {@code count} adjacent values in each of {@code rows} places that are {@code rowStep} apart. */
  static void clear(Object panel, int at, int count, int rows, int rowStep) {
    for (int row = 0; row < rows && count > 0; row++) {
      int from = at + row * rowStep;
      switch (panel) {
        case float[] p -> Arrays.fill(p, from, from + count, 0);
        case double[] p -> Arrays.fill(p, from, from + count, 0);
        case int[] p -> Arrays.fill(p, from, from + count, 0);
        case long[] p -> Arrays.fill(p, from, from + count, 0);
        default -> throw new IllegalArgumentException("a panel is not a " + panel.getClass().getTypeName());
      }
    }
  }

  /**
   * Copies {@code count} elements, {@code stride} bytes apart, to indices {@code at, at + step, ...} of a
   * panel array.
   */
  static void copy(
      DType storage, MemorySegment s, long offset, long stride, int count, Object panel, int at, int step) {
    switch (storage) {
      case F32 -> copyF32(s, offset, stride, count, (float[]) panel, at, step);
      case F64 -> copyF64(s, offset, stride, count, (double[]) panel, at, step);
      case F16 -> copyF16(s, offset, stride, count, (float[]) panel, at, step);
      case BF16 -> copyBf16(s, offset, stride, count, (float[]) panel, at, step);
      case I64 -> copyI64(s, offset, stride, count, (long[]) panel, at, step);
      case I32 -> copyI32(s, offset, stride, count, (int[]) panel, at, step);
      case I16 -> copyI16(s, offset, stride, count, (int[]) panel, at, step);
      case I8 -> copyI8(s, offset, stride, count, (int[]) panel, at, step);
      case U8 -> copyU8(s, offset, stride, count, (int[]) panel, at, step);
      case BOOL -> throw new IllegalArgumentException("truth values have no product");
    }
  }

  private static void copyF32(
      MemorySegment memory, long offset, long stride, int count, float[] p, int at, int step) {
    MemorySegment s = OffHeap.NATIVE.cast(memory);
    for (int i = 0; i < count; i++) {
      p[at + i * step] = s.get(FLOAT, offset + i * stride);
    }
  }

  private static void copyF64(
      MemorySegment memory, long offset, long stride, int count, double[] p, int at, int step) {
    MemorySegment s = OffHeap.NATIVE.cast(memory);
    for (int i = 0; i < count; i++) {
      p[at + i * step] = s.get(DOUBLE, offset + i * stride);
    }
  }

  private static void copyF16(
      MemorySegment memory, long offset, long stride, int count, float[] p, int at, int step) {
    MemorySegment s = OffHeap.NATIVE.cast(memory);
    for (int i = 0; i < count; i++) {
      p[at + i * step] = Float.float16ToFloat(s.get(SHORT, offset + i * stride));
    }
  }

  private static void copyBf16(
      MemorySegment memory, long offset, long stride, int count, float[] p, int at, int step) {
    MemorySegment s = OffHeap.NATIVE.cast(memory);
    for (int i = 0; i < count; i++) {
      p[at + i * step] = Float.intBitsToFloat(s.get(SHORT, offset + i * stride) << 16);
    }
  }

  private static void copyI64(
      MemorySegment memory, long offset, long stride, int count, long[] p, int at, int step) {
    MemorySegment s = OffHeap.NATIVE.cast(memory);
    for (int i = 0; i < count; i++) {
      p[at + i * step] = s.get(LONG, offset + i * stride);
    }
  }

  private static void copyI32(
      MemorySegment memory, long offset, long stride, int count, int[] p, int at, int step) {
    MemorySegment s = OffHeap.NATIVE.cast(memory);
    for (int i = 0; i < count; i++) {
      p[at + i * step] = s.get(INT, offset + i * stride);
    }
  }

  private static void copyI16(
      MemorySegment memory, long offset, long stride, int count, int[] p, int at, int step) {
    MemorySegment s = OffHeap.NATIVE.cast(memory);
    for (int i = 0; i < count; i++) {
      p[at + i * step] = s.get(SHORT, offset + i * stride);
    }
  }

  private static void copyI8(
      MemorySegment memory, long offset, long stride, int count, int[] p, int at, int step) {
    MemorySegment s = OffHeap.NATIVE.cast(memory);
    for (int i = 0; i < count; i++) {
      p[at + i * step] = s.get(BYTE, offset + i * stride);
    }
  }

  private static void copyU8(
      MemorySegment memory, long offset, long stride, int count, int[] p, int at, int step) {
    MemorySegment s = OffHeap.NATIVE.cast(memory);
    for (int i = 0; i < count; i++) {
      p[at + i * step] = s.get(BYTE, offset + i * stride) & 0xff;
    }
  }
}
