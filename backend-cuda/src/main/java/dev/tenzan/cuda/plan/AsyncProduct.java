package dev.tenzan.cuda.plan;

import dev.tenzan.cuda.program.KernelSource;
import dev.tenzan.cuda.program.Shipped;
import dev.tenzan.kernel.MatMulKernel;
import dev.tenzan.type.Affine;
import dev.tenzan.type.DType;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Plans a product with kernels that copy to shared memory by themselves: of f32 matrices ({@code matmul_async.cu}), or of f64 matrices on
 * tensor cores ({@code matmul_dmma.cu}). Where there are too few tiles for the device, the blocks of k are products of their own, whose
 * results a second kernel adds in order: the bits are the same.
 */
final class AsyncProduct {
  /** The least compute capability. */
  static final int LEAST = 80;

  /** The least compute capability whose f64 tensor cores take 16 rows at a time. */
  private static final int HOPPER = 90;

  /** The chips for data centres from there on end before it. */
  private static final int MOST_F64 = 110;

  private static final int VECTOR = 4;

  /** Offsets within a tile of f32 are unsigned ints. */
  private static final long FAR = 1L << 32;

  /** What a second kernel costs, and each byte that it moves or that is written for it, in f32 products of a multiprocessor: of an H100. */
  private static final double LAUNCH = 350_000;

  private static final double BYTE = 0.06;

  /** How much longer f32 products of an operand take whose neighbouring rows, or columns, are no vectors: on an H200. */
  private static final double NOT_SIDE_BY_SIDE = 1.12;

  private final MatMulKernel kernel;
  private final Style style;
  private final String source;
  private final List<Tile> tiles;
  private final Side a;
  private final Side b;

  /**
   * How an operand lies in memory.
   *
   * @param layout the letter in a module's name: k or i where neighbouring products are neighbours, else v or s; i and v are aligned
   * @param strides what the kernel is told of it in elements
   */
  private record Side(char layout, List<Long> strides) {
    /**
     * How an operand of f32 lies; its only stride is that from one line to the next.
     *
     * @param rows its rows; of the second operand its columns
     * @param row the elements from row to row
     * @param product the elements from product to product
     * @param first whether it is the first operand, whose panels may have a line for each row
     */
    static Optional<Side> f32(long rows, long k, long row, long product, boolean aligned, boolean first) {
      int most = first ? Tile.LARGE.rows : Tile.LARGE.columns;
      if (product == 1 || k == 1) {
        long pitch = rows == 1 ? 0 : row;
        return fits(pitch, most, aligned && first && pitch % VECTOR == 0 ? 'i' : 'k');
      }
      if (row == 1 || rows == 1) {
        return fits(product, most, aligned && row == 1 && rows % VECTOR == 0 && product % VECTOR == 0 ? 'v' : 's');
      }
      return Optional.empty();
    }

    private static Optional<Side> fits(long pitch, int lines, char layout) {
      return pitch >= 0 && pitch * lines < FAR ? Optional.of(new Side(layout, List.of(pitch))) : Optional.empty();
    }

    /** How an operand of f64 lies. */
    static Side f64(long row, long product) {
      return new Side(product == 1 && row != 1 ? 'k' : 's', List.of(row, product));
    }
  }

  private AsyncProduct(MatMulKernel kernel, Style style, String source, List<Tile> tiles, Side a, Side b) {
    this.kernel = kernel;
    this.style = style;
    this.source = source;
    this.tiles = tiles;
    this.a = a;
    this.b = b;
  }

  /** The plan's maker, where the device has the kernels and the operands lie in memory as they want it. */
  static Optional<AsyncProduct> of(MatMulKernel kernel, Style style) {
    long largest = Math.max(kernel.m(), Math.max(kernel.n(), kernel.k()));
    if (kernel.k() == 0 || largest > Integer.MAX_VALUE) {
      return Optional.empty();
    }
    if (kernel.input() == DType.F32 && style.capability() >= LEAST) {
      return f32(kernel, style);
    }
    if (kernel.input() == DType.F64 && hasF64(style.capability()) && !MatMulPlanner.isSmall(kernel.m(), kernel.n(), kernel.k())) {
      return Optional.of(f64(kernel, style));
    }
    return Optional.empty();
  }

  private static Optional<AsyncProduct> f32(MatMulKernel kernel, Style style) {
    int rank = kernel.batch().rank();
    Affine x = kernel.a();
    Affine y = kernel.b();
    Optional<Side> a = Side.f32(kernel.m(), kernel.k(), x.stride(rank), x.stride(rank + 1), isAligned(x, rank), true);
    Optional<Side> b = Side.f32(kernel.n(), kernel.k(), y.stride(rank + 1), y.stride(rank), isAligned(y, rank), false);
    if (a.isEmpty() || b.isEmpty()) {
      return Optional.empty();
    }
    boolean aligned = (a.get().layout == 'i' || a.get().layout == 'v') && b.get().layout != 's';
    List<Tile> tiles = aligned ? List.of(Tile.MEDIUM, Tile.SMALL, Tile.LARGE) : List.of(Tile.MEDIUM);
    return Optional.of(new AsyncProduct(kernel, style, "matmul_async", tiles, a.get(), b.get()));
  }

  private static AsyncProduct f64(MatMulKernel kernel, Style style) {
    int rank = kernel.batch().rank();
    Side a = Side.f64(kernel.a().stride(rank), kernel.a().stride(rank + 1));
    Side b = Side.f64(kernel.b().stride(rank + 1), kernel.b().stride(rank));
    List<Tile> tiles = style.capability() < HOPPER ? List.of(Tile.F64_EARLY) : List.of(Tile.F64_MEDIUM, Tile.F64_SMALL);
    return new AsyncProduct(kernel, style, "matmul_dmma", tiles, a, b);
  }

  /**
   * Whether f64 tensor cores are worth using: on chips for data centres (8.0, 9.0, 10.x). On 8.6, 8.7, 8.9, 11.0 and 12.x they are no faster
   * than the other cores, which are few.
   */
  private static boolean hasF64(int capability) {
    return capability == LEAST || (capability >= HOPPER && capability < MOST_F64);
  }

  /** Whether each matrix of a batch, or each row of a matrix, begins at a whole vector: what the first {@code batchRank} indices tell apart. */
  static boolean isAligned(Affine address, int batchRank) {
    boolean aligned = address.offset() % VECTOR == 0;
    for (int d = 0; d < batchRank; d++) {
      aligned &= address.stride(d) % VECTOR == 0;
    }
    return aligned;
  }

  /** The cost of a kernel that moves so many bytes, as {@link #cost} counts. */
  static double launchCost(long bytes) {
    return LAUNCH + BYTE * bytes;
  }

  /** About how long the product takes: in f32 products of a multiprocessor at its best. */
  double cost() {
    return way().cost * slowness(a) * slowness(b);
  }

  private double slowness(Side side) {
    return kernel.input() == DType.F32 && side.layout != 'v' ? NOT_SIDE_BY_SIDE : 1;
  }

  /** A tile, and whether k is split. */
  private record Way(Tile tile, boolean split, double cost) {}

  private Way way() {
    Way best = way(tiles.getFirst());
    for (Tile tile : tiles.subList(1, tiles.size())) {
      Way other = way(tile);
      best = other.cost < best.cost ? other : best;
    }
    return best;
  }

  private Way way(Tile tile) {
    long blocks = MatMulPlanner.tiles(kernel.k(), MatMulKernel.K_BLOCK);
    long count = kernel.batch().size() * tile.count(kernel.m(), kernel.n());
    double whole = tile.cost(count, kernel.k(), style.processors());
    double outputs = (double) kernel.batch().size() * kernel.m() * kernel.n() * kernel.output().byteSize();
    double adding = LAUNCH + BYTE * outputs * (2 * blocks + 1);
    double split = tile.cost(count * blocks, MatMulKernel.K_BLOCK, style.processors()) + adding;
    return blocks > 1 && split < whole && outputs * blocks <= style.scratch() ? new Way(tile, true, split) : new Way(tile, false, whole);
  }

  Plan plan(List<Long> bytes) {
    Way way = way();
    long m = kernel.m();
    long n = kernel.n();
    long batch = kernel.batch().size();
    long split = way.split ? MatMulPlanner.tiles(kernel.k(), MatMulKernel.K_BLOCK) : 1;
    KernelSource module = Shipped.module(source, kernel.input(), way.tile.form + "" + a.layout + b.layout);
    Pieces pieces = new Pieces(style, module);
    Arg out = new Arg.Slot(2);
    Arg to = split > 1 ? new Arg.Temp(0) : out;
    long count = batch * split * way.tile.count(m, n);
    List<Object> args = new ArrayList<>();
    args.addAll(List.of(new Arg.Slot(0), new Arg.Slot(1), to, new Arg.Table(0), new Arg.Table(1)));
    args.addAll(List.of(count, batch, split, m, n, kernel.k()));
    args.addAll(a.strides);
    args.addAll(b.strides);
    pieces.tiles(way.tile, way.tile.shared(a.layout == 'i'), "tz_product", count, args.toArray());
    List<Long> temps = List.of();
    if (split > 1) {
      temps = List.of(split * bytes.getLast());
      pieces.each("tz_add_blocks", batch * m * n, to, out, split);
    }
    List<long[]> offsets = List.of(kernel.a().values(kernel.batch()), kernel.b().values(kernel.batch()));
    return new Plan(bytes, temps, offsets, pieces.steps(), null);
  }
}
