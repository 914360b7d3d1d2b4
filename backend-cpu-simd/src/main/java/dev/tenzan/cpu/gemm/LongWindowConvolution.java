package dev.tenzan.cpu.gemm;

import dev.tenzan.cpu.CpuPool;
import dev.tenzan.cpu.OffHeap;
import dev.tenzan.kernel.ConvolutionKernel;
import dev.tenzan.kernel.MatMulKernel;
import dev.tenzan.type.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;

/**
 * An f32 {@link ConvolutionKernel} with few outputs and a long window: the gradient of a convolution's weights, whose window is a whole
 * image, and whose k runs over the images too. Unrolling its input would copy each value for every output that sees it, and there is little
 * else to do. So the input is copied once, with its padding, and {@link LongWindowKernel} reads it where it lies; the weights are turned so
 * that output channels lie side by side.
 *
 * <p>The blocks of k are independent of each other, so threads share them out: each block's results are kept, and added in order.
 */
final class LongWindowConvolution implements MatrixProgram {
  private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT;
  private static final int K_BLOCK = MatMulKernel.K_BLOCK;

  /** Fewer output channels leave most lanes unused. */
  private static final long MIN_CHANNELS = 4;

  /** Fewer steps along k are not worth the copies. */
  private static final long MIN_STEPS = 2 * K_BLOCK;

  /** The elements of a padded channel at most. */
  private static final double MAX_PLANE = 1 << 20;

  /** The elements of the padded inputs that are worked on together. */
  private static final long INPUTS = 8 << 20;

  /** The turned weights, and the results of blocks, that are kept together. */
  static final long KEPT = 2 << 20;

  /** How far packing may write beyond a panel. */
  private static final int SLACK = 16;

  private final ConvolutionKernel k;
  private final CpuPool pool;
  private final Strips strips;
  private final Packing packing;
  private final PaddedPlanes planes;
  private final LongWindowKernel kernel;

  /** For each position of the window where its value lies, from that of the first one. */
  private final int[] window;

  /** For each row, an output place of an input, where its first value lies among the planes of an image; the last one again to fill a tile. */
  private final int[] starts;

  private final WeightSteps weights;

  private final int channels;
  private final int outputs;
  private final int places;
  private final int width;
  private final int panels;
  private final long steps;
  private final long blocks;

  /** The blocks that are worked on together. */
  private final int wave;

  /** The elements of a block's turned weights. */
  private final int panelSize;

  /** The padded images of such blocks. */
  private final int images;

  /** Memory of one thread, for its work and for what it lets others work on. */
  private static final class Buffers {
    private float[] inputs = {};
    private float[] panels = {};
    private float[] results = {};
    private float[] sums = {};
    private float[] turned = {};
    private final int[] steps = new int[K_BLOCK];

    void grow(int inputsSize, int panelsSize, int resultsSize, int sumsSize) {
      inputs = inputs.length < inputsSize ? new float[Integer.highestOneBit(2 * inputsSize - 1)] : inputs;
      panels = panels.length < panelsSize ? new float[panelsSize] : panels;
      results = results.length < resultsSize ? new float[resultsSize] : results;
      sums = sums.length < sumsSize ? new float[sumsSize] : sums;
    }

    float[] turned(int size) {
      turned = turned.length < size ? new float[size] : turned;
      return turned;
    }
  }

  private static final ThreadLocal<Buffers> BUFFERS = ThreadLocal.withInitial(Buffers::new);

  private LongWindowConvolution(ConvolutionKernel kernel, CpuPool pool, Strips strips, Packing packing, long kept) {
    this.k = kernel;
    this.pool = pool;
    this.strips = strips;
    this.packing = packing;
    this.planes = new PaddedPlanes(kernel);
    this.kernel = strips.longWindow();
    this.channels = Math.toIntExact(kernel.inChannels() / kernel.groups());
    this.outputs = Math.toIntExact(kernel.outChannels() / kernel.groups());
    this.places = Math.toIntExact(kernel.outSpatial().size());
    this.window = planes.stepPlaces(1);
    this.starts = rowStarts();
    this.weights = WeightSteps.of(kernel);
    this.panels = Math.ceilDiv(outputs, this.kernel.columns());
    this.width = panels * this.kernel.columns();
    this.panelSize = K_BLOCK * width + SLACK;
    this.steps = (long) channels * window.length;
    this.blocks = Math.ceilDiv(steps, K_BLOCK);
    long perBlock = Math.max((long) starts.length * width, (long) K_BLOCK * width);
    long imageSize = k.batch() * planes.size();
    // Blocks begin and end within images.
    long together = (INPUTS / imageSize - 2) * window.length / K_BLOCK;
    this.wave = (int) Math.clamp(Math.min(kept / perBlock, together), 1, blocks);
    this.images = (int) Math.min(channels, (long) wave * K_BLOCK / window.length + 2);
  }

  private int[] rowStarts() {
    int rows = Math.toIntExact(k.batch() * places);
    int[] found = new int[Math.ceilDiv(rows, kernel.rows()) * kernel.rows()];
    int last = Math.toIntExact(k.outSpatial().dim(k.outSpatial().rank() - 1));
    for (int r = 0; r < found.length; r++) {
      int row = Math.min(r, rows - 1);
      int place = row % places;
      found[r] = Math.toIntExact(row / places * planes.size()) + planes.rowPlaces()[place / last] + place % last;
    }
    return found;
  }

  /**
   * The program of a convolution, or null where it takes another way.
   *
   * @param kept what is kept together at most: {@link #KEPT}
   */
  static @Nullable LongWindowConvolution of(
      ConvolutionKernel k, CpuPool pool, @Nullable Strips strips, Packing packing, long kept) {
    int last = k.spatial().rank() - 1;
    boolean possible =
        strips != null
            && k.dtype() == DType.F32
            && k.batch() > 0
            && k.window().dim(last) > k.outSpatial().dim(last)
            && k.outChannels() >= MIN_CHANNELS * k.groups()
            && k.inChannels() / k.groups() * k.window().size() >= MIN_STEPS
            && PaddedPlanes.suit(k, MAX_PLANE);
    if (!possible || strips == null) {
      return null;
    }
    double images = 2 + K_BLOCK / (double) k.window().size(); // that a block may see
    double inputs = images * k.batch() * new PaddedPlanes(k).size();
    double columns = (double) (k.outChannels() / k.groups()) + strips.longWindow().columns();
    double results = (double) k.batch() * k.outSpatial().size() * columns;
    boolean fits = inputs <= INPUTS && results <= KEPT && K_BLOCK * columns <= KEPT && k.inChannels() < Integer.MAX_VALUE;
    return fits ? new LongWindowConvolution(k, pool, strips, packing, kept) : null;
  }

  /** Whether the kernels are compiled. */
  boolean isReady() {
    return strips.areReady();
  }

  @Override
  public void run(MemorySegment x, MemorySegment w, MemorySegment out) {
    Buffers own = BUFFERS.get();
    int size = starts.length * width;
    int lastWave = (int) ((blocks - 1) % wave) + 1;
    own.grow(
        Math.toIntExact(images * k.batch() * planes.size()), cuts(wave) > 1 || cuts(lastWave) > 1 ? wave * panelSize : 0, wave * size, size);
    for (int group = 0; group < k.groups(); group++) {
      for (long block = 0; block < blocks; block += wave) {
        int count = (int) Math.min(wave, blocks - block);
        prepare(x, w, group, block, count, own);
        multiply(w, group, block, count, own);
        add(block == 0, count, own);
      }
      store(own.sums, group, out);
    }
  }

  /** The image that a block begins in. */
  private long firstImage(long block) {
    return block * K_BLOCK / window.length;
  }

  /** How many tasks share a block. */
  private int cuts(int count) {
    return Math.clamp(Math.ceilDiv(4 * pool.threads(), count), 1, starts.length / kernel.rows());
  }

  /** Makes the padded planes that blocks read, and the turned weights of blocks that tasks share. */
  private void prepare(MemorySegment x, MemorySegment w, int group, long block, int count, Buffers own) {
    long firstImage = firstImage(block);
    long endImage = Math.ceilDiv(Math.min(steps, (block + count) * K_BLOCK), window.length);
    int all = Math.toIntExact((endImage - firstImage) * k.batch());
    int fills = Math.min(all, 4 * pool.threads());
    int turns = cuts(count) > 1 ? count : 0;
    float[] turned = own.panels;
    MemorySegment padded = MemorySegment.ofArray(own.inputs);
    pool.parallelFor(
        fills + turns,
        t -> {
          if (t >= fills) {
            turn(w, group, block + t - fills, turned, (t - fills) * panelSize);
            return;
          }
          PlaneFiller filler = new PlaneFiller(planes, strips.planes());
          for (long p = (long) all * t / fills; p < (long) all * (t + 1) / fills; p++) {
            long channel = (long) group * channels + firstImage + p / k.batch();
            filler.fill(x, k.x().offset() + p % k.batch() * k.x().stride(0) + channel * k.x().stride(1), padded, p * planes.size());
          }
        });
  }

  /** Packs the weights of a block: in each panel those of its output channels for a step together. */
  private void turn(MemorySegment w, int group, long block, float[] turned, int at) {
    long first = block * K_BLOCK;
    int depth = (int) Math.min(K_BLOCK, steps - first);
    int columns = kernel.columns();
    for (int panel = 0; panel < panels; panel++) {
      int lanes = Math.min(columns, outputs - panel * columns);
      weights.pack(packing, w, (long) group * outputs + panel * columns, lanes, columns, first, depth, turned, at + panel * K_BLOCK * columns);
    }
  }

  /** Computes the results of blocks. A block that is one task's has its weights turned by it, and finds them in its first cache. */
  private void multiply(MemorySegment w, int group, long block, int count, Buffers own) {
    float[] inputs = own.inputs;
    float[] shared = own.panels;
    float[] results = own.results;
    long firstImage = firstImage(block);
    int tiles = starts.length / kernel.rows();
    int cuts = cuts(count);
    pool.parallelFor(
        count * cuts,
        t -> {
          int b = t / cuts;
          int from = (int) ((long) tiles * (t % cuts) / cuts);
          int to = (int) ((long) tiles * (t % cuts + 1) / cuts);
          Buffers mine = BUFFERS.get();
          int[] at = mine.steps;
          int depth = findSteps(block + b, firstImage, at);
          float[] turned = cuts > 1 ? shared : mine.turned(panelSize);
          int turnedAt = cuts > 1 ? b * panelSize : 0;
          if (cuts == 1) {
            turn(w, group, block + b, turned, 0);
          }
          for (int panel = 0; panel < panels; panel++) {
            int weightsAt = turnedAt + panel * K_BLOCK * kernel.columns();
            for (int tile = from; tile < to; tile++) {
              int row = tile * kernel.rows();
              int result = (b * starts.length + row) * width + panel * kernel.columns();
              kernel.run(depth, turned, weightsAt, inputs, at, starts, row, results, result, width);
            }
          }
        });
  }

  /** Finds where the values of a block's steps lie; returns their number. */
  private int findSteps(long block, long firstImage, int[] at) {
    long first = block * K_BLOCK;
    int depth = (int) Math.min(K_BLOCK, steps - first);
    int image = (int) (first / window.length - firstImage);
    int position = (int) (first % window.length);
    int imageSize = Math.toIntExact(k.batch() * planes.size());
    for (int s = 0; s < depth; s++) {
      at[s] = image * imageSize + window[position++];
      if (position == window.length) {
        position = 0;
        image++;
      }
    }
    return depth;
  }

  /** Adds the results of blocks in order. */
  private void add(boolean first, int count, Buffers own) {
    float[] results = own.results;
    float[] sums = own.sums;
    int size = starts.length * width;
    int pieces = Math.min(starts.length, 2 * pool.threads());
    pool.parallelFor(
        pieces,
        p -> {
          int from = (int) ((long) starts.length * p / pieces) * width;
          int to = (int) ((long) starts.length * (p + 1) / pieces) * width;
          if (first) {
            System.arraycopy(results, from, sums, from, to - from);
          }
          for (int b = first ? 1 : 0; b < count; b++) {
            int at = b * size;
            for (int i = from; i < to; i++) {
              sums[i] += results[at + i];
            }
          }
        });
  }

  private void store(float[] sums, int group, MemorySegment out) {
    MemorySegment o = OffHeap.NATIVE.cast(out);
    for (int image = 0; image < k.batch(); image++) {
      long to = (image * k.outChannels() + (long) group * outputs) * places;
      for (int channel = 0; channel < outputs; channel++) {
        for (int place = 0; place < places; place++) {
          o.set(F32, (to + (long) channel * places + place) * Float.BYTES, sums[(image * places + place) * width + channel]);
        }
      }
    }
  }
}
