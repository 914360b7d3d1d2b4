package dev.tenzan.cpu;

import dev.tenzan.cpu.axis.MachineScan;
import dev.tenzan.cpu.axis.ScanCode;
import dev.tenzan.cpu.axis.ScatterCode;
import dev.tenzan.cpu.axis.SelectCode;
import dev.tenzan.cpu.axis.SortCode;
import dev.tenzan.cpu.direct.ByteProduct;
import dev.tenzan.cpu.direct.ChannelConvolution;
import dev.tenzan.cpu.direct.FewRowsProduct;
import dev.tenzan.cpu.direct.RowProduct;
import dev.tenzan.cpu.gemm.MatrixEngine;
import dev.tenzan.cpu.gemm.MatrixProgram;
import dev.tenzan.cpu.loop.CpuLoop;
import dev.tenzan.cpu.loop.LoopCompiler;
import dev.tenzan.cpu.loop.RowChain;
import dev.tenzan.cpu.machine.VectorSet;
import dev.tenzan.error.ShapeException;
import dev.tenzan.error.UnsupportedKernelException;
import dev.tenzan.ir.CustomBody;
import dev.tenzan.kernel.AttentionRun;
import dev.tenzan.kernel.ConvolutionKernel;
import dev.tenzan.kernel.CustomKernel;
import dev.tenzan.kernel.KernelSpec;
import dev.tenzan.kernel.LoopFootprint;
import dev.tenzan.kernel.LoopKernel;
import dev.tenzan.kernel.MatMulKernel;
import dev.tenzan.kernel.RowRun;
import dev.tenzan.kernel.ScanKernel;
import dev.tenzan.kernel.ScatterKernel;
import dev.tenzan.kernel.SortKernel;
import dev.tenzan.type.Affine;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Turns kernel specs into code and the buffer sizes that the code relies on.
 *
 * @param pool the threads that kernels run on
 * @param matrices makes matrix products and convolutions
 * @param loops makes loop kernels
 */
record KernelCompiler(CpuPool pool, MatrixEngine matrices, LoopCompiler loops) {
  CpuKernel compile(KernelSpec kernel) {
    return switch (kernel) {
      case LoopKernel k -> new CpuKernel(k, LoopFootprint.of(k).bytes(), CpuLoop.of(k, loops)::run);
      case MatMulKernel k -> matMul(k);
      case ConvolutionKernel k -> convolution(k);
      case ScatterKernel k -> scatter(k);
      case ScanKernel k -> scan(k);
      case SortKernel k -> sort(k);
      case CustomKernel k -> custom(k);
    };
  }

  /** Loops that are walked together, or null where they run as well one by one; errors name the first of them. */
  @Nullable CpuKernel compile(RowRun run) {
    RowChain chain = RowChain.of(run, loops);
    return chain == null ? null : new CpuKernel(run.parts().getFirst().kernel(), run.bytes(), chain::run);
  }

  /** Attention some rows at a time, or null where its kernels run as well one by one; errors name its first product. */
  @Nullable CpuKernel compile(AttentionRun run) {
    return AttentionChain.of(run, new AttentionChain.Makers(pool, loops, this::matMul));
  }

  private CpuKernel matMul(MatMulKernel k) {
    Shape out = k.batch().concat(Shape.of(k.m(), k.n()));
    long[] bytes = {
      span(k, "A", k.a(), k.batch().concat(Shape.of(k.m(), k.k())), k.input()),
      span(k, "B", k.b(), k.batch().concat(Shape.of(k.k(), k.n())), k.input()),
      dense(out.size(), k.output())
    };
    FewRowsProduct few = FewRowsProduct.of(k, pool, loops, matrices);
    if (few != null) {
      return new CpuKernel(k, bytes, s -> few.run(s[0], s[1], s[2]));
    }
    RowProduct rows = RowProduct.of(k, pool, loops);
    if (rows != null) {
      return new CpuKernel(k, bytes, s -> rows.run(s[0], s[1], s[2]));
    }
    ByteProduct exact = ByteProduct.of(k, matrices, loops);
    if (exact != null) {
      return new CpuKernel(k, bytes, s -> exact.run(s[0], s[1], s[2]));
    }
    MatrixProgram program = matrices.compile(k);
    return new CpuKernel(k, bytes, s -> program.run(s[0], s[1], s[2]));
  }

  private CpuKernel convolution(ConvolutionKernel k) {
    Shape x = Shape.of(k.batch(), k.inChannels()).concat(k.spatial());
    Shape w = Shape.of(k.outChannels(), k.inChannels() / k.groups()).concat(k.window());
    Shape out = Shape.of(k.batch(), k.outChannels()).concat(k.outSpatial());
    long[] bytes = {
      span(k, "x", k.x(), x, k.dtype()), span(k, "w", k.w(), w, k.dtype()), dense(out.size(), k.dtype())
    };
    ChannelConvolution channels = ChannelConvolution.of(k, pool, loops);
    MatrixProgram program = channels == null ? matrices.compile(k) : matrices.compile(k, channels::run);
    return new CpuKernel(k, bytes, s -> program.run(s[0], s[1], s[2]));
  }

  private CpuKernel scatter(ScatterKernel k) {
    long rows = k.outer() * k.inner();
    long[] bytes = {
      dense(rows * k.extent(), k.dtype()),
      dense(k.count(), DType.I64),
      dense(rows * k.count(), k.dtype()),
      dense(rows * k.extent(), k.dtype())
    };
    return new CpuKernel(k, bytes, new ScatterCode(k, pool)::run);
  }

  private CpuKernel scan(ScanKernel k) {
    long size = dense(k.outer() * k.length() * k.inner(), k.dtype());
    VectorSet set = loops.machine();
    MachineScan machine = set == null ? null : MachineScan.of(k, pool, set, loops.streams(size));
    return machine == null
        ? new CpuKernel(k, new long[] {size, size}, new ScanCode(k, pool)::run)
        : new CpuKernel(k, new long[] {size, size}, s -> machine.run(s[0], s[1]));
  }

  private CpuKernel sort(SortKernel k) {
    long lines = k.outer() * k.inner();
    long[] bytes = {dense(lines * k.length(), k.dtype()), dense(lines * k.count(), k.outputs().getFirst())};
    return new CpuKernel(k, bytes, SelectCode.suits(k) ? new SelectCode(k, pool)::run : new SortCode(k, pool)::run);
  }

  private static CpuKernel custom(CustomKernel k) {
    if (!(k.body() instanceof CustomBody.Host host)) {
      throw new UnsupportedKernelException(
          k.name() + ": the cpu runs bodies of CustomBody.Host, not " + k.body().getClass().getName());
    }
    int inputs = k.inputs().size();
    long[] bytes = new long[inputs + 1];
    for (int i = 0; i < inputs; i++) {
      bytes[i] = dense(k.inputShapes().get(i).size(), k.inputs().get(i));
    }
    bytes[inputs] = dense(k.outputShape().size(), k.output());
    return new CpuKernel(
        k,
        bytes,
        segments -> {
          MemorySegment[] in = new MemorySegment[inputs];
          for (int i = 0; i < inputs; i++) {
            in[i] = segments[i].asSlice(0, bytes[i]).asReadOnly();
          }
          k.run(host, List.of(in), segments[inputs].asSlice(0, bytes[inputs]));
        });
  }

  private static long dense(long count, DType type) {
    return Math.multiplyExact(count, type.byteSize());
  }

  /** The bytes that an address reaches over a space. */
  private static long span(KernelSpec kernel, String what, Affine address, Shape space, DType type) {
    if (space.isEmpty()) {
      return 0;
    }
    if (address.min(space) < 0) {
      throw new ShapeException(
          kernel.name() + ": " + what + " reaches element " + address.min(space)
              + ", before its start; correct the address " + address + " over " + space);
    }
    return dense(address.max(space) + 1, type);
  }
}
