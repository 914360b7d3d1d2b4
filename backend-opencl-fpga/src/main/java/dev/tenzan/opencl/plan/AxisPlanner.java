package dev.tenzan.opencl.plan;

import static dev.tenzan.opencl.plan.Pieces.UNITS;

import dev.tenzan.kernel.ScanKernel;
import dev.tenzan.kernel.ScatterKernel;
import dev.tenzan.kernel.SortKernel;
import dev.tenzan.opencl.loop.Scalars;
import dev.tenzan.scalar.ReduceOp;
import dev.tenzan.type.DType;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Plans the kernels that work along one axis: scans, scatters, sorts. */
final class AxisPlanner {
  private AxisPlanner() {}

  private static String head(DType dtype, @Nullable ReduceOp combine) {
    String label = dtype.label();
    String head =
        "#define T tz_t_" + label + "\n#define LOAD(p, i) tz_load_" + label + "(p, i)\n#define STORE(p, i, v) tz_store_" + label
            + "(p, i, v)\n#define ACC " + Scalars.type(dtype.compute()) + "\n";
    return combine == null
        ? head
        : head + "#define COMBINE(a, b) (" + Scalars.binary(combine.combine(), dtype.compute(), "(a)", "(b)") + ")\n";
  }

  static Plan scan(ScanKernel k, Style style) {
    long lines = k.outer() * k.inner();
    long elements = lines * k.length();
    List<Long> bytes = List.of(elements * k.dtype().byteSize(), elements * k.dtype().byteSize());
    if (elements == 0) {
      return new Plan(bytes, List.of(), List.of(), List.of(), null);
    }
    long blocks = (k.length() + ScanKernel.BLOCK - 1) / ScanKernel.BLOCK;
    String head = "#define SCAN " + ScanKernel.BLOCK + "\n" + head(k.dtype(), k.op());
    Pieces pieces = new Pieces(style, head, k.dtype() == DType.F64, "axis.cl");
    double cost = 4.0 * Math.min(k.length(), ScanKernel.BLOCK);
    if (blocks > 1) {
      pieces.add(
          "tz_scan_blocks", lines * blocks, cost, new Arg.Slot(0), new Arg.Temp(0), k.length(), k.inner(), blocks, UNITS);
      pieces.add("tz_scan_carry", lines, 4.0 * blocks, new Arg.Temp(0), blocks, UNITS);
    }
    pieces.add(
        "tz_scan", lines * blocks, cost, new Arg.Slot(0), new Arg.Temp(0), new Arg.Slot(1), k.length(), k.inner(), blocks, UNITS);
    long temp = lines * blocks * accumulatorBytes(k.dtype());
    return new Plan(bytes, List.of(temp), List.of(), pieces.steps(), null);
  }

  private static long accumulatorBytes(DType dtype) {
    return dtype == DType.BOOL ? 4 : dtype.compute().byteSize();
  }

  static Plan scatter(ScatterKernel k, Style style) {
    long columns = k.outer() * k.inner();
    int size = k.dtype().byteSize();
    List<Long> bytes =
        List.of(columns * k.extent() * size, k.count() * 8, columns * k.count() * size, columns * k.extent() * size);
    String head = "#define SCATTER\n" + head(k.dtype(), k.combine());
    Pieces pieces = new Pieces(style, head, k.dtype() == DType.F64, "axis.cl");
    pieces.add("tz_scatter_check", k.count(), 4, new Arg.Slot(1), new Arg.Status(), k.extent(), UNITS);
    pieces.add("tz_scatter_base", columns * k.extent(), 1, new Arg.Slot(0), new Arg.Slot(3), UNITS);
    if (k.count() > 0) {
      pieces.add(
          "tz_scatter", columns, 6.0 * k.count(), new Arg.Slot(1), new Arg.Slot(2), new Arg.Slot(3), k.extent(), k.inner(),
          k.count(), UNITS);
    }
    return new Plan(bytes, List.of(), List.of(), pieces.steps(), Plan.Check.SCATTER);
  }

  static Plan sort(SortKernel k, Style style) {
    long elements = k.outer() * k.length() * k.inner();
    boolean wide = k.dtype() == DType.F64 || k.dtype() == DType.I64;
    long keyBytes = wide ? 8 : 4;
    long results = k.outer() * k.count() * k.inner();
    List<Long> bytes = List.of(elements * k.dtype().byteSize(), results * k.outputs().getFirst().byteSize());
    if (results == 0) {
      return new Plan(bytes, List.of(), List.of(), List.of(), null);
    }
    String head =
        "#define SORT\n" + head(k.dtype(), null) + "#define KEY " + (wide ? "ulong" : "uint") + "\n#define TO_KEY(v) ("
            + (k.descending() ? "~" : "") + key(k.dtype()) + ")\n";
    Pieces pieces = new Pieces(style, head, k.dtype() == DType.F64, "axis.cl");
    pieces.add(
        "tz_sort_keys", elements, 8, new Arg.Slot(0), new Arg.Temp(0), new Arg.Temp(1), k.length(), k.inner(), UNITS);
    int from = 0;
    for (long width = 1; width < k.length(); width *= 2) {
      int to = 2 - from;
      pieces.add(
          "tz_sort_merge", elements, 20 + 6 * Math.log(width + 1.0), new Arg.Temp(from), new Arg.Temp(from + 1), new Arg.Temp(to),
          new Arg.Temp(to + 1), k.length(), width, UNITS);
      from = to;
    }
    if (k.indices()) {
      pieces.add(
          "tz_sort_positions", results, 4, new Arg.Temp(from + 1), new Arg.Slot(1), k.length(), k.inner(), k.count(), UNITS);
    } else {
      pieces.add(
          "tz_sort_values", results, 4, new Arg.Slot(0), new Arg.Temp(from + 1), new Arg.Slot(1), k.length(), k.inner(), k.count(),
          UNITS);
    }
    List<Long> temps = List.of(elements * keyBytes, elements * 4, elements * keyBytes, elements * 4);
    return new Plan(bytes, temps, List.of(), pieces.steps(), null);
  }

  /**
   * An unsigned number that rises as the order does. The bits of a float rise with its magnitude; so those of a negative one are
   * flipped, and of the others only the sign. NaN is the greatest.
   */
  private static String key(DType dtype) {
    return switch (dtype) {
      case F64 -> "((v) != (v) ? ~0ul : (as_ulong(v) ^ ((as_ulong(v) >> 63) != 0 ? ~0ul : 0x8000000000000000ul)))";
      case F32, F16, BF16 -> "((v) != (v) ? ~0u : (as_uint(v) ^ ((as_uint(v) >> 31) != 0 ? ~0u : 0x80000000u)))";
      case I64 -> "((ulong)(v) ^ 0x8000000000000000ul)";
      case I32, I16, I8, U8, BOOL -> "((uint)(v) ^ 0x80000000u)";
    };
  }
}
