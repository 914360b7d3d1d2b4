package dev.tenzan.cuda.plan;

import dev.tenzan.kernel.ScanKernel;
import dev.tenzan.type.DType;
import java.util.Locale;

/**
 * How a scan is cut into the tiles of {@code axis.cu}, which says what a tile and its units are.
 *
 * @param k the scan
 * @param rows whether a tile is contiguous memory; otherwise its threads have neighbouring columns
 * @param threads the threads of a block, which are the units of a tile
 * @param blocks the blocks of a line
 * @param down how many of them a tile takes
 * @param group the outer indices of a tile: several where it has room for all blocks of all their lines
 */
record ScanTiles(ScanKernel k, boolean rows, int threads, long blocks, long down, long group) {
  /** All in one launch: a block walks whole lines. */
  static final long ALL = 0;

  /** Writes the last result of each unit. */
  static final long LAST = 1;

  /** Writes the results, from the carries. */
  static final long RESULT = 2;

  /** The bytes of a row of a tile of columns. */
  private static final int ROW = 128;

  static ScanTiles of(ScanKernel k, Style style) {
    int threads = k.dtype().compute().byteSize() == 8 ? 64 : 128; // UNITS
    long blocks = Math.ceilDiv(k.length(), ScanKernel.BLOCK);
    if (k.inner() > threads / 2) {
      return new ScanTiles(k, false, threads, blocks, threads / across(k.dtype()), 1);
    }
    long down = Math.min(blocks, threads / k.inner());
    // Not so many lines to a tile that processors have none.
    long group = down < blocks ? 1 : Math.clamp(k.outer() / style.processors(), 1, threads / (blocks * k.inner()));
    return new ScanTiles(k, true, threads, blocks, down, group);
  }

  private static int across(DType dtype) {
    return Math.max(Style.WARP, ROW / dtype.byteSize());
  }

  /** The tiles of a line. */
  long steps() {
    return Math.ceilDiv(blocks, down);
  }

  /** The number of blocks that walk whole lines. */
  long walks() {
    return rows ? Math.ceilDiv(k.outer(), group) : k.outer() * Math.ceilDiv(k.inner(), across(k.dtype()));
  }

  /** Adds the launch of a phase. */
  void add(Pieces pieces, long phase, Arg in, Arg part, Arg out) {
    long tiles = phase == ALL ? walks() : walks() * steps();
    String op = k.op().name().toLowerCase(Locale.ROOT);
    if (rows) {
      pieces.blocks(
          "tz_scan_rows_" + op, threads, tiles, in, part, out, k.outer(), k.length(), k.inner(), blocks, phase, down, group);
    } else {
      pieces.blocks("tz_scan_columns_" + op, threads, tiles, in, part, out, k.outer(), k.length(), k.inner(), blocks, phase);
    }
  }
}
