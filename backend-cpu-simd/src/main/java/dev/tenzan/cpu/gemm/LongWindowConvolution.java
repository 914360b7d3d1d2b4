package dev.tenzan.cpu.gemm;

import dev.tenzan.cpu.CpuPool;
import dev.tenzan.cpu.OffHeap;
import dev.tenzan.kernel.ConvolutionKernel;
import dev.tenzan.type.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * An f32 {@link ConvolutionKernel} with few outputs and a long window: the gradient of a convolution's weights, whose window is a whole
 * image, and whose k runs over the images too. Unrolling its input would copy each value for every output that sees it, and there is little
 * else to do. So the input is copied once, with its padding, and {@link LongWindowTiles} read it where it lies; the weights are turned so
 * that output channels lie side by side.
 *
 * <p>The blocks of k are independent of each other, so threads share them out: each block's results are kept, and added in order.
 */
final class LongWindowConvolution implements MatrixProgram {
  private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT;
  private static final int K_BLOCK = LongWindowTiles.K_BLOCK;

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

  private final ConvolutionKernel k;
  private final CpuPool pool;
  private final Strips strips;
  private final PaddedPlanes planes;
  private final LongWindowTiles tiles;

  /** For each position of the window where its value lies, from that of the first one. */
  private final int[] window;

  private final int channels;
  private final int places;
  private final long steps;
  private final long blocks;

  /** The blocks that are worked on together. */
  private final int wave;

  /** The padded images of such blocks. */
  private final int images;

  /** Memory of one thread, for its work and for what it lets others work on. */
  private static final class Buffers {
    private float[] inputs = {};
    private MemorySegment shared = MemorySegment.NULL;
    private MemorySegment turned = MemorySegment.NULL;
    private final FloatArray results = new FloatArray();
    private final FloatArray sums = new FloatArray();
    private final int[] steps = new int[K_BLOCK];

    void grow(int inputsSize) {
      inputs = inputs.length < inputsSize ? new float[Integer.highestOneBit(2 * inputsSize - 1)] : inputs;
    }

    /** The weights of blocks that all threads share. */
    MemorySegment shared(LongWindowTiles tiles, int blocks) {
      shared = tiles.weights(shared, blocks);
      return shared;
    }

    /** The weights of the block that this thread works on. */
    MemorySegment turned(LongWindowTiles tiles) {
      turned = tiles.weights(turned, 1);
      return turned;
    }
  }

  private static final ThreadLocal<Buffers> BUFFERS = ThreadLocal.withInitial(Buffers::new);

  private LongWindowConvolution(LongWindowTiles tiles, CpuPool pool, Strips strips, long kept) {
    this.planes = tiles.planes();
    this.k = planes.kernel();
    this.pool = pool;
    this.strips = strips;
    this.tiles = tiles;
    this.channels = Math.toIntExact(k.inChannels() / k.groups());
    this.places = Math.toIntExact(k.outSpatial().size());
    this.window = planes.stepPlaces(1);
    this.steps = (long) channels * window.length;
    this.blocks = Math.ceilDiv(steps, K_BLOCK);
    long perBlock = Math.max((long) tiles.rows() * tiles.width(), (long) K_BLOCK * tiles.width());
    long imageSize = k.batch() * planes.size();
    // Blocks begin and end within images.
    long together = (INPUTS / imageSize - 2) * window.length / K_BLOCK;
    this.wave = (int) Math.clamp(Math.min(kept / perBlock, together), 1, blocks);
    this.images = (int) Math.min(channels, (long) wave * K_BLOCK / window.length + 2);
  }

  /**
   * The program of a convolution, or null where it takes another way.
   *
   * @param kernels gives what packs weights now
   * @param compiled what packs them when it is compiled
   * @param kept what is kept together at most: {@link #KEPT}
   */
  static @Nullable LongWindowConvolution of(
      ConvolutionKernel k, CpuPool pool, @Nullable Strips strips, Supplier<KernelSet> kernels, KernelSet compiled, long kept) {
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
    if (!fits) {
      return null;
    }
    PaddedPlanes planes = new PaddedPlanes(k);
    MachineLongWindow machine = strips.machine() == null ? null : MachineLongWindow.of(planes, strips.machine(), kernels);
    LongWindowTiles tiles = machine == null ? new VectorLongWindow(planes, strips, kernels, compiled) : machine;
    return new LongWindowConvolution(tiles, pool, strips, kept);
  }

  /** Whether the kernels are compiled, or need not be. */
  boolean isReady() {
    return tiles.isReady();
  }

  boolean isInMachineCode() {
    return tiles instanceof MachineLongWindow;
  }

  @Override
  public void run(MemorySegment x, MemorySegment w, MemorySegment out) {
    Buffers own = BUFFERS.get();
    own.grow(Math.toIntExact(images * k.batch() * planes.size()));
    float[] sums = own.sums.atLeast(tiles.rows() * tiles.width());
    for (int group = 0; group < k.groups(); group++) {
      for (long block = 0; block < blocks; block += wave) {
        int count = (int) Math.min(wave, blocks - block);
        MemorySegment shared = cuts(count) > 1 ? own.shared(tiles, wave) : MemorySegment.NULL;
        float[] results = own.results.atLeast(wave * tiles.rows() * tiles.width());
        prepare(x, w, group, block, count, own.inputs, shared);
        multiply(w, group, block, count, own.inputs, shared, results);
        add(block == 0, count, results, sums);
      }
      store(sums, group, out);
    }
  }

  /** The image that a block begins in. */
  private long firstImage(long block) {
    return block * K_BLOCK / window.length;
  }

  /** How many tasks share a block. */
  private int cuts(int count) {
    return Math.clamp(Math.ceilDiv(4 * pool.threads(), count), 1, tiles.pieces());
  }

  /** Makes the padded planes that blocks read, and the turned weights of blocks that tasks share. */
  private void prepare(MemorySegment x, MemorySegment w, int group, long block, int count, float[] inputs, MemorySegment shared) {
    long firstImage = firstImage(block);
    long endImage = Math.ceilDiv(Math.min(steps, (block + count) * K_BLOCK), window.length);
    int all = Math.toIntExact((endImage - firstImage) * k.batch());
    int fills = Math.min(all, 4 * pool.threads());
    int turns = cuts(count) > 1 ? count : 0;
    pool.parallelFor(
        fills + turns,
        t -> {
          if (t >= fills) {
            turn(w, group, block + t - fills, shared, t - fills);
            return;
          }
          PlaneFiller filler = new PlaneFiller(planes, strips.planes());
          for (long p = (long) all * t / fills; p < (long) all * (t + 1) / fills; p++) {
            long channel = (long) group * channels + firstImage + p / k.batch();
            filler.fill(x, k.x().offset() + p % k.batch() * k.x().stride(0) + channel * k.x().stride(1), inputs, (int) (p * planes.size()));
          }
        });
  }

  private void turn(MemorySegment w, int group, long block, MemorySegment to, int number) {
    long first = block * K_BLOCK;
    tiles.turn(w, group, first, (int) Math.min(K_BLOCK, steps - first), to, number);
  }

  /** Computes the results of blocks. A block that is one task's has its weights turned by it, and finds them in its first cache. */
  private void multiply(
      MemorySegment w, int group, long block, int count, float[] inputs, MemorySegment shared, float[] results) {
    long firstImage = firstImage(block);
    int cuts = cuts(count);
    pool.parallelFor(
        count * cuts,
        t -> {
          int b = t / cuts;
          int from = (int) ((long) tiles.pieces() * (t % cuts) / cuts);
          int to = (int) ((long) tiles.pieces() * (t % cuts + 1) / cuts);
          Buffers mine = BUFFERS.get();
          int depth = findSteps(block + b, firstImage, mine.steps);
          MemorySegment turned = shared;
          if (cuts == 1) {
            turned = mine.turned(tiles);
            turn(w, group, block + b, turned, 0);
          }
          tiles.multiply(depth, turned, cuts > 1 ? b : 0, inputs, mine.steps, from, to, results, b * tiles.rows() * tiles.width());
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
  private void add(boolean first, int count, float[] results, float[] sums) {
    int rows = tiles.rows();
    int size = rows * tiles.width();
    int pieces = Math.min(rows, 2 * pool.threads());
    pool.parallelFor(
        pieces,
        p -> {
          int from = (int) ((long) rows * p / pieces) * tiles.width();
          int to = (int) ((long) rows * (p + 1) / pieces) * tiles.width();
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
    int outputs = tiles.outputs();
    int width = tiles.width();
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
