package dev.tenzan.cpu.gemm;

import dev.tenzan.kernel.ConvolutionKernel;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Where the channels of a convolution's input lie while its outputs are computed: with their padding around them, cut to what the windows
 * see, and sorted by the remainders of their coordinates modulo the strides ("phases"). So what neighbouring outputs see at one position of
 * the window are neighbours in memory, and so far from each other as the outputs' places are, whatever the position.
 *
 * <p>Where the last dimension has no stride, the zeros at the end of a row are those at the start of the next one, as far as they go.
 * Remainders that no window sees are left out.
 *
 * <p>For inputs without dilation, of f32 or f64. {@link PlaneFiller} writes the planes.
 */
public final class PaddedPlanes {
  private final ConvolutionKernel k;
  private final int rank;
  private final long[] stride;

  /** For each dimension and remainder modulo the stride its number among those that windows see, or -1. */
  private final int[][] phase;

  /** For each dimension how many remainders windows see. */
  private final long[] phases;

  /** For each dimension the distance of the places of neighbouring outputs. */
  private final long[] steps;

  private final long phaseSize;
  private final long size;
  private final Run[] runs;
  private final boolean splits;
  private final int[] copies;
  private final int[] strided;
  private final int[] rowPlaces;

  /**
   * Elements that are copied to a plane.
   *
   * @param from the first element in the channel, were its elements one after another
   * @param to the first element's place in the plane
   * @param count how many; they are a stride apart in the channel
   */
  record Run(int from, int to, int count) {}

  /** The planes of a convolution whose outputs are not empty, and whose planes {@linkplain #suit are small}. */
  public PaddedPlanes(ConvolutionKernel kernel) {
    k = kernel;
    rank = kernel.spatial().rank();
    stride = kernel.stride().stream().mapToLong(Long::longValue).toArray();
    phase = new int[rank][];
    phases = new long[rank];
    steps = new long[rank];
    for (int d = 0; d < rank; d++) {
      phase[d] = phases(kernel, d);
      phases[d] = Arrays.stream(phase[d]).filter(p -> p >= 0).count();
    }
    int last = rank - 1;
    long behind = seen(kernel, last) - kernel.padLow().get(last) - kernel.spatial().dim(last);
    long shared = stride[last] == 1 && rank > 1 ? Math.max(0, Math.min(behind, kernel.padLow().get(last))) : 0;
    long next = 1;
    long all = 1;
    for (int d = last; d >= 0; d--) {
      steps[d] = next;
      long extent = d == last ? seen(kernel, d) - shared : seen(kernel, d);
      next = Math.multiplyExact(next, Math.ceilDiv(extent, stride[d]));
      all = Math.multiplyExact(all, phases[d]);
    }
    phaseSize = next;
    size = Math.addExact(Math.multiplyExact(next, all), shared);
    List<Run> found = new ArrayList<>();
    find(found, 0, 0, 0, 0);
    runs = found.toArray(Run[]::new);
    splits = stride[last] == 2 && kernel.spatial().dim(last) % 2 == 0;
    copies = new int[3 * runs.length];
    strided = new int[3 * runs.length];
    int half = (int) (kernel.spatial().size() / 2);
    for (int r = 0; r < runs.length; r++) {
      strided[3 * r] = runs[r].from();
      strided[3 * r + 1] = runs[r].to();
      strided[3 * r + 2] = runs[r].count();
      int from = runs[r].from();
      copies[3 * r] = splits ? from % 2 * half + from / 2 : from;
      copies[3 * r + 1] = runs[r].to();
      copies[3 * r + 2] = runs[r].count();
    }
    rowPlaces = findRowPlaces();
  }

  /** The coordinates of a dimension that windows see, padding included. */
  static long seen(ConvolutionKernel k, int d) {
    return (k.outSpatial().dim(d) - 1) * k.stride().get(d) + (k.window().dim(d) - 1) * k.windowDilation().get(d) + 1;
  }

  private static int[] phases(ConvolutionKernel k, int d) {
    long stride = k.stride().get(d);
    int[] numbers = new int[Math.toIntExact(Math.min(stride, seen(k, d)))];
    Arrays.fill(numbers, -1);
    for (long w = 0; w < k.window().dim(d); w++) {
      numbers[Math.toIntExact(w * k.windowDilation().get(d) % stride)] = 0;
    }
    int count = 0;
    for (int r = 0; r < numbers.length; r++) {
      numbers[r] = numbers[r] < 0 ? -1 : count++;
    }
    return numbers;
  }

  /**
   * Whether a convolution has planes: there is something to compute from an input without dilation, and channels and planes have at most
   * so many elements each; padding between far strides can make planes large.
   *
   * @param most at most 2<sup>30</sup>
   */
  public static boolean suit(ConvolutionKernel k, double most) {
    boolean plain = k.inputDilation().stream().allMatch(d -> d == 1);
    if (!plain || k.spatial().isEmpty() || k.window().isEmpty() || k.outSpatial().isEmpty()) {
      return false;
    }
    double size = 1;
    double channel = 1;
    for (int d = 0; d < k.spatial().rank(); d++) {
      double stride = k.stride().get(d);
      double seen = (k.outSpatial().dim(d) - 1) * stride + (k.window().dim(d) - 1) * (double) k.windowDilation().get(d) + 1;
      size *= (seen / stride + 1) * Math.min(stride, seen);
      channel *= k.spatial().dim(d);
    }
    return Math.max(size, channel) <= most;
  }

  /** The elements of a plane. */
  public long size() {
    return size;
  }

  /** The places from the first output's to the last one's, both included. */
  public long span() {
    long span = 1;
    for (int d = 0; d < rank; d++) {
      span += (k.outSpatial().dim(d) - 1) * steps[d];
    }
    return span;
  }

  /** The place that the first output sees at a position of the window. */
  public long place(long[] window) {
    long at = 0;
    long number = 0;
    for (int d = 0; d < rank; d++) {
      long coordinate = window[d] * k.windowDilation().get(d);
      number = number * phases[d] + phase[d][(int) (coordinate % stride[d])];
      at += coordinate / stride[d] * steps[d];
    }
    return number * phaseSize + at;
  }

  /** For each step along k, those of all window positions for one channel after another, the place that the first output sees. */
  int[] stepPlaces(int channels) {
    int window = Math.toIntExact(k.window().size());
    int[] found = new int[Math.multiplyExact(channels, window)];
    long[] position = new long[rank];
    for (int t = 0; t < window; t++) {
      ConvolutionGeometry.split(t, k.window().dims(), position);
      long place = place(position);
      for (int c = 0; c < channels; c++) {
        found[c * window + t] = Math.toIntExact(c * size + place);
      }
    }
    return found;
  }

  /** The convolution whose input it holds. */
  ConvolutionKernel kernel() {
    return k;
  }

  /** What a plane is made of; all else is zero. */
  Run[] runs() {
    return runs;
  }

  /**
   * Whether the stride of the last dimension is 2 and rows are whole pairs. Then vectors sort the elements of a channel by their remainders in
   * one long loop, because rows are too short for loops of their own.
   */
  boolean areSplit() {
    return splits;
  }

  /** The runs as numbers, from where they lie in a channel. */
  int[] strided() {
    return strided;
  }

  /** The runs as {@link PlaneKernel#copy} wants them, from a channel where it has no stride, and else from its {@linkplain #areSplit halves}. */
  int[] copies() {
    return copies;
  }

  /** Whether planes are the channels themselves, were their elements one after another. */
  boolean areChannels() {
    return runs.length == 1 && runs[0].equals(new Run(0, 0, (int) size)) && stride[rank - 1] == 1 && size == k.spatial().size();
  }

  private void find(List<Run> found, long from, long at, long number, int d) {
    long pad = k.padLow().get(d);
    long low = Math.max(0, pad);
    long high = Math.min(seen(k, d), k.spatial().dim(d) + pad);
    long s = stride[d];
    if (d < rank - 1) {
      for (long c = low; c < high; c++) {
        int p = phase[d][(int) (c % s)];
        if (p >= 0) {
          find(found, (from + c - pad) * k.spatial().dim(d + 1), at + c / s * steps[d], number * phases[d] + p, d + 1);
        }
      }
      return;
    }
    for (int r = 0; r < phase[d].length; r++) {
      long first = low + Math.floorMod(r - low, s); // the first coordinate of the phase
      if (phase[d][r] >= 0 && first < high) {
        long to = at + (number * phases[d] + phase[d][r]) * phaseSize + first / s;
        append(found, (int) (from + first - pad), (int) to, (int) Math.ceilDiv(high - first, s));
      }
    }
  }

  /** Adds a run, to the last one where it goes on. */
  private void append(List<Run> found, int from, int to, int count) {
    Run before = found.isEmpty() ? new Run(0, 0, 0) : found.getLast();
    boolean goesOn = before.from + before.count * stride[rank - 1] == from && before.to + before.count == to;
    if (before.count > 0 && goesOn) {
      found.set(found.size() - 1, new Run(before.from, before.to, before.count + count));
    } else {
      found.add(new Run(from, to, count));
    }
  }

  /** Where the rows of the output, those of the last dimension, begin among the places: ascending. */
  int[] rowPlaces() {
    return rowPlaces;
  }

  private int[] findRowPlaces() {
    int[] found = new int[Math.toIntExact(k.outSpatial().size() / k.outSpatial().dim(rank - 1))];
    for (int r = 0; r < found.length; r++) {
      long rest = r;
      for (int d = rank - 2; d >= 0; d--) {
        found[r] += (int) (rest % k.outSpatial().dim(d) * steps[d]);
        rest /= k.outSpatial().dim(d);
      }
    }
    return found;
  }

  /** Copies the outputs among the places of a channel, {@link #span} values, to a dense channel of the output. */
  public void copyRows(MemorySegment places, MemorySegment out) {
    int bytes = k.dtype().byteSize();
    long row = k.outSpatial().dim(rank - 1) * bytes;
    for (int r = 0; r < rowPlaces.length; r++) {
      MemorySegment.copy(places, (long) rowPlaces[r] * bytes, out, r * row, row);
    }
  }
}
