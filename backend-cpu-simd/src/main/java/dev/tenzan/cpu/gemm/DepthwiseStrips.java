package dev.tenzan.cpu.gemm;

import dev.tenzan.cpu.CpuPool;
import dev.tenzan.cpu.machine.VectorSet;
import dev.tenzan.cpu.machine.WindowRows;
import dev.tenzan.kernel.ConvolutionKernel;
import dev.tenzan.type.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;

/**
 * An f32 convolution whose outputs see one channel each: the channel's padded plane is made in the first cache, and four vectors of
 * neighbouring places go through the window together, so that their chains hide each other's latency. {@link ChannelsInPlace} takes most of them.
 */
final class DepthwiseStrips implements MatrixProgram {
  private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT;

  /** The elements of a plane at most: of each thread one lies in the caches. */
  private static final double MAX_PLANE = 1 << 20;

  /** The most multiply-adds of one call. */
  private static final long MOST_AT_ONCE = 1 << 20;

  /** Larger windows are matrix products of many steps. */
  private static final long MAX_WINDOW = 256;

  private final ConvolutionKernel k;
  private final CpuPool pool;
  private final Strips strips;
  private final PaddedPlanes planes;
  private final int[] places;

  private final ChannelWeights weights;

  private final int span;
  private final boolean direct;

  /** The code for {@link #band} rows of places, and for what is left of a slice; null where there is none. */
  private final @Nullable WindowRows windows;

  private final @Nullable WindowRows lastWindows;

  /** The rows of one call: machine code holds up the collector, and should be over in microseconds. */
  private final int band;

  /** The rows of a slice, or all of a plane's where there are fewer than three spatial dimensions. */
  private final int sliceRows;

  /** The rows of a plane of outputs, as {@link PlaneKernel#copy} wants them. */
  private final int[] rows;

  /** Memory of one thread. */
  private static final class Buffers {
    private final FloatArray outputs = new FloatArray();
    private final FloatArray packed = new FloatArray();
  }

  private static final ThreadLocal<Buffers> BUFFERS = ThreadLocal.withInitial(Buffers::new);

  private DepthwiseStrips(ConvolutionKernel kernel, CpuPool pool, Strips strips) {
    this.k = kernel;
    this.pool = pool;
    this.strips = strips;
    this.planes = new PaddedPlanes(kernel);
    this.span = Math.toIntExact(planes.span());
    this.direct = span == kernel.outSpatial().size();
    int rank = kernel.outSpatial().rank();
    int length = (int) kernel.outSpatial().dim(rank - 1);
    int[] rowPlaces = planes.rowPlaces();
    this.rows = new int[3 * rowPlaces.length];
    for (int r = 0; r < rowPlaces.length; r++) {
      rows[3 * r] = rowPlaces[r];
      rows[3 * r + 1] = r * length;
      rows[3 * r + 2] = length;
    }
    int window = Math.toIntExact(kernel.window().size());
    this.places = planes.stepPlaces(1);
    this.weights = new ChannelWeights(kernel);
    this.sliceRows = rank < 2 ? 1 : Math.toIntExact(kernel.outSpatial().dim(rank - 2));
    int step = sliceRows < 2 ? 0 : rowPlaces[1];
    this.band = Math.clamp(MOST_AT_ONCE / ((long) window * length), 1, sliceRows);
    VectorSet machine = strips.machine();
    this.windows = machine == null ? null : WindowRows.of(machine, places, band, length, step);
    int left = sliceRows % band;
    this.lastWindows = machine == null || windows == null || left == 0 ? windows : WindowRows.of(machine, places, left, length, step);
  }

  /** The program of a convolution, or null where it takes another way. */
  static @Nullable DepthwiseStrips of(ConvolutionKernel k, CpuPool pool, @Nullable Strips strips) {
    boolean possible =
        k.dtype() == DType.F32
            && k.inChannels() == k.groups()
            && k.batch() * k.inChannels() > 0
            && k.outChannels() > 0
            && k.window().size() <= MAX_WINDOW
            && k.outChannels() * k.window().size() < Integer.MAX_VALUE / 4
            && PaddedPlanes.suit(k, MAX_PLANE);
    return strips != null && possible ? new DepthwiseStrips(k, pool, strips) : null;
  }

  /** Whether what it runs by is machine code or compiled. */
  boolean isReady() {
    return isInMachineCode() || strips.areReady();
  }

  boolean isInMachineCode() {
    return windows != null && lastWindows != null;
  }

  @Override
  public void run(MemorySegment x, MemorySegment w, MemorySegment out) {
    float[] packed = weights.packed(w);
    long all = k.batch() * k.outChannels();
    int pieces = (int) Math.min(all, 4 * pool.threads());
    pool.parallelFor(pieces, p -> channels(x, packed, out, all * p / pieces, all * (p + 1) / pieces));
  }

  /** Computes some output channels, counted over the images; those of an input channel are neighbours. */
  private void channels(MemorySegment x, float[] packed, MemorySegment out, long from, long to) {
    Buffers own = BUFFERS.get();
    PlaneFiller filler = new PlaneFiller(planes, strips.planes());
    long perChannel = k.outChannels() / k.groups();
    float[] plane = {};
    long filled = -1;
    for (long c = from; c < to; c++) {
      if (c / perChannel != filled) {
        filled = c / perChannel;
        plane = filler.fill(x, k.x().offset() + filled / k.inChannels() * k.x().stride(0) + filled % k.inChannels() * k.x().stride(1));
      }
      int first = (int) (c % k.outChannels()) * places.length;
      long at = c * k.outSpatial().size();
      if (windows != null && lastWindows != null) {
        rows(windows, lastWindows, plane, packed, first, out, at);
      } else {
        float[] outputs = own.outputs.atLeast(span + PlaneKernel.SLACK);
        strips.planes().window(plane, places, packed, first, outputs, span);
        store(outputs, own.packed, out, at);
      }
    }
  }

  private void rows(WindowRows whole, WindowRows rest, float[] plane, float[] weights, int first, MemorySegment out, long at) {
    int length = rows[2];
    for (int slice = 0; slice < rows.length / 3; slice += sliceRows) {
      for (int r = slice; r < slice + sliceRows; r += band) {
        WindowRows code = r + band <= slice + sliceRows ? whole : rest;
        code.run(plane, rows[3 * r], weights, first, out, (at + (long) r * length) * Float.BYTES);
      }
    }
  }

  private void store(float[] outputs, FloatArray packed, MemorySegment out, long at) {
    float[] plane = outputs;
    int size = Math.toIntExact(k.outSpatial().size());
    if (!direct) {
      plane = packed.atLeast(size);
      strips.planes().copy(outputs, plane, rows);
    }
    MemorySegment.copy(plane, 0, out, F32, at * Float.BYTES, size);
  }
}
