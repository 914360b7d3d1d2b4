package dev.tenzan.cuda.plan;

import dev.tenzan.kernel.ScanKernel;
import dev.tenzan.kernel.ScatterKernel;
import dev.tenzan.scalar.ReduceOp;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Plans the kernels that work along one axis: scans and scatters. */
final class AxisPlanner {
  /** The most tiles that a block of a launch walks where there are few blocks: three launches take longer. */
  private static final long STEPS = 4;

  /** The blocks of a multiprocessor from which on they walk whole lines: together they keep memory busy. */
  private static final long WALKS = 2;

  /** The lines of a block of {@code tz_scan_carry}. */
  private static final long CARRY_LINES = 8;

  /** An address that a kernel does not use. */
  private static final Arg NONE = new Arg.Number(0);

  private AxisPlanner() {}

  private static String name(ReduceOp op) {
    return op.name().toLowerCase(Locale.ROOT);
  }

  static Plan scan(ScanKernel k, Style style) {
    long elements = k.outer() * k.length() * k.inner();
    List<Long> bytes = List.of(elements * k.dtype().byteSize(), elements * k.dtype().byteSize());
    if (elements == 0) {
      return Plan.nothing(bytes);
    }
    Pieces pieces = new Pieces(style, "axis", k.dtype());
    List<Long> temps = new ArrayList<>();
    scan(k, new Arg.Slot(0), new Arg.Slot(1), style, pieces, temps);
    return new Plan(bytes, temps, List.of(), pieces.steps(), null);
  }

  /** Adds a scan in one phase, or where so few tiles would not fill the device and have far to walk, in phases. */
  private static void scan(ScanKernel k, Arg in, Arg out, Style style, Pieces pieces, List<Long> temps) {
    ScanTiles tiles = ScanTiles.of(k, style);
    if (tiles.steps() <= STEPS || tiles.walks() >= WALKS * style.processors()) {
      tiles.add(pieces, ScanTiles.ALL, in, NONE, out);
      return;
    }
    boolean chained = k.dtype().isFloat() && (k.op() == ReduceOp.SUM || k.op() == ReduceOp.PROD);
    long units = k.outer() * tiles.blocks() * k.inner();
    long bytes = units * (chained ? k.dtype().compute() : k.dtype()).byteSize();
    Arg last = new Arg.Temp(temps.size());
    temps.add(bytes);
    tiles.add(pieces, ScanTiles.LAST, in, last, NONE);
    Arg carries = last;
    if (chained) {
      long columns = k.outer() * Math.ceilDiv(k.inner(), CARRY_LINES);
      pieces.tiles("tz_scan_carry_" + name(k.op()), columns, last, k.outer(), k.inner(), tiles.blocks());
    } else {
      carries = new Arg.Temp(temps.size());
      temps.add(bytes);
      scan(new ScanKernel(k.op(), k.dtype(), k.outer(), tiles.blocks(), k.inner()), last, carries, style, pieces, temps);
    }
    tiles.add(pieces, ScanTiles.RESULT, in, carries, out);
  }

  static Plan scatter(ScatterKernel k, Style style) {
    long columns = k.outer() * k.inner();
    int size = k.dtype().byteSize();
    List<Long> bytes =
        List.of(columns * k.extent() * size, k.count() * 8, columns * k.count() * size, columns * k.extent() * size);
    ReduceOp combine = k.combine();
    Pieces pieces = new Pieces(style, "axis", k.dtype());
    pieces.each("tz_scatter_check", k.count(), new Arg.Slot(1), new Arg.Status(), k.extent());
    pieces.each("tz_scatter_base", columns * k.extent(), new Arg.Slot(0), new Arg.Slot(3));
    if (k.count() > 0) {
      pieces.each(
          "tz_scatter_" + (combine == null ? "replace" : name(combine)), columns, new Arg.Slot(1), new Arg.Slot(2), new Arg.Slot(3),
          k.extent(), k.inner(), k.count());
    }
    return new Plan(bytes, List.of(), List.of(), pieces.steps(), Plan.Check.SCATTER);
  }
}
