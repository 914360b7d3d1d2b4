package dev.tenzan.bench.compare;

import dev.tenzan.bench.work.Limit;
import dev.tenzan.type.DType;
import java.util.List;

/**
 * The sum of a matrix and a row or a column that is repeated.
 *
 * @param along what is repeated
 * @param rows the matrix' rows
 * @param columns its columns
 */
public record BroadcastAdd(Along along, int rows, int columns) implements Work {
  /** What is added to every row or column. */
  public enum Along {
    /** A row, {@code [columns]}. */
    ROW,
    /** A column, {@code [rows, 1]}. */
    COLUMN
  }

  @Override
  public String group() {
    return "elementwise";
  }

  @Override
  public String name() {
    return "add a " + Work.lower(along);
  }

  @Override
  public String size() {
    return Work.by(rows, columns);
  }

  @Override
  public List<HostArray.Spec> inputs() {
    HostArray.Spec small =
        along == Along.ROW ? HostArray.Spec.of(DType.F32, columns) : HostArray.Spec.of(DType.F32, rows, 1);
    return List.of(HostArray.Spec.of(DType.F32, rows, columns), small);
  }

  @Override
  public double resultBytes() {
    return 4.0 * rows * columns;
  }

  @Override
  public double flops() {
    return (double) rows * columns;
  }

  @Override
  public Limit limit() {
    return Limit.COPY;
  }
}
