package dev.tenzan.cpu.direct;

import dev.tenzan.cpu.CpuPool;
import dev.tenzan.cpu.ThreadBuffer;
import dev.tenzan.cpu.gemm.PaddedPlanes;
import dev.tenzan.cpu.gemm.PlaneFiller;
import dev.tenzan.cpu.loop.CpuLoop;
import dev.tenzan.cpu.loop.LoopCompiler;
import dev.tenzan.kernel.ConvolutionKernel;
import dev.tenzan.kernel.LoopKernel;
import dev.tenzan.scalar.Instr;
import dev.tenzan.scalar.ScalarOp;
import dev.tenzan.type.Affine;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A convolution whose outputs see one channel each, such as a depthwise one: a loop over the outputs of a channel with the window written out
 * as a chain of multiply-adds. A matrix product would have a single row, and would spend its time on packing the input.
 *
 * <p>The chain is that of the convolution's definition: from +0 over the window positions, those in the padding included.
 */
public final class ChannelConvolution {
  /** Longer windows make a program that compiles badly. */
  private static final long MAX_WINDOW = 64;

  /** The elements of a plane at most, of which each thread has one. */
  private static final double MAX_PLANE = 1 << 24;

  private static final ThreadBuffer PLACES = new ThreadBuffer();
  private static final ThreadBuffer PLANES = new ThreadBuffer();
  private static final ThreadBuffer WEIGHTS = new ThreadBuffer();

  private final ConvolutionKernel k;
  private final CpuPool pool;
  private final PaddedPlanes planes;
  private final CpuLoop loop;

  /** For each window position the element offset of output channel 0's weight. */
  private final long[] taps;

  /** Whether the weights of a window lie one after another. */
  private final boolean denseWindows;

  private ChannelConvolution(ConvolutionKernel kernel, CpuPool pool, LoopCompiler loops) {
    this.k = kernel;
    this.pool = pool;
    this.planes = new PaddedPlanes(kernel);
    this.taps = new long[Math.toIntExact(kernel.window().size())];
    this.loop = CpuLoop.of(window(), loops);
    boolean dense = true;
    for (int t = 0; t < taps.length; t++) {
      dense &= taps[t] == taps[0] + t;
    }
    this.denseWindows = dense;
  }

  /** The program of a convolution, or null where it is to be a matrix product. */
  public static @Nullable ChannelConvolution of(ConvolutionKernel k, CpuPool pool, LoopCompiler loops) {
    boolean oneChannel = k.inChannels() == k.groups() && k.inChannels() > 0;
    boolean floats = k.dtype() == DType.F32 || k.dtype() == DType.F64;
    boolean small = k.window().size() <= MAX_WINDOW && PaddedPlanes.suit(k, MAX_PLANE);
    return oneChannel && floats && small ? new ChannelConvolution(k, pool, loops) : null;
  }

  /**
   * The loop over the places of one channel's outputs, those between the rows included: so it is a single long row, however short the
   * rows of the output are. Its inputs are the plane and the weights of the window, one after another.
   */
  private LoopKernel window() {
    DType type = k.dtype();
    Shape places = Shape.of(planes.span());
    List<Instr> code = new ArrayList<>();
    code.add(new Instr.Const(type, 0));
    int sum = 0;
    long[] position = new long[k.window().rank()];
    for (int t = 0; t < taps.length; t++) {
      taps[t] = k.w().offset();
      for (int d = 0; d < position.length; d++) {
        taps[t] += position[d] * k.w().stride(2 + d);
      }
      code.add(new Instr.Load(type, 0, new Affine(planes.place(position), 1)));
      code.add(new Instr.Load(type, 1, new Affine(t, 0)));
      code.add(new Instr.Ternary(type, ScalarOp.FMA, code.size() - 2, code.size() - 1, sum));
      sum = code.size() - 1;
      for (int d = position.length - 1; d >= 0 && ++position[d] == k.window().dim(d); d--) {
        position[d] = 0;
      }
    }
    LoopKernel.Store store = new LoopKernel.Store(0, new Affine(0, 1), sum);
    return LoopKernel.map(places, List.of(type, type), List.of(type), code, List.of(store));
  }

  /** Convolves x with w. */
  public void run(MemorySegment x, MemorySegment w, MemorySegment output) {
    MemorySegment weights = denseWindows ? w : gather(w);
    pool.parallelFor(Math.toIntExact(k.batch() * k.groups()), c -> channel(x, weights, output, c));
  }

  /** The weights of each output channel, one after another. */
  private MemorySegment gather(MemorySegment w) {
    int bytes = k.dtype().byteSize();
    MemorySegment weights = WEIGHTS.atLeast(k.outChannels() * taps.length * bytes);
    for (long o = 0; o < k.outChannels(); o++) {
      for (int t = 0; t < taps.length; t++) {
        MemorySegment.copy(w, (taps[t] + o * k.w().stride(0)) * bytes, weights, (o * taps.length + t) * bytes, bytes);
      }
    }
    return weights;
  }

  private void channel(MemorySegment x, MemorySegment weights, MemorySegment output, int c) {
    long image = c / k.groups();
    long group = c % k.groups();
    MemorySegment plane = PLANES.atLeast(planes.size() * k.dtype().byteSize());
    new PlaneFiller(planes).fill(x, k.x().offset() + image * k.x().stride(0) + group * k.x().stride(1), plane, 0);
    long perGroup = k.outChannels() / k.groups();
    int bytes = k.dtype().byteSize();
    long size = k.outSpatial().size() * bytes;
    long window = (long) taps.length * bytes;
    long first = denseWindows ? k.w().offset() * bytes : 0;
    long apart = denseWindows ? k.w().stride(0) * bytes : window;
    boolean dense = planes.span() == k.outSpatial().size();
    MemorySegment places = dense ? MemorySegment.NULL : PLACES.atLeast(planes.span() * bytes);
    for (long o = group * perGroup; o < (group + 1) * perGroup; o++) {
      MemorySegment to = output.asSlice((image * k.outChannels() + o) * size, size);
      loop.run(new MemorySegment[] {plane, weights.asSlice(first + o * apart, window), dense ? to : places});
      if (!dense) {
        planes.copyRows(places, to);
      }
    }
  }
}
