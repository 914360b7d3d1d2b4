package dev.tenzan.cuda.plan;

import dev.tenzan.kernel.ScanKernel;
import dev.tenzan.kernel.ScatterKernel;
import dev.tenzan.kernel.SortKernel;
import dev.tenzan.scalar.ReduceOp;
import dev.tenzan.type.DType;
import java.util.List;
import java.util.Locale;

/** Plans the kernels that work along one axis: scans, scatters, sorts. */
final class AxisPlanner {
  private AxisPlanner() {}

  private static String name(ReduceOp op) {
    return op.name().toLowerCase(Locale.ROOT);
  }

  static Plan scan(ScanKernel k, Style style) {
    long lines = k.outer() * k.inner();
    long elements = lines * k.length();
    List<Long> bytes = List.of(elements * k.dtype().byteSize(), elements * k.dtype().byteSize());
    if (elements == 0) {
      return Plan.nothing(bytes);
    }
    long blocks = (k.length() + ScanKernel.BLOCK - 1) / ScanKernel.BLOCK;
    Arg in = new Arg.Slot(0);
    Arg part = new Arg.Temp(0);
    Pieces pieces = new Pieces(style, "axis", k.dtype());
    if (blocks > 1) {
      pieces.each("tz_scan_blocks_" + name(k.op()), lines * blocks, in, part, k.length(), k.inner(), blocks);
      pieces.each("tz_scan_carry_" + name(k.op()), lines, part, blocks);
    }
    pieces.each("tz_scan_" + name(k.op()), lines * blocks, in, part, new Arg.Slot(1), k.length(), k.inner(), blocks);
    long temp = lines * blocks * (k.dtype() == DType.BOOL ? 4 : k.dtype().compute().byteSize());
    return new Plan(bytes, List.of(temp), List.of(), pieces.steps(), null);
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

  static Plan sort(SortKernel k, Style style) {
    long elements = k.outer() * k.length() * k.inner();
    long results = k.outer() * k.count() * k.inner();
    List<Long> bytes = List.of(elements * k.dtype().byteSize(), results * k.outputs().getFirst().byteSize());
    if (results == 0) {
      return Plan.nothing(bytes);
    }
    Pieces pieces = new Pieces(style, "axis", k.dtype());
    long flip = k.descending() ? -1 : 0;
    pieces.each(
        "tz_sort_keys", elements, new Arg.Slot(0), new Arg.Temp(0), new Arg.Temp(1), k.length(), k.inner(), flip);
    int from = 0;
    for (long width = 1; width < k.length(); width *= 2) {
      int to = 2 - from;
      pieces.each(
          "tz_sort_merge", elements, new Arg.Temp(from), new Arg.Temp(from + 1), new Arg.Temp(to), new Arg.Temp(to + 1), k.length(),
          width);
      from = to;
    }
    if (k.indices()) {
      pieces.each("tz_sort_positions", results, new Arg.Temp(from + 1), new Arg.Slot(1), k.length(), k.inner(), k.count());
    } else {
      pieces.each(
          "tz_sort_values", results, new Arg.Slot(0), new Arg.Temp(from + 1), new Arg.Slot(1), k.length(), k.inner(), k.count());
    }
    long keyBytes = k.dtype() == DType.F64 || k.dtype() == DType.I64 ? 8 : 4;
    List<Long> temps = List.of(elements * keyBytes, elements * 4, elements * keyBytes, elements * 4);
    return new Plan(bytes, temps, List.of(), pieces.steps(), null);
  }
}
