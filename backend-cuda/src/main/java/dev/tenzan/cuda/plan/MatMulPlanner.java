package dev.tenzan.cuda.plan;

import dev.tenzan.kernel.MatMulKernel;
import dev.tenzan.kernel.OperandFootprint;
import dev.tenzan.type.Affine;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.util.List;
import java.util.Optional;

/** Plans matrix products: tiles through shared memory, or one result after the other where a tile would be mostly empty. */
final class MatMulPlanner {
  /** The rows of a tile in {@code matmul.cu}; those of 8-byte types are half as many. */
  static final int TILE_ROWS = 128;

  /** The columns of a tile. */
  static final int TILE_COLUMNS = 64;

  /** Products with fewer rows or columns leave most of a tile empty. */
  private static final long NARROW = 8;

  /** Products with fewer multiplications are done before a tile's first part is in shared memory. */
  private static final double SMALL = 16_384;

  private MatMulPlanner() {}

  static Plan plan(MatMulKernel kernel, Style style) {
    long m = kernel.m();
    long n = kernel.n();
    long k = kernel.k();
    int rank = kernel.batch().rank();
    long batch = kernel.batch().size();
    long outputs = batch * m * n;
    List<Long> bytes =
        List.of(
            bytes(kernel, kernel.a(), m, k), bytes(kernel, kernel.b(), k, n), outputs * kernel.output().byteSize());
    if (outputs == 0) {
      return Plan.nothing(bytes);
    }
    Optional<Plan> fast = FastProduct.plan(kernel, style, bytes);
    if (fast.isPresent()) {
      return fast.get();
    }
    Affine a = kernel.a();
    Affine b = kernel.b();
    Optional<AsyncProduct> async = AsyncProduct.of(kernel, style);
    if (async.isPresent()) {
      return TurnedProduct.plan(kernel, async.get(), style, bytes);
    }
    Pieces pieces = new Pieces(style, "matmul", kernel.input());
    String suffix = kernel.output() == kernel.input() ? "" : "_i32";
    boolean small = isSmall(m, n, k);
    Arg x = new Arg.Slot(0);
    Arg y = new Arg.Slot(1);
    Arg out = new Arg.Slot(2);
    long tiles = small ? outputs : batch * tiles(m, rows(kernel.input())) * tiles(n, TILE_COLUMNS);
    Object[] args = {
      x, y, out, new Arg.Table(0), new Arg.Table(1), tiles, m, n, k, a.stride(rank), a.stride(rank + 1), b.stride(rank),
      b.stride(rank + 1)
    };
    if (small) {
      pieces.items("tz_product_small" + suffix, outputs, args);
    } else {
      pieces.tiles("tz_product" + suffix, tiles, args);
    }
    List<long[]> offsets = List.of(a.values(kernel.batch()), b.values(kernel.batch()));
    return new Plan(bytes, List.of(), offsets, pieces.steps(), null);
  }

  /** Whether one result after the other is the better way, or the only one: tiles count k in an int. */
  static boolean isSmall(long m, long n, long k) {
    return Math.min(m, n) < NARROW || (double) m * n * k < SMALL || k > Integer.MAX_VALUE;
  }

  private static int rows(DType input) {
    return input.compute().byteSize() == 8 ? TILE_ROWS / 2 : TILE_ROWS;
  }

  static long tiles(long length, int tile) {
    return (length + tile - 1) / tile;
  }

  private static long bytes(MatMulKernel kernel, Affine address, long rows, long columns) {
    return OperandFootprint.bytes("matmul", address, kernel.batch().concat(Shape.of(rows, columns)), kernel.input());
  }
}
