package dev.tenzan.cpu.gemm;

import dev.tenzan.cpu.CpuPool;
import dev.tenzan.kernel.ConvolutionKernel;
import dev.tenzan.kernel.MatMulKernel;
import dev.tenzan.type.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * An f32 {@link ConvolutionKernel} whose input is read where it lies. The input is copied once, with its padding; then {@link StripKernel}
 * reads neighbouring places at a distance for each step along k, so the unrolled input, which is larger by the size of the window, is
 * neither made nor packed. Few weights are packed once for all images; of many, each task packs those of its few output channels where it uses
 * them for several images, and they stay in the second cache.
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

  /** The inputs of a task that packs weights: these should stay in the second cache. */
  private static final long TASK_INPUTS = 160 << 10;

  /** For fewer of several images it does not pay to pack weights again. */
  private static final int MIN_USES = 4;

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

  /** The images of a task that packs its weights; 0 where all weights are packed before. */
  private final int imagesPerPacking;

  /** Whether the places of a channel are its outputs, with none between: then tiles go straight to the output. */
  private final boolean direct;

  private final Supplier<KernelSet> kernels;

  /** Memory of one thread, for its work and for what it lets others work on. */
  private static final class Buffers {
    private final FloatArray weights = new FloatArray();
    private final FloatArray tileWeights = new FloatArray();
    private final FloatArray inputs = new FloatArray();
    private final FloatArray accumulators = new FloatArray();
    private final FloatArray tile = new FloatArray();
  }

  private static final ThreadLocal<Buffers> BUFFERS = ThreadLocal.withInitial(Buffers::new);

  private StripConvolution(ConvolutionKernel kernel, PaddedPlanes planes, CpuPool pool, Strips strips, Supplier<KernelSet> kernels) {
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
    this.kernels = kernels;
    long image = kernel.inChannels() * planes.size();
    this.images = (int) Math.clamp(INPUTS / image, 1, kernel.batch());
    long input = channels * planes.size();
    int together = (int) Math.min(TASK_INPUTS / input, images);
    boolean often = together >= Math.min(images, MIN_USES);
    boolean many = (long) outputs * steps > WEIGHTS;
    boolean tasks = often && many && kernel.groups() * Math.ceilDiv(outputs, rows) * Math.ceilDiv(images, together) >= 8L * pool.threads();
    this.imagesPerPacking = tasks ? together : 0;
    this.places = planes.stepPlaces(channels);
    this.weights = new int[steps];
    BatchOffsets offsets = WeightSteps.of(kernel).offsets();
    boolean dense = true;
    for (int s = 0; s < steps; s++) {
      weights[s] = Math.toIntExact(offsets.at(s));
      dense &= weights[s] == s;
    }
    this.denseWeights = dense;
  }

  /**
   * The program of a convolution, or null where its unrolled input is to be packed.
   *
   * @param kernels gives what moves tiles now
   */
  static @Nullable StripConvolution of(ConvolutionKernel k, CpuPool pool, @Nullable Strips strips, Supplier<KernelSet> kernels) {
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
    return fits && full ? new StripConvolution(k, planes, pool, strips, kernels) : null;
  }

  /** How much of what its tiles compute is used. */
  double used() {
    double pixels = (double) k.outSpatial().size() / (Math.ceilDiv(span, columns) * columns);
    int edge = strips.edge().rows();
    return pixels * outputs / (Math.ceilDiv(outputs, edge) * edge);
  }

  /** Whether the kernels are compiled, or need not be. */
  boolean isReady() {
    return strips.tilesAreReady();
  }

  @Override
  public void run(MemorySegment x, MemorySegment w, MemorySegment out) {
    Buffers own = BUFFERS.get();
    Weights all = imagesPerPacking > 0 ? null : packAll(w, own);
    int size = Math.toIntExact(images * k.inChannels() * planes.size()) + SLACK;
    float[] inputs = own.inputs.atLeast(size);
    for (long first = 0; first < k.batch(); first += images) {
      int count = (int) Math.min(images, k.batch() - first);
      PlaneFiller.fillAll(planes, strips.planes(), pool, x, first, count, inputs);
      if (all == null) {
        convolveByTiles(w, first, count, inputs, out);
      } else {
        convolve(first, count, all, inputs, out);
      }
    }
  }

  /**
   * Packed weights of some output channels of each group: for each block of k and channel its steps.
   *
   * @param outputs the channels of a group
   * @param first the number of the first one in its group
   */
  private record Weights(float[] packed, int blocks, int outputs, int first) {
    static int size(int outputs, int blocks, int rows) {
      return (outputs * blocks + rows + 1) * LANE;
    }

    int at(int group, int block, int output) {
      return ((group * blocks + block) * outputs + output - first) * LANE;
    }
  }

  private Weights packAll(MemorySegment w, Buffers own) {
    int all = Math.toIntExact(k.outChannels());
    Weights a = new Weights(own.weights.atLeast(Weights.size(all, blocks, rows)), blocks, outputs, 0);
    int pieces = Math.min(all, 4 * pool.threads());
    pool.parallelFor(
        pieces,
        p -> {
          for (int o = (int) ((long) all * p / pieces); o < (int) ((long) all * (p + 1) / pieces); o++) {
            pack(w, o, a, o / outputs, o % outputs);
          }
        });
    return a;
  }

  /** Packs the weights of an output channel as those of one of a group. */
  private void pack(MemorySegment w, int channel, Weights to, int group, int output) {
    float[] a = to.packed;
    long lane = k.w().offset() + channel * k.w().stride(0);
    for (int block = 0; block < blocks; block++) {
      int at = to.at(group, block, output);
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

  /** In how many pieces to compute the places, for so many output channels: the accumulators of one should stay in the second cache. */
  private int leastPieces(int channels) {
    int panels = Math.ceilDiv(span, columns);
    return direct ? 1 : Math.clamp(Math.ceilDiv((long) panels * columns * channels, ACCUMULATORS), 1, panels);
  }

  /** The first place of a piece. */
  private int firstPlace(int piece, int pieces) {
    return (int) ((long) Math.ceilDiv(span, columns) * piece / pieces) * columns;
  }

  /** Packs the weights of one row of tiles at a time, for as many images as stay in the cache. */
  private void convolveByTiles(MemorySegment w, long first, int count, float[] inputs, MemorySegment out) {
    int tiles = Math.ceilDiv(outputs, rows);
    int perPart = (int) k.groups() * tiles;
    int parts = Math.ceilDiv(count, imagesPerPacking);
    int pieces = leastPieces(rows);
    pool.parallelFor(
        parts * perPart,
        t -> {
          int firstImage = t / perPart * imagesPerPacking;
          int endImage = Math.min(count, firstImage + imagesPerPacking);
          int group = t % perPart / tiles;
          int firstOutput = t % tiles * rows;
          int endOutput = Math.min(outputs, firstOutput + rows);
          Weights a = new Weights(BUFFERS.get().tileWeights.atLeast(Weights.size(rows, blocks, rows)), blocks, rows, firstOutput);
          for (int o = firstOutput; o < endOutput; o++) {
            pack(w, group * outputs + o, a, 0, o);
          }
          for (int image = firstImage; image < endImage; image++) {
            long plane = (image * k.inChannels() + (long) group * channels) * planes.size();
            for (int q = 0; q < pieces; q++) {
              int firstPlace = firstPlace(q, pieces);
              int endPlace = firstPlace(q + 1, pieces);
              task(a, 0, inputs, (int) plane, group, firstOutput, endOutput, firstPlace, endPlace, out, first + image);
            }
          }
        });
  }

  private void convolve(long first, int count, Weights a, float[] inputs, MemorySegment out) {
    int panels = Math.ceilDiv(span, columns);
    int tiles = Math.ceilDiv(outputs, rows);
    int least = leastPieces(outputs);
    int cuts = Math.ceilDiv(8 * pool.threads(), count * (int) k.groups() * least);
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
          int firstPlace = firstPlace(q, across);
          int endPlace = firstPlace(q + 1, across);
          long plane = (image * k.inChannels() + (long) group * channels) * planes.size();
          task(a, group, inputs, (int) plane, group, firstOutput, endOutput, firstPlace, endPlace, out, first + image);
        });
  }

  /** Computes some output channels of a group at some places of one image; {@code packed} is the group's number among the weights. */
  private void task(
      Weights a,
      int packed,
      float[] x,
      int plane,
      int group,
      int firstOutput,
      int endOutput,
      int firstPlace,
      int endPlace,
      MemorySegment out,
      long image) {
    Buffers own = BUFFERS.get();
    Results results = kernels.get().tiles(DType.F32).results();
    int length = endPlace - firstPlace;
    int size = direct ? 0 : (endOutput - firstOutput) * length;
    float[] accumulators = own.accumulators.atLeast(size);
    float[] tile = own.tile.atLeast(rows * columns);
    for (int block = 0; block < blocks; block++) {
      int first = block * K_BLOCK;
      int depth = Math.min(K_BLOCK, steps - first);
      for (int place = firstPlace; place < endPlace; place += columns) {
        for (int o = firstOutput; o < endOutput; ) {
          int left = endOutput - o;
          StripKernel kernel = left > rows - strips.edge().rows() ? strips.full() : strips.edge();
          kernel.run(depth, a.packed, a.at(packed, block, o), x, plane + place, places, first, tile);
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
