package dev.tenzan.bench.compare;

import dev.tenzan.bench.work.Limit;
import dev.tenzan.type.DType;
import java.util.List;

/**
 * Rows of an f32 table that indices name, as an embedding looks them up; the inputs are the table and the indices.
 *
 * @param rows the table's rows
 * @param columns its columns
 * @param indices the rows that are looked up
 */
public record Gather(int rows, int columns, int indices) implements Work {
  @Override
  public String group() {
    return "movement";
  }

  @Override
  public String name() {
    return "gather rows";
  }

  @Override
  public String size() {
    return indices + " of " + Work.by(rows, columns);
  }

  @Override
  public List<HostArray.Spec> inputs() {
    return List.of(HostArray.Spec.of(DType.F32, rows, columns), HostArray.Spec.indices(rows, indices));
  }

  @Override
  public double resultBytes() {
    return 4.0 * indices * columns;
  }

  @Override
  public double flops() {
    return 0;
  }

  @Override
  public Limit limit() {
    return Limit.COPY;
  }

  /** Of the table only what is looked up. */
  @Override
  public double bytes() {
    return 8.0 * indices + 2 * resultBytes();
  }
}
