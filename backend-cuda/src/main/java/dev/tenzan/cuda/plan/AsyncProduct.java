package dev.tenzan.cuda.plan;

import dev.tenzan.cuda.program.KernelSource;
import dev.tenzan.cuda.program.Shipped;
import dev.tenzan.kernel.MatMulKernel;
import dev.tenzan.type.Affine;
import dev.tenzan.type.DType;
import java.util.List;
import java.util.Optional;

/**
 * Plans a product of f32 matrices with the kernels of {@code matmul_async.cu}. Where there are too few tiles for the device, the blocks of k
 * are products of their own, whose results a second kernel adds in order: the bits are the same.
 */
final class AsyncProduct {
  /** The least compute capability. */
  static final int LEAST = 80;

  private static final int VECTOR = 4;

  /** Offsets within a tile are unsigned ints. */
  private static final long FAR = 1L << 31;

  /** What a second kernel costs, and each byte that it moves, in products of a multiprocessor: measured on an H100. */
  private static final double LAUNCH = 350_000;

  private static final double BYTE = 0.06;

  private final MatMulKernel kernel;
  private final Style style;
  private final Side a;
  private final Side b;

  /** How an operand lies in memory: the letter of its layout in a module's name, and the elements from one line to the next. */
  private record Side(char layout, long pitch) {
    /**
     * How an operand lies.
     *
     * @param rows its rows; of the second operand its columns
     * @param row the elements from row to row
     * @param product the elements from product to product
     * @param first whether it is the first operand, whose panels may have a line for each row
     */
    static Optional<Side> of(long rows, long k, long row, long product, boolean aligned, boolean first) {
      if (product == 1 || k == 1) {
        long pitch = rows == 1 ? 0 : row;
        return fits(pitch, aligned && first && pitch % VECTOR == 0 ? 'i' : 'k');
      }
      if (row == 1 || rows == 1) {
        return fits(product, aligned && row == 1 && rows % VECTOR == 0 && product % VECTOR == 0 ? 'v' : 's');
      }
      return Optional.empty();
    }

    private static Optional<Side> fits(long pitch, char layout) {
      return pitch >= 0 && pitch * Tile.LARGE.columns < FAR ? Optional.of(new Side(layout, pitch)) : Optional.empty();
    }
  }

  private AsyncProduct(MatMulKernel kernel, Style style, Side a, Side b) {
    this.kernel = kernel;
    this.style = style;
    this.a = a;
    this.b = b;
  }

  /** The plan's maker, where the device has the kernels and the operands lie in memory as they want it. */
  static Optional<AsyncProduct> of(MatMulKernel kernel, Style style) {
    long largest = Math.max(kernel.m(), Math.max(kernel.n(), kernel.k()));
    if (kernel.input() != DType.F32 || style.capability() < LEAST || kernel.k() == 0 || largest > Integer.MAX_VALUE) {
      return Optional.empty();
    }
    int rank = kernel.batch().rank();
    Affine x = kernel.a();
    Affine y = kernel.b();
    Optional<Side> a = Side.of(kernel.m(), kernel.k(), x.stride(rank), x.stride(rank + 1), isAligned(x, rank), true);
    Optional<Side> b = Side.of(kernel.n(), kernel.k(), y.stride(rank + 1), y.stride(rank), isAligned(y, rank), false);
    return a.isPresent() && b.isPresent() ? Optional.of(new AsyncProduct(kernel, style, a.get(), b.get())) : Optional.empty();
  }

  /** Whether each matrix of a batch begins at a whole vector. */
  private static boolean isAligned(Affine address, int batchRank) {
    boolean aligned = address.offset() % VECTOR == 0;
    for (int d = 0; d < batchRank; d++) {
      aligned &= address.stride(d) % VECTOR == 0;
    }
    return aligned;
  }

  /** A tile, and whether k is split. */
  private record Way(Tile tile, boolean split, double cost) {}

  private Way way() {
    Way best = way(Tile.MEDIUM);
    if ((a.layout == 'i' || a.layout == 'v') && b.layout != 's') { // the other tiles are for operands that are aligned
      for (Tile tile : List.of(Tile.SMALL, Tile.LARGE)) {
        Way other = way(tile);
        best = other.cost < best.cost ? other : best;
      }
    }
    return best;
  }

  private Way way(Tile tile) {
    long blocks = MatMulPlanner.tiles(kernel.k(), MatMulKernel.K_BLOCK);
    long tiles = kernel.batch().size() * tile.count(kernel.m(), kernel.n());
    double whole = tile.cost(tiles, kernel.k(), style.processors());
    double added = LAUNCH + BYTE * Float.BYTES * kernel.batch().size() * kernel.m() * kernel.n() * (2 * blocks + 1);
    double split = tile.cost(tiles * blocks, MatMulKernel.K_BLOCK, style.processors()) + added;
    return blocks > 1 && split < whole ? new Way(tile, true, split) : new Way(tile, false, whole);
  }

  Plan plan(List<Long> bytes) {
    Way way = way();
    long m = kernel.m();
    long n = kernel.n();
    long batch = kernel.batch().size();
    long split = way.split ? MatMulPlanner.tiles(kernel.k(), MatMulKernel.K_BLOCK) : 1;
    KernelSource source = Shipped.module("matmul_async", DType.F32, way.tile.ordinal() + "" + a.layout + b.layout);
    Pieces pieces = new Pieces(style, source);
    Arg out = new Arg.Slot(2);
    Arg to = split > 1 ? new Arg.Temp(0) : out;
    long tiles = batch * split * way.tile.count(m, n);
    pieces.tiles(way.tile, way.tile.shared(a.layout == 'i'), "tz_product", tiles, new Arg.Slot(0), new Arg.Slot(1), to, new Arg.Table(0),
        new Arg.Table(1), tiles, batch, split, m, n, kernel.k(), a.pitch, b.pitch);
    List<Long> temps = List.of();
    if (split > 1) {
      temps = List.of(split * bytes.getLast());
      pieces.each("tz_add_blocks", batch * m * n, to, out, split);
    }
    List<long[]> offsets = List.of(kernel.a().values(kernel.batch()), kernel.b().values(kernel.batch()));
    return new Plan(bytes, temps, offsets, pieces.steps(), null);
  }
}
