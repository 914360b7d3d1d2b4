package dev.tenzan.cpu.gemm;

import dev.tenzan.cpu.OffHeap;
import dev.tenzan.type.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Packing with vectors of the preferred width for F32 and F64, where lanes or steps lie side by side in
 * memory.
 *
 * <p>Adjacent lanes are copied. Adjacent steps need a transpose: butterflies that exchange halves, quarters
 * and so on, each a permutation of two registers, which AVX-512 has as one instruction. Narrower machines
 * lack it, and there the plain loop is as fast.
 */
final class VectorPacking extends Packing {
  private static final ByteOrder ORDER = ByteOrder.nativeOrder();
  private static final VectorSpecies<Float> F32 = FloatVector.SPECIES_PREFERRED;
  private static final VectorSpecies<Float> F32_QUARTER = FloatVector.SPECIES_128;
  private static final VectorSpecies<Float> F32_PAIR = FloatVector.SPECIES_64;
  private static final VectorSpecies<Double> F64 = DoubleVector.SPECIES_PREFERRED;
  private static final VectorSpecies<Double> F64_PAIR = DoubleVector.SPECIES_128;

  /** Whether two registers can be permuted into one by one instruction: AVX-512. */
  private static final boolean TRANSPOSES = F32.vectorBitSize() == 512;

  /**
   * Adjacent lanes are packed side by side, so many at a time: long runs use whole cache lines and fewer pages at once.
   */
  private static final int LANES_AT_ONCE = 128;

  @Override
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
    if (isHalf(storage) && (laneBytes == 2 || stepBytes == 2) && Halves.areReady()) {
      packHalves(storage, source, offset, laneBytes, stepBytes, lanes, width, depth, panel, at);
      return;
    }
    int bytes = storage.byteSize();
    boolean vectorType = storage == DType.F32 || storage == DType.F64;
    int done = 0;
    if (vectorType && laneBytes == bytes && width * bytes % 8 == 0) {
      done = lanes / width * width;
      packAdjacentLanes(storage, source, offset, stepBytes, done / width, width, depth, panel, at);
    } else if (TRANSPOSES && vectorType && stepBytes == bytes && depth * bytes >= 64) {
      done = lanes;
      packAdjacentSteps(storage, source, offset, laneBytes, lanes, width, depth, panel, at);
    }
    if (done < lanes) {
      super.pack(
          storage, source, offset + done * laneBytes, laneBytes, stepBytes, lanes - done, width, depth, panel,
          at + done * depth);
    }
  }

  @Override
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
    if (storage == DType.F32 && stride == 4) {
      copyRuns(s, offset, count, (float[]) panel, at, rows, rowBytes, rowStep);
    } else if (isHalf(storage) && stride == 2 && Halves.areReady()) {
      MemorySegment buffer = VectorWidening.buffer(4L * count);
      for (int row = 0; row < rows; row++) {
        VectorWidening.widen(storage, s, offset + row * rowBytes, count, buffer, 0);
        copyRuns(buffer, 0, count, (float[]) panel, at + row * rowStep, 1, 0, 0);
      }
    } else {
      super.copyRuns(storage, s, offset, stride, count, panel, at, rows, rowBytes, rowStep);
    }
  }

  private static void copyRuns(
      MemorySegment memory, long offset, int count, float[] panel, int at, int rows, long rowBytes, int rowStep) {
    MemorySegment s = OffHeap.NATIVE.cast(memory);
    int whole = F32.loopBound(count);
    int quarters = whole + F32_QUARTER.loopBound(count - whole);
    for (int row = 0; row < rows; row++) {
      long from = offset + row * rowBytes;
      int to = at + row * rowStep;
      for (int i = 0; i < whole; i += F32.length()) {
        FloatVector.fromMemorySegment(F32, s, from + i * 4L, ORDER).intoArray(panel, to + i);
      }
      for (int i = whole; i < quarters; i += F32_QUARTER.length()) {
        FloatVector.fromMemorySegment(F32_QUARTER, s, from + i * 4L, ORDER).intoArray(panel, to + i);
      }
      for (int i = quarters; i < count; i++) {
        panel[to + i] = s.get(ValueLayout.JAVA_FLOAT_UNALIGNED, from + i * 4L);
      }
    }
  }

  private static boolean isHalf(DType storage) {
    return storage == DType.F16 || storage == DType.BF16;
  }

  /** Widens one panel after another to F32 in a buffer of the thread's own, and packs it from there. */
  private void packHalves(
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
    int direct = 0;
    if (storage == DType.BF16 && laneBytes == 2 && width == 2 * F32.length()) {
      direct = lanes / width * width;
      for (int lane = 0; lane < direct; lane += width) {
        VectorWidening.widenPairs(source, offset + lane * 2L, stepBytes, depth, (float[]) panel, at + lane * depth);
      }
    }
    MemorySegment buffer = VectorWidening.buffer(4L * width * depth);
    boolean stepsAdjacent = stepBytes == 2;
    for (int lane = direct; lane < lanes; lane += width) {
      int count = Math.min(width, lanes - lane);
      int rows = stepsAdjacent ? count : depth;
      int columns = stepsAdjacent ? depth : count;
      long rowBytes = stepsAdjacent ? laneBytes : stepBytes;
      for (int row = 0; row < rows; row++) {
        long from = offset + lane * laneBytes + row * rowBytes;
        VectorWidening.widen(storage, source, from, columns, buffer, 4L * row * columns);
      }
      long laneStep = stepsAdjacent ? 4L * columns : 4;
      long stepStep = stepsAdjacent ? 4 : 4L * columns;
      pack(DType.F32, buffer, 0, laneStep, stepStep, count, width, depth, panel, at + lane * depth);
    }
  }

  @Override
  void copyRun(DType storage, MemorySegment memory, long offset, long stride, int count, Object panel, int at) {
    MemorySegment s = OffHeap.NATIVE.cast(memory);
    int done = 0;
    if (storage == DType.F32 && stride == 4) {
      float[] p = (float[]) panel;
      for (; done <= count - F32.length(); done += F32.length()) {
        FloatVector.fromMemorySegment(F32, s, offset + done * 4L, ORDER).intoArray(p, at + done);
      }
      for (; done <= count - 4; done += 4) {
        FloatVector.fromMemorySegment(F32_QUARTER, s, offset + done * 4L, ORDER).intoArray(p, at + done);
      }
    } else if (storage == DType.F64 && stride == 8) {
      double[] p = (double[]) panel;
      for (; done <= count - F64.length(); done += F64.length()) {
        DoubleVector.fromMemorySegment(F64, s, offset + done * 8L, ORDER).intoArray(p, at + done);
      }
    }
    if (done < count) {
      super.copyRun(storage, s, offset + done * stride, stride, count - done, panel, at + done);
    }
  }

  private static void packAdjacentLanes(
      DType storage, MemorySegment source, long offset, long stepBytes, int panels, int width, int depth,
          Object panel,
      int at) {
    int most = Math.max(1, LANES_AT_ONCE / width);
    for (int first = 0; first < panels; first += most) {
      int count = Math.min(most, panels - first);
      long from = offset + (long) first * width * storage.byteSize();
      int to = at + first * width * depth;
      if (storage == DType.F32) {
        copyLanes(source, from, stepBytes, count, width, depth, (float[]) panel, to);
      } else {
        copyLanes(source, from, stepBytes, count, width, depth, (double[]) panel, to);
      }
    }
  }

  private static void copyLanes(
      MemorySegment memory,
      long offset,
      long stepBytes,
      int panels,
      int width,
      int depth,
      float[] panel,
      int at) {
    MemorySegment source = OffHeap.NATIVE.cast(memory);
    if (width == 2 * F32.length()) {
      for (int step = 0; step < depth; step++) {
        copyPairs(source, offset + step * stepBytes, panels, depth * width, panel, at + step * width);
      }
      return;
    }
    int over = Math.ceilDiv(width, F32.length()) * F32.length() - width;
    int whole = wholeSteps(source, offset + ((long) panels * width + over) * 4, stepBytes, width, over, depth);
    for (int step = 0; step < whole; step++) {
      copyWhole(source, offset + step * stepBytes, panels, width, depth * width, panel, at + step * width);
    }
    int quarters = width / 4 * 4;
    for (int step = whole; step < depth; step++) {
      long from = offset + step * stepBytes;
      int to = at + step * width;
      for (int p = 0; p < panels; p++) {
        for (int lane = 0; lane < quarters; lane += 4) {
          FloatVector.fromMemorySegment(F32_QUARTER, source, from + lane * 4L, ORDER).intoArray(panel, to
              + lane);
        }
        for (int lane = quarters; lane < width; lane += 2) {
          FloatVector.fromMemorySegment(F32_PAIR, source, from + lane * 4L, ORDER).intoArray(panel, to
              + lane);
        }
        from += width * 4L;
        to += width * depth;
      }
    }
  }

  /**
   * How many steps may be copied in whole vectors, which read and write {@code over} values more than a panel is wide: none may read beyond
   * the memory, or write behind its panel.
   *
   * @param end where the last vector of step 0 ends
   */
  private static int wholeSteps(MemorySegment memory, long end, long stepBytes, int width, int over, int depth) {
    long room = memory.byteSize() - end;
    return stepBytes <= 0 || room < 0 ? 0 : Math.clamp(room / stepBytes + 1, 0, Math.max(0, depth - Math.ceilDiv(over, width)));
  }

  /** Copies one step of several panels in whole vectors; what exceeds a panel's lanes falls on its next step, which is yet to come. */
  private static void copyWhole(
      MemorySegment memory, long offset, int panels, int width, int distance, float[] panel, int at) {
    MemorySegment source = OffHeap.NATIVE.cast(memory);
    for (int p = 0; p < panels; p++) {
      for (int lane = 0; lane < width; lane += F32.length()) {
        FloatVector.fromMemorySegment(F32, source, offset + (p * width + lane) * 4L, ORDER).intoArray(panel, at + p * distance + lane);
      }
    }
  }

  private static void copyPairs(
      MemorySegment memory, long offset, int panels, int distance, float[] panel, int at) {
    MemorySegment source = OffHeap.NATIVE.cast(memory);
    long from = offset;
    int to = at;
    for (int p = 0; p < panels; p++) {
      FloatVector v0 = FloatVector.fromMemorySegment(F32, source, from, ORDER);
      FloatVector v1 = FloatVector.fromMemorySegment(F32, source, from + F32.vectorByteSize(), ORDER);
      v0.intoArray(panel, to);
      v1.intoArray(panel, to + F32.length());
      from += 2L * F32.vectorByteSize();
      to += distance;
    }
  }

  private static void copyLanes(
      MemorySegment memory,
      long offset,
      long stepBytes,
      int panels,
      int width,
      int depth,
      double[] panel,
      int at) {
    MemorySegment source = OffHeap.NATIVE.cast(memory);
    if (width == 2 * F64.length()) {
      for (int step = 0; step < depth; step++) {
        copyPairs(source, offset + step * stepBytes, panels, depth * width, panel, at + step * width);
      }
      return;
    }
    int over = Math.ceilDiv(width, F64.length()) * F64.length() - width;
    int whole = wholeSteps(source, offset + ((long) panels * width + over) * 8, stepBytes, width, over, depth);
    for (int step = 0; step < whole; step++) {
      copyWhole(source, offset + step * stepBytes, panels, width, depth * width, panel, at + step * width);
    }
    for (int step = whole; step < depth; step++) {
      long from = offset + step * stepBytes;
      int to = at + step * width;
      for (int p = 0; p < panels; p++) {
        for (int lane = 0; lane < width; lane += 2) {
          DoubleVector.fromMemorySegment(F64_PAIR, source, from + lane * 8L, ORDER).intoArray(panel, to
              + lane);
        }
        from += width * 8L;
        to += width * depth;
      }
    }
  }

  private static void copyWhole(
      MemorySegment memory, long offset, int panels, int width, int distance, double[] panel, int at) {
    MemorySegment source = OffHeap.NATIVE.cast(memory);
    for (int p = 0; p < panels; p++) {
      for (int lane = 0; lane < width; lane += F64.length()) {
        DoubleVector.fromMemorySegment(F64, source, offset + (p * width + lane) * 8L, ORDER).intoArray(panel, at + p * distance + lane);
      }
    }
  }

  private static void copyPairs(
      MemorySegment memory, long offset, int panels, int distance, double[] panel, int at) {
    MemorySegment source = OffHeap.NATIVE.cast(memory);
    long from = offset;
    int to = at;
    for (int p = 0; p < panels; p++) {
      DoubleVector v0 = DoubleVector.fromMemorySegment(F64, source, from, ORDER);
      DoubleVector v1 = DoubleVector.fromMemorySegment(F64, source, from + F64.vectorByteSize(), ORDER);
      v0.intoArray(panel, to);
      v1.intoArray(panel, to + F64.length());
      from += 2L * F64.vectorByteSize();
      to += distance;
    }
  }

  /**
   * Packs lanes whose steps are adjacent, panel by panel in groups of 16 (F32) or 8 (F64) lanes, the last
   * group first. A group stores whole vectors; what exceeds its lanes falls on the next step or panel and is
   * overwritten by them.
   */
  private void packAdjacentSteps(
      DType storage, MemorySegment source, long offset, long laneBytes, int lanes, int width, int depth,
          Object panel,
      int at) {
    int group = 64 / storage.byteSize();
    for (int lane = 0; lane < lanes; lane += width) {
      int wanted = Math.min(width, lanes - lane);
      int to = at + lane * depth;
      int steps = 0;
      for (int g = (wanted - 1) / group * group; g >= 0; g -= group) {
        long from = offset + (lane + g) * laneBytes;
        int count = Math.min(group, wanted - g);
        steps =
            storage == DType.F32
                ? PanelTranspose.f32(source, from, laneBytes, count, width, depth, (float[]) panel, to + g)
                : PanelTranspose.f64(source, from, laneBytes, count, width, depth, (double[]) panel, to + g);
      }
      if (steps < depth) {
        packOne(
            storage, source, offset + lane * laneBytes + (long) steps * storage.byteSize(), laneBytes,
            storage.byteSize(), wanted, width, depth - steps, panel, to + steps * width);
      }
    }
  }
}
