package dev.tenzan.cpu.gemm;

import dev.tenzan.cpu.CpuPool;
import dev.tenzan.cpu.machine.PlaneWindows;
import dev.tenzan.cpu.machine.VectorSet;
import dev.tenzan.kernel.ConvolutionKernel;
import dev.tenzan.kernel.MatMulKernel;
import dev.tenzan.type.DType;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/** An f32 convolution whose outputs see one channel each, in machine code that reads the channels where they lie, with no copy of them. */
final class ChannelsInPlace implements MatrixProgram {
  /** The most multiply-adds of vectors in one call of several planes: machine code holds up the collector, and should be over in microseconds. */
  private static final long MOST_AT_ONCE = 1 << 16;

  /** The most for one plane, which is one call: some 0.1 ms. Larger ones go some rows at a time, as copies. */
  private static final double MOST_OF_A_PLANE = 1 << 17;

  private final ConvolutionKernel k;
  private final CpuPool pool;
  private final PlaneWindows code;
  private final ChannelWeights weights;
  private final long window;

  /** The output channels that see an input channel. */
  private final long perChannel;

  /** The most planes of outputs of one call. */
  private final long most;

  private ChannelsInPlace(ConvolutionKernel kernel, CpuPool pool, PlaneWindows code, VectorSet machine) {
    this.k = kernel;
    this.pool = pool;
    this.code = code;
    this.weights = new ChannelWeights(kernel);
    this.window = kernel.window().size();
    this.perChannel = kernel.outChannels() / kernel.groups();
    this.most = Math.max(1, (long) (MOST_AT_ONCE / ofPlane(kernel, machine)));
  }

  /** The program of a convolution, or null where it takes another way. */
  static @Nullable ChannelsInPlace of(ConvolutionKernel k, CpuPool pool, @Nullable VectorSet machine) {
    int rank = k.spatial().rank();
    if (machine == null) {
      return null;
    }
    boolean possible =
        k.dtype() == DType.F32
            && k.inChannels() == k.groups()
            && k.batch() * k.outChannels() > 0
            && rank <= 2
            && !k.spatial().isEmpty()
            && !k.window().isEmpty()
            && (k.x().stride(1 + rank) == 1 || k.spatial().dim(rank - 1) == 1)
            && k.outChannels() * (double) k.window().size() < Integer.MAX_VALUE / 4
            && k.window().size() <= MatMulKernel.K_BLOCK
            && !k.outSpatial().isEmpty()
            && ofPlane(k, machine) <= MOST_OF_A_PLANE;
    if (!possible) {
      return null;
    }
    PlaneWindows.Distances distances =
        new PlaneWindows.Distances(rank == 1 || k.spatial().dim(0) == 1 ? 0 : k.x().stride(2), k.outChannels() == k.groups() ? k.x().stride(1) : 0);
    PlaneWindows code = PlaneWindows.of(machine, rows(k), columns(k), distances);
    return code == null ? null : new ChannelsInPlace(k, pool, code, machine);
  }

  /** The multiply-adds of vectors for a plane of outputs. */
  private static double ofPlane(ConvolutionKernel k, VectorSet machine) {
    long length = k.outSpatial().dim(k.outSpatial().rank() - 1);
    double rows = k.outSpatial().size() / (double) length;
    return rows * Math.ceilDiv(length, machine.bytes() / Float.BYTES) * k.window().size();
  }

  /** The dimension across rows, of one row where there is one dimension. */
  static PlaneWindows.Side rows(ConvolutionKernel k) {
    return k.spatial().rank() == 1 ? PlaneWindows.Side.NONE : side(k, 0);
  }

  /** The last dimension, along rows. */
  static PlaneWindows.Side columns(ConvolutionKernel k) {
    return side(k, k.spatial().rank() - 1);
  }

  private static PlaneWindows.Side side(ConvolutionKernel k, int d) {
    return new PlaneWindows.Side(
        k.spatial().dim(d), k.window().dim(d), k.outSpatial().dim(d), k.stride().get(d), k.padLow().get(d), k.windowDilation().get(d), k.inputDilation().get(d));
  }

  @Override
  public void run(MemorySegment x, MemorySegment w, MemorySegment out) {
    MemorySegment dense = weights.where(w);
    long all = k.batch() * k.outChannels();
    int pieces = (int) Math.min(all, 4L * pool.threads());
    pool.parallelFor(pieces, p -> channels(x, dense, out, all * p / pieces, all * (p + 1) / pieces));
  }

  /** Computes some output channels, counted over the images; those of an input channel are neighbours. */
  private void channels(MemorySegment x, MemorySegment dense, MemorySegment out, long from, long to) {
    // Planes that are evenly spaced: those of an image, or one again and again.
    long run = perChannel == 1 ? k.outChannels() : perChannel;
    for (long c = from; c < to; ) {
      long planes = Math.min(most, Math.min(to, c - c % run + run) - c);
      long image = c / k.outChannels();
      long channel = c % k.outChannels();
      long at = k.x().offset() + image * k.x().stride(0) + channel / perChannel * k.x().stride(1);
      code.run(x, at * Float.BYTES, dense, channel * window * Float.BYTES, out, c * k.outSpatial().size() * Float.BYTES, planes);
      c += planes;
    }
  }
}
