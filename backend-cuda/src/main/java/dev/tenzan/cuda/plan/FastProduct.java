package dev.tenzan.cuda.plan;

import dev.tenzan.cuda.driver.TensorMap;
import dev.tenzan.cuda.program.KernelSource;
import dev.tenzan.cuda.program.Shipped;
import dev.tenzan.cuda.vendor.LtShape;
import dev.tenzan.kernel.MatMulKernel;
import dev.tenzan.type.DType;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Plans a product in the fast mode, by the first {@link FastWay} that the device has and the operands allow. What lies in memory is described
 * as for cuBLASLt: unit stride along one axis, and one stride for the batch.
 */
final class FastProduct {
  /** Rows of tiles whose blocks run at about the same time, so that they share operands in the cache; measured on an H100. */
  private static final long GROUP = 8;

  /** Results up to which tiles of 128 columns are faster than those of 256: fewer leave processors without work. */
  private static final long NARROW_TILES = 2048L * 2048;

  private static final int TILE = 128;
  private static final int WIDE = 256;

  /** The elements of a swizzled line of 128 bytes. */
  private static final int LINE = 64;

  private static final int WGMMA_THREADS = 384;
  private static final int MMA_THREADS = 256;
  private static final int MMA_SHARED = 64 << 10;

  /** One tile of tf32 is about as fast as four processors with parts of k of the reproducible kernel, whose k is split. */
  private static final long SPLIT_ADVANTAGE = 4;

  private static final long SHORT = 2048;

  private final MatMulKernel kernel;
  private final Style style;
  private final LtShape shape;
  private final List<Long> bytes;

  private FastProduct(MatMulKernel kernel, Style style, LtShape shape, List<Long> bytes) {
    this.kernel = kernel;
    this.style = style;
    this.shape = shape;
    this.bytes = bytes;
  }

  /** The plan; empty where the reproducible kernels are to do it. */
  static Optional<Plan> plan(MatMulKernel kernel, Style style, List<Long> bytes) {
    if (kernel.numerics().isReproducible() || kernel.input() == DType.F64) {
      return Optional.empty();
    }
    Optional<LtShape> shape = LtShape.of(kernel);
    if (shape.isEmpty() || MatMulPlanner.isSmall(shape.get().m(), shape.get().n(), shape.get().k())) {
      return Optional.empty();
    }
    FastProduct product = new FastProduct(kernel, style, shape.get(), bytes);
    for (FastWay way : style.fast()) {
      Optional<Plan> plan =
          switch (way) {
            case WGMMA -> product.wgmma();
            case LIBRARY -> Optional.of(product.library());
            case MMA -> product.mma();
          };
      if (plan.isPresent()) {
        return plan;
      }
    }
    return Optional.empty();
  }

  private int size() {
    return kernel.input().byteSize();
  }

  private Plan library() {
    LibraryProduct product = new LibraryProduct(shape, kernel.a().offset() * size(), kernel.b().offset() * size());
    return new Plan(bytes, List.of(), List.of(), List.of(), null, product);
  }

  /** The elements from line to line; of one line any will do. */
  private long pitch(LtShape.Side side, long rows, long columns) {
    long lines = side.transposed() ? columns : rows;
    long grain = TensorMap.GRAIN / size();
    return lines > 1 ? side.ld() : MatMulPlanner.tiles(side.ld(), Math.toIntExact(grain)) * grain;
  }

  private long pitchA() {
    return pitch(shape.a(), shape.m(), shape.k());
  }

  private long pitchB() {
    return pitch(shape.b(), shape.k(), shape.n());
  }

  /** Whether all lines of an operand begin at a multiple of 16 bytes. */
  private boolean isAligned(long offset, long pitch, LtShape.Side side) {
    long grain = TensorMap.GRAIN / size();
    return offset % grain == 0 && pitch % grain == 0 && (shape.batch() == 1 || side.batchStride() % grain == 0);
  }

  private boolean isAligned() {
    return isAligned(kernel.a().offset(), pitchA(), shape.a()) && isAligned(kernel.b().offset(), pitchB(), shape.b());
  }

  private String layouts() {
    return (shape.a().transposed() ? "t" : "n") + (shape.b().transposed() ? "t" : "n");
  }

  private long tiles(int columns) {
    return shape.batch() * MatMulPlanner.tiles(shape.m(), TILE) * MatMulPlanner.tiles(shape.n(), columns);
  }

  /** Whether rows, columns and products can be rounded up to tiles in an int, and tiles counted. */
  private boolean fits(long tiles) {
    long most = Integer.MAX_VALUE - WIDE;
    return shape.m() <= most && shape.n() <= most && shape.k() <= most && tiles <= most;
  }

  private Plan only(KernelSource source, List<Arg> args, long grid, int threads, int shared) {
    Step step = new Step(source, "tz_product", args, Math.toIntExact(grid), threads, shared);
    return new Plan(bytes, List.of(), List.of(), List.of(step), null);
  }

  private static void numbers(List<Arg> args, long... values) {
    for (long v : values) {
      args.add(new Arg.Number(v));
    }
  }

  private Optional<Plan> wgmma() {
    boolean half = kernel.input() == DType.F16 || kernel.input() == DType.BF16;
    int columns = shape.batch() * shape.m() * shape.n() <= NARROW_TILES || shape.n() <= TILE ? TILE : WIDE;
    long tiles = tiles(columns);
    if (!half || !isAligned() || !fits(tiles)) {
      return Optional.empty();
    }
    Optional<TensorMap> a = map(shape.a(), shape.m(), shape.k(), pitchA(), shape.a().transposed() ? LINE : TILE);
    Optional<TensorMap> b = map(shape.b(), shape.k(), shape.n(), pitchB(), shape.b().transposed() ? columns : LINE);
    if (a.isEmpty() || b.isEmpty()) {
      return Optional.empty();
    }
    List<Arg> args = new ArrayList<>();
    args.add(new Arg.Map(0, kernel.a().offset() * size(), a.get()));
    args.add(new Arg.Map(1, kernel.b().offset() * size(), b.get()));
    args.add(new Arg.Slot(2));
    numbers(args, shape.m(), shape.n(), shape.k(), shape.batch(), GROUP);
    KernelSource source = Shipped.module("matmul_wgmma", kernel.input(), columns + layouts());
    return Optional.of(only(source, args, Math.min(tiles, style.processors()), WGMMA_THREADS, wgmmaShared(columns)));
  }

  /** As {@code matmul_wgmma.cu} lays it out: alignment, a ring of panels, results on their way out, and two barriers for each stage. */
  static int wgmmaShared(int columns) {
    int stages = columns == WIDE ? 4 : 6;
    return 1024 + stages * (TILE + columns) * 128 + 8 * 4096 + 16 * stages;
  }

  /** The tensor map of an operand; empty where its strides are too long, or 0 as of a batch that shares one matrix. */
  private Optional<TensorMap> map(LtShape.Side side, long rows, long columns, long pitch, int lines) {
    long inner = side.transposed() ? rows : columns;
    long outer = side.transposed() ? columns : rows;
    long stride = shape.batch() > 1 ? side.batchStride() : pitch * outer;
    if (stride == 0 || Math.max(pitch, stride) >= TensorMap.FAR / size()) {
      return Optional.empty();
    }
    return Optional.of(
        new TensorMap(
            kernel.input(), List.of(inner, outer, shape.batch()), List.of(pitch * size(), stride * size()), List.of(LINE, lines, 1)));
  }

  private Optional<Plan> mma() {
    long tiles = tiles(TILE);
    boolean near = pitchA() <= Integer.MAX_VALUE && pitchB() <= Integer.MAX_VALUE;
    if (!isAligned() || !near || !fits(tiles) || isBetterSplit(tiles)) {
      return Optional.empty();
    }
    List<Arg> args = new ArrayList<>();
    args.add(new Arg.Slot(0, kernel.a().offset() * size()));
    args.add(new Arg.Slot(1, kernel.b().offset() * size()));
    args.add(new Arg.Slot(2));
    numbers(args, shape.m(), shape.n(), shape.k(), pitchA(), pitchB(), shape.a().batchStride(), shape.b().batchStride(), GROUP);
    KernelSource source = Shipped.module("matmul_mma", kernel.input(), layouts());
    return Optional.of(only(source, args, tiles, MMA_THREADS, MMA_SHARED));
  }

  /** Whether processors would lack tiles for long, where the reproducible kernel has parts of k for them. */
  private boolean isBetterSplit(long tiles) {
    return kernel.input() == DType.F32 && shape.k() > SHORT && tiles * SPLIT_ADVANTAGE < style.processors();
  }
}
