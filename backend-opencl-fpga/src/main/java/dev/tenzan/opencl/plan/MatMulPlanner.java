package dev.tenzan.opencl.plan;

import static dev.tenzan.opencl.plan.Pieces.UNITS;

import dev.tenzan.kernel.MatMulKernel;
import dev.tenzan.kernel.OperandFootprint;
import dev.tenzan.type.Affine;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.util.Arrays;
import java.util.List;

/** Plans matrix products: the operands are copied into panels, then a kernel makes tiles of the result. */
final class MatMulPlanner {
  /** Products with fewer multiplications are computed straight from the operands. */
  private static final double SMALL = 16_384;

  private MatMulPlanner() {}

  /** A matrix operand: the offset of each batch, and the strides of its free and its contracted axis. */
  private record Operand(int slot, long[] offsets, long rows, long rowStride, long kStride) {
    /** The number of different matrices. */
    long batches() {
      return Arrays.stream(offsets).allMatch(o -> o == offsets[0]) ? 1 : offsets.length;
    }

    long[] different() {
      return batches() == 1 ? new long[] {offsets[0]} : offsets;
    }
  }

  static Plan plan(MatMulKernel kernel, Style style) {
    long batch = kernel.batch().size();
    int rank = kernel.batch().rank();
    long outputs = batch * kernel.m() * kernel.n();
    List<Long> bytes =
        List.of(
            bytes(kernel, kernel.a(), kernel.m(), kernel.k()),
            bytes(kernel, kernel.b(), kernel.k(), kernel.n()),
            outputs * kernel.output().byteSize());
    if (outputs == 0) {
      return new Plan(bytes, List.of(), List.of(), List.of(), null);
    }
    Operand a =
        new Operand(0, kernel.a().values(kernel.batch()), kernel.m(), kernel.a().stride(rank), kernel.a().stride(rank + 1));
    Operand b =
        new Operand(1, kernel.b().values(kernel.batch()), kernel.n(), kernel.b().stride(rank + 1), kernel.b().stride(rank));
    ProductText text = ProductText.of(kernel.input(), kernel.output(), style);
    Pieces pieces = Pieces.products(style, text.head(), kernel.input() == DType.F64);
    if (!style.single() && (double) kernel.m() * kernel.n() * kernel.k() < SMALL) {
      pieces.add(
          "tz_product_small", outputs, 4.0 * kernel.k(), new Arg.Slot(0), new Arg.Slot(1), new Arg.Slot(2), new Arg.Table(0),
          new Arg.Table(1), UNITS, kernel.m(), kernel.n(), kernel.k(), a.rowStride, a.kStride, b.kStride, b.rowStride);
      return new Plan(bytes, List.of(), List.of(a.offsets, b.offsets), pieces.steps(), null);
    }
    // Vectors run along the columns of a tile; so a product with few columns is computed as its transpose.
    boolean transposed = kernel.n() < text.columns() && kernel.n() < kernel.m();
    Operand rows = transposed ? b : a;
    Operand columns = transposed ? a : b;
    long k = kernel.k();
    long rowPanels = panels(rows.rows, text.rows());
    long columnPanels = panels(columns.rows, text.columns());
    pack(pieces, "tz_pack_rows", rows, 0, k, rowPanels, text.rows());
    pack(pieces, "tz_pack_columns", columns, 1, k, columnPanels, text.columns());
    double cost = (double) text.rows() * text.columns() * k / 8;
    long outRow = transposed ? 1 : kernel.n();
    long outColumn = transposed ? kernel.n() : 1;
    Object[] sizes = {rows.rows, columns.rows, k, rowPanels, columnPanels, rows.batches(), columns.batches(), outRow, outColumn};
    pieces.products(text, 0, batch * columnPanels, rowPanels, cost, sizes);
    long rowBytes = Math.multiplyExact(rows.batches() * rowPanels * text.rows() * text.bytes(), k);
    long columnBytes = Math.multiplyExact(columns.batches() * columnPanels * text.columns() * text.bytes(), k);
    return new Plan(
        bytes, List.of(rowBytes, columnBytes), List.of(rows.different(), columns.different()), pieces.steps(), null);
  }

  private static void pack(Pieces pieces, String entry, Operand o, int temp, long k, long panels, int width) {
    pieces.add(
        entry, o.batches() * panels, 2.0 * k * width, new Arg.Slot(o.slot), new Arg.Temp(temp), new Arg.Table(temp), o.rows, k,
        o.rowStride, o.kStride, panels, UNITS);
  }

  static long panels(long rows, int width) {
    return (rows + width - 1) / width;
  }

  private static long bytes(MatMulKernel kernel, Affine address, long rows, long columns) {
    return OperandFootprint.bytes("matmul", address, kernel.batch().concat(Shape.of(rows, columns)), kernel.input());
  }
}
