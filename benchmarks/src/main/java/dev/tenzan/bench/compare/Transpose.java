package dev.tenzan.bench.compare;

import dev.tenzan.bench.work.Limit;
import dev.tenzan.type.DType;
import java.util.List;

/**
 * A transposed copy of an f32 matrix: the result lies row by row in memory.
 *
 * @param rows the matrix' rows
 * @param columns its columns
 */
public record Transpose(int rows, int columns) implements Work {
  @Override
  public String group() {
    return "movement";
  }

  @Override
  public String name() {
    return "transposed copy";
  }

  @Override
  public String size() {
    return Work.by(rows, columns);
  }

  @Override
  public List<HostArray.Spec> inputs() {
    return List.of(HostArray.Spec.of(DType.F32, rows, columns));
  }

  @Override
  public double resultBytes() {
    return 4.0 * rows * columns;
  }

  @Override
  public double flops() {
    return 0;
  }

  @Override
  public Limit limit() {
    return Limit.COPY;
  }
}
