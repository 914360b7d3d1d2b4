package dev.tenzan.cuda.plan;

import dev.tenzan.kernel.ConvolutionKernel;
import dev.tenzan.type.Affine;
import dev.tenzan.type.Shape;
import java.util.ArrayList;
import java.util.List;

/** What kernels are told of a convolution: extents, of which there are always three axes, and tables of window positions. */
final class Windows {
  /** The most axes; those that a convolution lacks come first. */
  private static final int AXES = 3;

  /** What fits an int with room for a sum. */
  static final long FAR = 1L << 30;

  final ConvolutionKernel kernel;

  /** The channels of a group. */
  final long channels;

  /** The output channels of a group. */
  final long rows;

  /** The positions of an output. */
  final long positions;

  /** The products of an output. */
  final long products;

  private final List<Long> window;
  private final List<Long> windowDilation;
  private final List<Long> inputDilation;
  private final List<Long> inputStrides;
  private final List<Long> weightStrides;

  Windows(ConvolutionKernel kernel) {
    this.kernel = kernel;
    channels = kernel.inChannels() / kernel.groups();
    rows = kernel.outChannels() / kernel.groups();
    positions = kernel.outSpatial().size();
    products = channels * kernel.window().size();
    window = three(kernel.window(), 1);
    windowDilation = three(kernel.windowDilation(), 1);
    inputDilation = three(kernel.inputDilation(), 1);
    inputStrides = strides(kernel.x());
    weightStrides = strides(kernel.w());
  }

  /** Whether coordinates, positions, products and strides of the input are ints: what all kernels but one take for granted. */
  boolean isNear() {
    boolean near = Math.max(kernel.batch() * positions, Math.max(kernel.outChannels(), products)) < FAR;
    for (int d = 0; d < kernel.spatial().rank(); d++) {
      long begin = kernel.outSpatial().dim(d) * kernel.stride().get(d) + Math.abs(kernel.padLow().get(d));
      long reach = kernel.window().dim(d) * kernel.windowDilation().get(d);
      long stride = Math.abs(kernel.x().stride(2 + d));
      near &= Math.max(Math.max(begin, stride), Math.max(reach, kernel.spatial().dim(d))) < FAR && kernel.inputDilation().get(d) < FAR;
    }
    return near;
  }

  /** Whether the spatial axes of an operand, behind its first two, lie as one line of neighbours. */
  static boolean isLine(Affine address, Shape spatial) {
    long expected = 1;
    for (int d = spatial.rank() - 1; d >= 0; d--) {
      if (spatial.dim(d) > 1 && address.stride(2 + d) != expected) {
        return false;
      }
      expected *= spatial.dim(d);
    }
    return true;
  }

  /** Whether a window has a bit of a mask for each position. */
  boolean isMaskable() {
    return kernel.window().size() <= Long.SIZE && products > 0;
  }

  /** The numbers from {@code x_offset} to {@code pad_x}: the input, and how windows go over it. */
  List<Long> input() {
    Affine x = kernel.x();
    List<Long> all = new ArrayList<>(List.of(x.offset(), x.stride(0), channels * x.stride(1)));
    all.addAll(inputStrides);
    all.addAll(spatial());
    all.addAll(three(kernel.outSpatial(), 1).subList(1, AXES));
    all.addAll(three(kernel.stride(), 1));
    all.addAll(three(kernel.padLow(), 0));
    return all;
  }

  /** The numbers {@code id_z}, {@code id_y}, {@code id_x}. */
  List<Long> inputDilation() {
    return inputDilation;
  }

  /** The numbers {@code wd_z}, {@code wd_y}, {@code wd_x}. */
  List<Long> windowDilation() {
    return windowDilation;
  }

  /** The numbers {@code w_z}, {@code w_y}, {@code w_x}. */
  List<Long> window() {
    return window;
  }

  /** The numbers {@code e_z}, {@code e_y}, {@code e_x}. */
  List<Long> spatial() {
    return three(kernel.spatial(), 1);
  }

  /** The output's extent along an axis of three. */
  long outputs(int axis) {
    return three(kernel.outSpatial(), 1).get(axis);
  }

  /** The numbers {@code ws_z}, {@code ws_y}, {@code ws_x}. */
  List<Long> weightStrides() {
    return weightStrides;
  }

  /** The elements from one element to the next along three axes, of the input or the weights. */
  private static List<Long> strides(Affine address) {
    List<Long> all = new ArrayList<>();
    for (int d = 2; d < address.rank(); d++) {
      all.add(address.stride(d));
    }
    return three(all, 0);
  }

  private static List<Long> three(Shape shape, long neutral) {
    List<Long> all = new ArrayList<>();
    for (long d : shape.dims()) {
      all.add(d);
    }
    return three(all, neutral);
  }

  /** The numbers of an axis each, with neutral ones for those that are lacking. */
  static List<Long> three(List<Long> values, long neutral) {
    List<Long> all = new ArrayList<>(values);
    while (all.size() < AXES) {
      all.addFirst(neutral);
    }
    return all;
  }

  /** For the positions of a window along three axes, one after the other: the two numbers of {@code Tap} in {@code window.cuh}. */
  long[] taps() {
    long[] table = new long[Math.toIntExact(2 * window.stream().mapToLong(Long::longValue).sum())];
    int at = 0;
    for (int axis = 0; axis < AXES; axis++) {
      for (long t = 0; t < window.get(axis); t++) {
        table[at++] = elements(axis, t);
        table[at++] = elements(axis, t) * inputDilation.get(axis) - t * windowDilation.get(axis);
      }
    }
    return table;
  }

  /** How many elements behind the one before the window's start a position lies, where it lies on one. */
  private long elements(int axis, long t) {
    return Math.ceilDiv(t * windowDilation.get(axis), inputDilation.get(axis));
  }

  /** What a table has of one product, from its channel and its window position. */
  interface Entry {
    /**
     * Writes the numbers.
     *
     * @param position the number of the window position
     * @param index the window position along three axes
     */
    void put(long[] table, int at, long channel, int position, long[] index);
  }

  private long[] table(int width, Entry entry) {
    int size = Math.toIntExact(kernel.window().size());
    long[] table = new long[Math.toIntExact(channels * size * width)];
    int at = 0;
    for (long c = 0; c < channels; c++) {
      long[] index = new long[AXES];
      for (int t = 0; t < size; t++) {
        entry.put(table, at, c, t, index);
        at += width;
        for (int d = AXES - 1; d >= 0 && ++index[d] == window.get(d); d--) {
          index[d] = 0;
        }
      }
    }
    return table;
  }

  /**
   * For each product: the address of its weight behind the output channel's first, the address of the channel behind the group's first, and
   * the window position's distance from the window's start along three axes.
   */
  long[] distances() {
    return table(2 + AXES, (table, at, c, _, index) -> {
      table[at] = weight(c, index);
      table[at + 1] = c * kernel.x().stride(1);
      for (int d = 0; d < AXES; d++) {
        table[at + 2 + d] = index[d] * windowDilation.get(d);
      }
    });
  }

  /** For each product: what it adds to an element's address, and the bit of its window position. */
  long[] steps() {
    return table(2, this::putStep);
  }

  /** For each product: the address of its weight behind the output channel's first, and its step. */
  long[] weighedSteps() {
    return table(3, (table, at, c, t, index) -> {
      table[at] = weight(c, index);
      putStep(table, at + 1, c, t, index);
    });
  }

  private void putStep(long[] table, int at, long channel, int t, long[] index) {
    table[at] = channel * kernel.x().stride(1);
    for (int d = 0; d < AXES; d++) {
      table[at] += elements(d, index[d]) * inputStrides.get(d);
    }
    table[at + 1] = 1L << t;
  }

  private long weight(long channel, long[] index) {
    long address = channel * kernel.w().stride(1);
    for (int d = 0; d < AXES; d++) {
      address += index[d] * weightStrides.get(d);
    }
    return address;
  }

  /** The box of the input's elements: batch, channel, spatial axes. */
  Shape inputBox() {
    return Shape.of(kernel.batch(), kernel.inChannels()).concat(kernel.spatial());
  }

  /** The box of the weights: output channel, channel of the group, window axes. */
  Shape weightBox() {
    return Shape.of(kernel.outChannels(), channels).concat(kernel.window());
  }
}
