package dev.tenzan.cpu.gemm;

import dev.tenzan.cpu.CpuPool;
import dev.tenzan.cpu.ThreadBuffer;
import dev.tenzan.cpu.machine.TileTurn;
import dev.tenzan.kernel.ConvolutionKernel;
import dev.tenzan.kernel.MatMulKernel;
import dev.tenzan.type.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * An f32 {@link ConvolutionKernel} with vectors across output channels: the input is copied once, with its padding, and {@link PixelKernel}
 * reads it where it lies. The outputs of all images are cut into runs of neighbouring places, two of which make a tile, so no lane is idle
 * where images are small. A task packs the weights of one panel of output channels for a block of k, finds them in its first cache for all
 * its places, and turns its results round at the end.
 *
 * <p>Vectors across channels are the way of Georganas et al., Anatomy of High-Performance Deep Learning Convolutions on SIMD Architectures
 * (SC18); here the input and the output keep their layout, with channels outside.
 */
final class PixelConvolution implements MatrixProgram {
  private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT;
  private static final int K_BLOCK = MatMulKernel.K_BLOCK;
  private static final int RUN = PixelKernel.RUN;

  /** Fewer steps along k are not worth turning the results round. */
  private static final long MIN_STEPS = 128;

  /** The elements of the padded inputs that are worked on together. */
  static final long INPUTS = 8 << 20;

  /** The runs of a task at most: its accumulators should stay in the second cache. */
  private static final int MOST_RUNS = 144;

  /** The runs of a task at least, where there are as many: it packs the weights for them. */
  private static final int LEAST_RUNS = 28;

  /** Reading an input that another thread has just written takes about as long as packing so many weights. */
  private static final int SHARING_COST = 12;

  private static final int TASKS_PER_THREAD = 8;

  /** Weights that tasks would pack so often are packed before, once: reading what another core has written takes time too. */
  private static final int LEAST_PACKINGS = 4;

  /** The packed weights that all tasks share, at most: beyond, each task packs its own. */
  private static final long SHARED_WEIGHTS = 64L << 20;
  private static final int SLACK = 128;

  /** The places, and the channels, that are turned round together, at most. */
  private static final int SQUARE = 16;

  private final ConvolutionKernel k;
  private final CpuPool pool;
  private final Strips strips;
  private final Supplier<KernelSet> kernels;
  private final PixelKernel kernel;
  private final PaddedPlanes planes;

  /** Turns weights and results round; null where the Vector API does. */
  private final @Nullable TileTurn turn;

  private final WeightSteps weights;

  /** For each step along k the place of its value, from that of the output. */
  private final PixelKernel.Places places;

  private final int outputs;
  private final int panels;

  /** The images that are worked on together. */
  private final int images;

  private final Runs runs;

  /**
   * The runs of one image.
   *
   * @param places the first place of each run
   * @param pixels the number of the first output of each run, and behind them that of all outputs
   */
  private record Runs(int[] places, int[] pixels) {
    static Runs of(PaddedPlanes planes) {
      ConvolutionKernel k = planes.kernel();
      int row = Math.toIntExact(k.outSpatial().dim(k.outSpatial().rank() - 1));
      int[] rows = planes.rowPlaces();
      int most = rows.length * Math.ceilDiv(row, RUN);
      int[] places = new int[most];
      int[] pixels = new int[most + 1];
      int count = 0;
      int pixel = 0;
      for (int r = 0; r < rows.length; ) {
        int first = rows[r];
        int length = row;
        for (r++; r < rows.length && rows[r] == first + length; r++) {
          length += row; // rows without anything between them are one
        }
        for (int at = 0; at < length; at += RUN) {
          places[count] = first + at;
          pixels[count++] = pixel + at;
        }
        pixel += length;
      }
      pixels[count] = pixel;
      return new Runs(Arrays.copyOf(places, count), Arrays.copyOf(pixels, count + 1));
    }

    int count() {
      return places.length;
    }

    /** Whether every run from one to another, exclusive, is full but for the last one. */
    boolean areFull(int from, int to) {
      return pixels[to - 1] - pixels[from] == (to - 1 - from) * RUN;
    }
  }

  /** Memory of one thread, for its work and for what it lets others work on. */
  private static final class Buffers {
    private float[] inputs = {};
    private long filled;
    private final FloatArray weights = new FloatArray();
    private final FloatArray tile = new FloatArray();
    private final FloatArray turned = new FloatArray();
    private MemorySegment accumulators = MemorySegment.NULL;
    private MemorySegment aligned = MemorySegment.NULL;
    private MemorySegment rest = MemorySegment.NULL;

    float[] inputs(long size) {
      if (inputs.length < size) {
        inputs = new float[Math.toIntExact(size)];
        filled = 0;
      }
      return inputs;
    }

    /** The memory of weights that no other thread reads, outside the heap. */
    MemorySegment aligned(int columns) {
      if (aligned.byteSize() == 0) {
        aligned = Arena.ofAuto().allocate((long) K_BLOCK * columns * Float.BYTES, 64);
      }
      return aligned;
    }

    /** Memory for results that are turned beside where they go. */
    MemorySegment rest(long bytes) {
      if (rest.byteSize() < bytes) {
        rest = Arena.ofAuto().allocate(bytes, 64);
      }
      return rest;
    }

    void grow(int columns, int runs) {
      int size = (runs * RUN + SQUARE) * columns;
      if (accumulators.byteSize() < (long) size * Float.BYTES) {
        accumulators = Arena.ofAuto().allocate((long) size * Float.BYTES, 64);
      }
    }
  }

  private static final ThreadLocal<Buffers> BUFFERS = ThreadLocal.withInitial(Buffers::new);
  private static final ThreadBuffer WEIGHTS = new ThreadBuffer();
  private static final AtomicLong TICKETS = new AtomicLong(1);

  private PixelConvolution(
      ConvolutionKernel k, PaddedPlanes planes, CpuPool pool, Strips strips, PixelKernel kernel, Supplier<KernelSet> kernels, long together) {
    this.k = k;
    this.pool = pool;
    this.strips = strips;
    this.kernels = kernels;
    this.kernel = kernel;
    this.planes = planes;
    this.turn = strips.machine() == null ? null : TileTurn.of(strips.machine(), Float.BYTES);
    this.runs = Runs.of(planes);
    this.weights = WeightSteps.of(k);
    this.places = PixelKernel.Places.of(planes.stepPlaces((int) (k.inChannels() / k.groups())));
    this.outputs = (int) (k.outChannels() / k.groups());
    this.panels = Math.ceilDiv(outputs, kernel.columns());
    this.images = (int) Math.clamp(together / (k.inChannels() * planes.size()), 1, k.batch());
  }

  /**
   * The program of a convolution, or null where it takes another way.
   *
   * @param kernels gives what packs and moves tiles now
   * @param together the elements of the padded inputs that are worked on together: {@link #INPUTS}
   */
  static @Nullable PixelConvolution of(
      ConvolutionKernel k, CpuPool pool, @Nullable Strips strips, Supplier<KernelSet> kernels, long together) {
    PixelKernel kernel = strips == null ? null : strips.pixels();
    int most = Integer.MAX_VALUE / 4;
    int last = k.spatial().rank() - 1;
    boolean possible =
        k.dtype() == DType.F32
            && k.batch() > 0
            && k.outChannels() > 0
            && k.outChannels() < most
            && k.window().dim(last) <= k.outSpatial().dim(last)
            && k.inChannels() / k.groups() * k.window().size() >= MIN_STEPS
            && PaddedPlanes.suit(k, most);
    if (strips == null || kernel == null || !possible) {
      return null;
    }
    PaddedPlanes planes = new PaddedPlanes(k);
    boolean fits = k.inChannels() * planes.size() < most && k.inChannels() / k.groups() * k.window().size() < most;
    if (!fits) {
      return null;
    }
    return new PixelConvolution(k, planes, pool, strips, kernel, kernels, together);
  }

  /** How much of what its tiles compute is used. */
  double used() {
    double pixels = (double) k.outSpatial().size() / (runs.count() * RUN);
    int inFull = (panels - 1) * kernel.columns();
    return pixels * outputs / (inFull + kernel.computed(outputs - inFull));
  }

  /** Whether its tiles are machine code. */
  boolean isInMachineCode() {
    return kernel.readsAligned();
  }

  /** Whether the kernels are compiled, or need not be. */
  boolean isReady() {
    return turn != null || strips.tilesAreReady();
  }

  @Override
  public void run(MemorySegment x, MemorySegment w, MemorySegment out) {
    boolean own = filledByTasks();
    int together = own ? (int) Math.clamp(Math.ceilDiv(LEAST_RUNS, runs.count()), 1, Math.max(1, k.batch() / pool.threads())) : images;
    int parts = Math.ceilDiv(images, Math.min(together, images));
    MemorySegment packed = parts * cuts(parts, Math.min(together, images)) < LEAST_PACKINGS ? null : packedWeights(w);
    for (long first = 0; first < k.batch(); first += images) {
      int count = (int) Math.min(images, k.batch() - first);
      float[] shared = null;
      if (!own) {
        shared = BUFFERS.get().inputs(count * imageSize() + SLACK);
        BUFFERS.get().filled = 0;
        PlaneFiller.fillAll(planes, strips.planes(), pool, x, first, count, shared);
      }
      convolve(new Wave(x, w, packed, out, first, count, shared, TICKETS.getAndAdd(count)), Math.min(together, count));
    }
  }

  /** All weights packed, by all threads for each other; null where each task packs those that it takes. */
  private @Nullable MemorySegment packedWeights(MemorySegment w) {
    int columns = kernel.columns();
    int blocks = Math.ceilDiv(places.indices().length, K_BLOCK);
    long blockBytes = (long) K_BLOCK * columns * Float.BYTES;
    long all = k.groups() * panels * blocks;
    if (!kernel.readsAligned() || all * blockBytes > SHARED_WEIGHTS) {
      return null;
    }
    MemorySegment packed = WEIGHTS.atLeast(all * blockBytes);
    pool.parallelFor(
        Math.toIntExact(all),
        t -> packWeights(w, t / blocks, t % blocks, BUFFERS.get(), packed.asSlice(t * blockBytes, blockBytes)));
    return packed;
  }

  /** Packs one panel's weights for a block of k, and copies them where the kernel reads them. */
  private void packWeights(MemorySegment w, int panel, int block, Buffers own, MemorySegment aligned) {
    int columns = kernel.columns();
    int firstOutput = panel % panels * columns;
    long channel = (long) (panel / panels) * outputs + firstOutput;
    int depth = Math.min(K_BLOCK, places.indices().length - block * K_BLOCK);
    int channels = Math.min(columns, outputs - firstOutput);
    long first = (long) block * K_BLOCK;
    if (kernel.readsAligned()) {
      weights.packOutside(turn, kernels, w, channel, channels, columns, first, depth, own.weights, aligned);
    } else {
      weights.pack(kernels.get().packing(), w, channel, channels, columns, first, depth, own.weights.atLeast(K_BLOCK * columns + SLACK), 0);
    }
  }

  private long imageSize() {
    return k.inChannels() * planes.size();
  }

  /**
   * Whether each task sees to the planes that it reads, which are then in its caches, and are written again by each thread that reads them.
   * Otherwise all threads write them for each other first.
   */
  private boolean filledByTasks() {
    long packed = k.outChannels() * places.indices().length;
    return k.batch() >= pool.threads() && SHARING_COST * images * imageSize() >= packed;
  }

  /**
   * Images that are worked on together.
   *
   * @param packed all packed weights, or null
   * @param first the number of the first one
   * @param images how many
   * @param shared their planes, or null where each task sees to those that it reads
   * @param ticket tells this wave's first image from all others that a thread may have the planes of
   */
  private record Wave(
      MemorySegment x, MemorySegment w, @Nullable MemorySegment packed, MemorySegment out, long first, int images, float @Nullable [] shared, long ticket) {}

  /** Into how many tasks to cut the runs of some images for each panel of output channels. */
  private int cuts(int parts, int together) {
    int all = together * runs.count();
    int wanted = Math.min(Math.ceilDiv(TASKS_PER_THREAD * pool.threads(), parts * (int) k.groups() * panels), all / LEAST_RUNS);
    return Math.max(1, Math.max(Math.ceilDiv(all, MOST_RUNS), wanted));
  }

  /**
   * Cuts a wave into tasks: some images, some of their runs, one panel of output channels.
   *
   * @param together the images of a task
   */
  private void convolve(Wave wave, int together) {
    int parts = Math.ceilDiv(wave.images, together);
    int allPanels = (int) k.groups() * panels;
    int cuts = cuts(parts, together);
    // Neighbouring tasks, which one thread does, share the inputs, for there are more of these than weights in the second cache.
    pool.parallelFor(
        Math.toIntExact((long) parts * cuts * allPanels),
        t -> {
          int part = t / (cuts * allPanels);
          int firstImage = part * together;
          int inPart = Math.min(together, wave.images - firstImage) * runs.count();
          int cut = t / allPanels % cuts;
          int from = (int) ((long) inPart * cut / cuts);
          int to = (int) ((long) inPart * (cut + 1) / cuts);
          float[] inputs = wave.shared == null ? fill(wave, firstImage, inPart / runs.count()) : wave.shared;
          int before = wave.shared == null ? firstImage : 0;
          compute(wave, inputs, before, t % allPanels, (firstImage - before) * runs.count() + from, (firstImage - before) * runs.count() + to);
        });
  }

  /** The planes of some images of a wave, in an array of the thread's own. */
  private float[] fill(Wave wave, int firstImage, int count) {
    Buffers own = BUFFERS.get();
    long ticket = wave.ticket + firstImage;
    float[] inputs = own.inputs(count * imageSize() + SLACK);
    if (own.filled != ticket) {
      own.filled = 0;
      new PlaneFiller(planes, strips.planes()).fill(wave.x, wave.first + firstImage, 0, count * k.inChannels(), inputs);
      own.filled = ticket;
    }
    return inputs;
  }

  /**
   * Computes one panel of output channels at the runs {@code [from, to)}.
   *
   * @param inputs the planes of images
   * @param before the images of the wave before these
   * @param panel the panel's number, counted over the groups
   */
  private void compute(Wave wave, float[] inputs, int before, int panel, int from, int to) {
    int columns = kernel.columns();
    int group = panel / panels;
    int firstOutput = panel % panels * columns;
    int channels = Math.min(columns, outputs - firstOutput);
    long channel = (long) group * outputs + firstOutput;
    int perImage = Math.toIntExact(imageSize());
    int groupAt = Math.toIntExact(k.inChannels() / k.groups() * group * planes.size());
    long rowBytes = (long) columns * Float.BYTES;
    Buffers own = BUFFERS.get();
    own.grow(columns, to - from);
    float[] weights = own.weights.atLeast(K_BLOCK * columns + SLACK);
    float[] tile = own.tile.atLeast(PixelKernel.ROWS * columns);
    int steps = places.indices().length;
    for (int step = 0; step < steps; step += K_BLOCK) {
      int depth = Math.min(K_BLOCK, steps - step);
      MemorySegment aligned;
      if (wave.packed == null) {
        aligned = kernel.readsAligned() ? own.aligned(columns) : MemorySegment.NULL;
        packWeights(wave.w, panel, step / K_BLOCK, own, aligned);
      } else {
        long blocks = Math.ceilDiv(steps, K_BLOCK);
        aligned = wave.packed.asSlice((panel * blocks + step / K_BLOCK) * K_BLOCK * rowBytes);
      }
      for (int r = from; r < to; r += 2) {
        int one = place(r, perImage) + groupAt;
        int two = r + 1 < to ? place(r + 1, perImage) + groupAt : one;
        long at = (long) (r - from) * RUN * rowBytes;
        kernel.tile(kernels, channels, depth, weights, aligned, inputs, one, two, places, step, tile, own.accumulators, at, step > 0);
      }
    }
    for (int r = from; r < to; ) {
      int image = r / runs.count();
      int first = image * runs.count();
      int end = Math.min(to, first + runs.count());
      long at = (long) (r - from) * RUN * rowBytes;
      store(own, at, r - first, end - first, channels, wave.out, (wave.first + before + image) * k.outChannels() + channel);
      r = end;
    }
  }

  private int place(int run, int perImage) {
    int image = run / runs.count();
    return image * perImage + runs.places[run - image * runs.count()];
  }

  /**
   * Stores the results of some runs of an image.
   *
   * @param at where the accumulators of the first one begin, in bytes
   * @param channel the output channel of the first column, counted over the images
   */
  private void store(Buffers own, long at, int from, int to, int channels, MemorySegment out, long channel) {
    long rowBytes = (long) kernel.columns() * Float.BYTES;
    int first = runs.pixels[from];
    int pixels = runs.pixels[to] - first;
    if (!runs.areFull(from, to)) {
      for (int r = from + 1; r < to; r++) {
        long source = at + (long) (r - from) * RUN * rowBytes;
        long target = at + (runs.pixels[r] - first) * rowBytes;
        MemorySegment.copy(own.accumulators, source, own.accumulators, target, (runs.pixels[r + 1] - runs.pixels[r]) * rowBytes);
      }
    }
    long planeBytes = k.outSpatial().size() * Float.BYTES;
    long target = channel * planeBytes + (long) first * Float.BYTES;
    if (turn != null) {
      turn(turn, own, own.accumulators.address() + at, pixels, channels, out, target, planeBytes);
      return;
    }
    float[] turned = own.turned.atLeast(pixels * channels + SLACK);
    kernels.get().packing().pack(DType.F32, own.accumulators, at, rowBytes, Float.BYTES, pixels, pixels, channels, turned, 0);
    for (int c = 0; c < channels; c++) {
      MemorySegment.copy(turned, c * pixels, out, F32, target + c * planeBytes, pixels);
    }
  }

  /** Turns results round to where they go, and beside it those whose places are no whole vector. */
  private void turn(TileTurn turn, Buffers own, long source, int pixels, int channels, MemorySegment out, long target, long planeBytes) {
    long rowBytes = (long) kernel.columns() * Float.BYTES;
    int square = turn.lanes();
    int whole = pixels / square;
    if (whole > 0) {
      turn.run(source, rowBytes, whole, channels, out.address() + target, planeBytes);
    }
    int done = whole * square;
    if (done < pixels) {
      int squares = Math.ceilDiv(pixels - done, square);
      long pitch = (long) squares * square * Float.BYTES;
      MemorySegment rest = own.rest((long) kernel.columns() * pitch);
      turn.run(source + done * rowBytes, rowBytes, squares, channels, rest.address(), pitch);
      for (int c = 0; c < channels; c++) {
        MemorySegment.copy(rest, c * pitch, out, target + c * planeBytes + (long) done * Float.BYTES, (long) (pixels - done) * Float.BYTES);
      }
    }
  }
}
