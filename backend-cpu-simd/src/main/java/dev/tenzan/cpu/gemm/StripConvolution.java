package dev.tenzan.cpu.gemm;

import dev.tenzan.cpu.CpuPool;
import dev.tenzan.kernel.ConvolutionKernel;
import dev.tenzan.kernel.MatMulKernel;
import dev.tenzan.type.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * An f32 {@link ConvolutionKernel} whose input is read where it lies. The input is copied once, with its padding; then {@link StripKernel}
 * reads neighbouring places at a distance for each step along k, so the unrolled input, which is larger by the size of the window, is
 * neither made nor packed. The weights are packed once for all images.
 *
 * <p>Places between the rows of the output are computed along and dropped.
 */
final class StripConvolution implements MatrixProgram {
  private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT;
  private static final int K_BLOCK = MatMulKernel.K_BLOCK;
  private static final int LANE = PanelLayout.LANE_MAJOR.laneStep();

  /** Fewer output channels leave most of a tile unused. */
  private static final long MIN_CHANNELS = 4;

  /** Fewer places leave most of a strip unused. */
  private static final long MIN_PLACES = 24;

  /** The elements of the padded inputs that are worked on together. */
  private static final long INPUTS = 8 << 20;

  /** The accumulators of a task: they should stay in the second cache beside a block of weights. */
  private static final int ACCUMULATORS = 48 << 10;

  /** From so many weights of a group on they should be read rarely. */
  private static final long WEIGHTS = 64 << 10;

  private static final int SLACK = 128;

  private final ConvolutionKernel k;
  private final CpuPool pool;
  private final Strips strips;
  private final PaddedPlanes planes;
  private final int rows;
  private final int columns;

  /** For each step along k the place of its value, from that of the output; for each step the element offset of its weight. */
  private final int[] places;

  private final int[] weights;
  private final boolean denseWeights;
  private final int channels;
  private final int outputs;
  private final int steps;
  private final int blocks;
  private final int images;
  private final int span;

  /** Whether the places of a channel are its outputs, with none between: then tiles go straight to the output. */
  private final boolean direct;

  private final Results results;

  /** Memory of one thread, for its work and for what it lets others work on. */
  private static final class Buffers {
    private float[] weights = {};
    private float[] inputs = {};
    private float[] accumulators = {};
    private float[] tile = {};
  }

  private static final ThreadLocal<Buffers> BUFFERS = ThreadLocal.withInitial(Buffers::new);

  private StripConvolution(ConvolutionKernel kernel, PaddedPlanes planes, CpuPool pool, Strips strips, Results results) {
    this.k = kernel;
    this.pool = pool;
    this.strips = strips;
    this.planes = planes;
    this.rows = strips.full().rows();
    this.columns = strips.full().columns();
    this.channels = (int) (kernel.inChannels() / kernel.groups());
    this.outputs = (int) (kernel.outChannels() / kernel.groups());
    int window = (int) kernel.window().size();
    this.steps = channels * window;
    this.blocks = Math.ceilDiv(steps, K_BLOCK);
    this.span = (int) planes.span();
    this.direct = span == kernel.outSpatial().size();
    this.results = results;
    long image = kernel.inChannels() * planes.size();
    this.images = (int) Math.clamp(INPUTS / image, 1, kernel.batch());
    this.places = new int[steps];
    this.weights = new int[steps];
    long[] position = new long[kernel.window().rank()];
    boolean dense = true;
    for (int s = 0; s < steps; s++) {
      int channel = s / window;
      ConvolutionGeometry.split(s % window, kernel.window().dims(), position);
      places[s] = (int) (channel * planes.size() + planes.place(position));
      long weight = channel * kernel.w().stride(1);
      for (int d = 0; d < position.length; d++) {
        weight += position[d] * kernel.w().stride(2 + d);
      }
      weights[s] = Math.toIntExact(weight);
      dense &= weight == s;
    }
    this.denseWeights = dense;
  }

  /** The program of a convolution, or null where its unrolled input is to be packed. */
  static @Nullable StripConvolution of(ConvolutionKernel k, CpuPool pool, @Nullable Strips strips, KernelSet kernels) {
    boolean possible =
        k.dtype() == DType.F32
            && k.window().size() > 1 // otherwise the unrolled input is no larger than the input, and panels are read faster
            && k.batch() > 0
            && k.inChannels() >= k.groups()
            && k.outChannels() >= MIN_CHANNELS * k.groups();
    int most = Integer.MAX_VALUE / 4;
    if (strips == null || !possible || !PaddedPlanes.suit(k, most)) {
      return null;
    }
    PaddedPlanes planes = new PaddedPlanes(k);
    boolean fits =
        k.inChannels() * planes.size() < most
            && k.inChannels() / k.groups() * k.window().size() < most
            && k.outChannels() * Math.ceilDiv(k.inChannels() / k.groups() * k.window().size(), (long) K_BLOCK) * LANE < most;
    boolean full = planes.span() >= MIN_PLACES && 2 * k.outSpatial().size() >= planes.span();
    return fits && full ? new StripConvolution(k, planes, pool, strips, kernels.tiles(DType.F32).results()) : null;
  }

  /** Whether the kernels are compiled. */
  boolean isReady() {
    return strips.areReady();
  }

  @Override
  public void run(MemorySegment x, MemorySegment w, MemorySegment out) {
    Buffers own = BUFFERS.get();
    int packed = Math.toIntExact(k.outChannels() * blocks * LANE) + (rows + 1) * LANE;
    if (own.weights.length < packed) {
      own.weights = new float[packed];
    }
    int size = Math.toIntExact(images * k.inChannels() * planes.size()) + SLACK;
    if (own.inputs.length < size) {
      own.inputs = new float[size];
    }
    float[] a = own.weights;
    float[] inputs = own.inputs;
    int all = Math.toIntExact(k.outChannels());
    int pieces = Math.min(all, 4 * pool.threads());
    pool.parallelFor(pieces, p -> pack(w, a, (int) ((long) all * p / pieces), (int) ((long) all * (p + 1) / pieces)));
    for (long first = 0; first < k.batch(); first += images) {
      convolve(x, first, (int) Math.min(images, k.batch() - first), a, inputs, out);
    }
  }

  /** Packs the weights of output channels: for each block of k and channel of the group its steps. */
  private void pack(MemorySegment w, float[] a, int from, int to) {
    for (int o = from; o < to; o++) {
      long lane = k.w().offset() + o * k.w().stride(0);
      for (int block = 0; block < blocks; block++) {
        int at = weightsAt(o / outputs, block, o % outputs);
        int first = block * K_BLOCK;
        int depth = Math.min(K_BLOCK, steps - first);
        if (denseWeights) {
          MemorySegment.copy(w, F32, (lane + first) * Float.BYTES, a, at, depth);
        } else {
          for (int s = 0; s < depth; s++) {
            a[at + s] = w.get(F32, (lane + weights[first + s]) * Float.BYTES);
          }
        }
      }
    }
  }

  private int weightsAt(int group, int block, int output) {
    return ((group * blocks + block) * outputs + output) * LANE;
  }

  private void convolve(MemorySegment x, long first, int count, float[] a, float[] inputs, MemorySegment out) {
    int planesToFill = Math.toIntExact(count * k.inChannels());
    int fills = Math.min(planesToFill, 4 * pool.threads());
    MemorySegment padded = MemorySegment.ofArray(inputs);
    pool.parallelFor(
        fills,
        f -> {
          PlaneFiller filler = new PlaneFiller(planes, strips.planes());
          for (long p = (long) planesToFill * f / fills; p < (long) planesToFill * (f + 1) / fills; p++) {
            long image = first + p / k.inChannels();
            long from = k.x().offset() + image * k.x().stride(0) + p % k.inChannels() * k.x().stride(1);
            filler.fill(x, from, padded, p * planes.size());
          }
        });
    int panels = Math.ceilDiv(span, columns);
    int tiles = Math.ceilDiv(outputs, rows);
    // Accumulators of a task should stay in the second cache; tiles that go straight to the output need none.
    int least = direct ? 1 : Math.clamp(Math.ceilDiv((long) panels * columns * outputs, ACCUMULATORS), 1, panels);
    int cuts = Math.ceilDiv(4 * pool.threads(), count * (int) k.groups() * least);
    // Each task reads all weights of its output channels; where these fill the second cache, tasks share them out rather than the places.
    int down = (long) outputs * steps > WEIGHTS ? Math.min(tiles, cuts) : 1;
    int across = Math.min(panels, least * Math.ceilDiv(cuts, down));
    int perImage = (int) k.groups() * across * down;
    pool.parallelFor(
        count * perImage,
        t -> {
          int image = t / perImage;
          int rest = t % perImage;
          int group = rest / (across * down);
          int m = rest / across % down;
          int q = rest % across;
          int firstOutput = (int) ((long) tiles * m / down) * rows;
          int endOutput = Math.min(outputs, (int) ((long) tiles * (m + 1) / down) * rows);
          int firstPlace = (int) ((long) panels * q / across) * columns;
          int endPlace = (int) ((long) panels * (q + 1) / across) * columns;
          long plane = (image * k.inChannels() + (long) group * channels) * planes.size();
          task(a, inputs, (int) plane, group, firstOutput, endOutput, firstPlace, endPlace, out, first + image);
        });
  }

  /** Computes some output channels of a group at some places of one image. */
  private void task(
      float[] a, float[] x, int plane, int group, int firstOutput, int endOutput, int firstPlace, int endPlace, MemorySegment out, long image) {
    Buffers own = BUFFERS.get();
    int length = endPlace - firstPlace;
    int size = direct ? 0 : (endOutput - firstOutput) * length;
    if (own.accumulators.length < size) {
      own.accumulators = new float[size];
    }
    if (own.tile.length < rows * columns) {
      own.tile = new float[rows * columns];
    }
    float[] accumulators = own.accumulators;
    float[] tile = own.tile;
    for (int block = 0; block < blocks; block++) {
      int first = block * K_BLOCK;
      int depth = Math.min(K_BLOCK, steps - first);
      for (int place = firstPlace; place < endPlace; place += columns) {
        for (int o = firstOutput; o < endOutput; ) {
          int left = endOutput - o;
          StripKernel kernel = left > rows - strips.edge().rows() ? strips.full() : strips.edge();
          kernel.run(depth, a, weightsAt(group, block, o), x, plane + place, places, first, tile);
          int height = Math.min(left, kernel.rows());
          if (direct) {
            long to = ((image * k.outChannels() + (long) group * outputs + o) * span + place) * Float.BYTES;
            results.move(tile, columns, height, Math.min(columns, span - place), out, to, (long) span * Float.BYTES, block > 0);
          } else {
            strips.planes().move(tile, height, accumulators, (o - firstOutput) * length + place - firstPlace, length, block > 0);
          }
          o += kernel.rows();
        }
      }
    }
    if (!direct) {
      long channel = image * k.outChannels() + (long) group * outputs;
      store(accumulators, firstOutput, endOutput, firstPlace, endPlace, out, channel);
    }
  }

  /** Copies the outputs among a task's places; {@code channel} is the output channel that output 0 of the group is. */
  private void store(
      float[] accumulators, int firstOutput, int endOutput, int firstPlace, int endPlace, MemorySegment out, long channel) {
    int row = (int) k.outSpatial().dim(k.outSpatial().rank() - 1);
    int[] starts = planes.rowPlaces();
    int found = Arrays.binarySearch(starts, firstPlace);
    int firstRow = found < 0 ? -found - 2 : found; // the last one that begins no later
    for (int o = firstOutput; o < endOutput; o++) {
      long to = (channel + o) * k.outSpatial().size();
      int at = (o - firstOutput) * (endPlace - firstPlace) - firstPlace; // the index of place 0
      for (int r = firstRow; r < starts.length && starts[r] < endPlace; r++) {
        int low = Math.max(starts[r], firstPlace);
        int count = Math.min(starts[r] + row, endPlace) - low;
        if (count > 0) {
          MemorySegment.copy(accumulators, at + low, out, F32, (to + (long) r * row + low - starts[r]) * Float.BYTES, count);
        }
      }
    }
  }
}
