package dev.tenzan.cpu.direct;

import dev.tenzan.cpu.ThreadBuffer;
import dev.tenzan.cpu.gemm.MatrixEngine;
import dev.tenzan.cpu.gemm.MatrixProgram;
import dev.tenzan.cpu.loop.CpuLoop;
import dev.tenzan.cpu.loop.LoopCompiler;
import dev.tenzan.kernel.LoopKernel;
import dev.tenzan.kernel.MatMulKernel;
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
 * The product of matrices of bytes with sums of i32, by f32 products: as long as sums stay within 2<sup>24</sup> every one of them is an
 * integer that f32 holds, so multiply-adds of f32 are exact, and processors do twice as many of them as integer ones, or more. Longer sums
 * are cut into pieces, which are added as integers.
 */
public final class ByteProduct {
  /** The greatest integer below which f32 holds all. */
  private static final long EXACT = 1L << 24;

  /** Every piece is a product of its own and has a result in memory. */
  private static final int MAX_PIECES = 8;

  /** Smaller products are over before their operands would be converted. */
  private static final long MIN_OPERATIONS = 1L << 18;

  private static final long MIN_EXTENT = 16;

  private static final ThreadBuffer LEFT = new ThreadBuffer();
  private static final ThreadBuffer RIGHT = new ThreadBuffer();
  private static final ThreadBuffer SUMS = new ThreadBuffer();

  private final MatMulKernel k;
  private final long leftSize;
  private final long rightSize;
  private final CpuLoop left;
  private final CpuLoop right;
  private final List<MatrixProgram> pieces = new ArrayList<>();
  private final CpuLoop finish;

  private ByteProduct(MatMulKernel kernel, long steps, MatrixEngine matrices, LoopCompiler loops) {
    this.k = kernel;
    this.leftSize = left(kernel);
    this.rightSize = right(kernel);
    this.left = CpuLoop.of(widening(leftSize, kernel.a().offset()), loops);
    this.right = CpuLoop.of(widening(rightSize, kernel.b().offset()), loops);
    int rank = kernel.batch().rank();
    for (long first = 0; first < kernel.k(); first += steps) {
      Affine a = new Affine(first * kernel.a().stride(rank + 1), kernel.a().strides());
      Affine b = new Affine(first * kernel.b().stride(rank), kernel.b().strides());
      long depth = Math.min(steps, kernel.k() - first);
      pieces.add(matrices.compile(new MatMulKernel(DType.F32, DType.F32, kernel.batch(), kernel.m(), kernel.n(), depth, a, b)));
    }
    this.finish = CpuLoop.of(adding(), loops);
  }

  /** The program of a product, or null where it is to be computed with integers. */
  public static @Nullable ByteProduct of(MatMulKernel k, MatrixEngine matrices, LoopCompiler loops) {
    boolean bytes = (k.input() == DType.I8 || k.input() == DType.U8) && k.output() == DType.I32;
    boolean large = Math.min(k.m(), Math.min(k.n(), k.k())) >= MIN_EXTENT && !k.batch().isEmpty();
    if (matrices.vectorBits() == 0 || !bytes || !large || (double) k.m() * k.n() * k.k() < MIN_OPERATIONS || matrices.hasMachineCode(k)) {
      return null;
    }
    int rank = k.batch().rank();
    boolean forward = true;
    for (int d = 0; d < rank + 2; d++) {
      forward &= k.a().stride(d) >= 0 && k.b().stride(d) >= 0;
    }
    long greatest = k.input() == DType.I8 ? 128 * 128 : 255 * 255;
    long steps = EXACT / greatest / MatMulKernel.K_BLOCK * MatMulKernel.K_BLOCK;
    long batches = k.batch().size();
    long most = Integer.MAX_VALUE;
    boolean dense =
        forward
            && left(k) <= Math.min(most, 2 * batches * k.m() * k.k())
            && right(k) <= Math.min(most, 2 * batches * k.k() * k.n())
            && batches * k.m() * k.n() <= most;
    return dense && Math.ceilDiv(k.k(), steps) <= MAX_PIECES ? new ByteProduct(k, steps, matrices, loops) : null;
  }

  /** The elements from A's first one to its last one in memory. */
  private static long left(MatMulKernel k) {
    return k.a().max(k.batch().concat(Shape.of(k.m(), k.k()))) + 1 - k.a().offset();
  }

  private static long right(MatMulKernel k) {
    return k.b().max(k.batch().concat(Shape.of(k.k(), k.n()))) + 1 - k.b().offset();
  }

  private LoopKernel widening(long size, long offset) {
    List<Instr> code = List.of(new Instr.Load(k.input(), 0, new Affine(offset, 1)), new Instr.Convert(DType.F32, 0));
    return map(Shape.of(size), List.of(k.input()), DType.F32, code);
  }

  /** Adds the pieces' results, one after another in memory, as integers. */
  private LoopKernel adding() {
    long size = k.batch().size() * k.m() * k.n();
    List<Instr> code = new ArrayList<>();
    int sum = -1;
    for (int p = 0; p < pieces.size(); p++) {
      code.add(new Instr.Load(DType.F32, 0, new Affine(p * size, 1)));
      code.add(new Instr.Convert(DType.I32, code.size() - 1));
      if (p > 0) {
        code.add(new Instr.Binary(DType.I32, ScalarOp.ADD, sum, code.size() - 1));
      }
      sum = code.size() - 1;
    }
    return map(Shape.of(size), List.of(DType.F32), DType.I32, code);
  }

  private static LoopKernel map(Shape space, List<DType> inputs, DType output, List<Instr> code) {
    LoopKernel.Store store = new LoopKernel.Store(0, new Affine(0, 1), code.size() - 1);
    return LoopKernel.map(space, inputs, List.of(output), code, List.of(store));
  }

  /** Multiplies a with b. */
  public void run(MemorySegment a, MemorySegment b, MemorySegment output) {
    MemorySegment x = LEFT.atLeast(leftSize * Float.BYTES);
    MemorySegment y = RIGHT.atLeast(rightSize * Float.BYTES);
    long size = k.batch().size() * k.m() * k.n() * Float.BYTES;
    MemorySegment sums = SUMS.atLeast(pieces.size() * size);
    left.run(new MemorySegment[] {a, x});
    right.run(new MemorySegment[] {b, y});
    for (int p = 0; p < pieces.size(); p++) {
      pieces.get(p).run(x, y, sums.asSlice(p * size, size));
    }
    finish.run(new MemorySegment[] {sums, output});
  }
}
