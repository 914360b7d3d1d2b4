package dev.tenzan.bench.compare;

import dev.tenzan.bench.output.Units;
import dev.tenzan.bench.work.Limit;
import dev.tenzan.type.DType;
import java.util.List;

/**
 * The running sums of the rows of an f32 matrix, or of an array where {@code rows} is 1.
 *
 * @param rows the matrix' rows
 * @param columns its columns
 */
public record CumulativeSum(int rows, int columns) implements Work {
  @Override
  public String group() {
    return "order";
  }

  @Override
  public String name() {
    return "cumulative sum";
  }

  @Override
  public String size() {
    return rows == 1 ? Units.count(columns) : Work.by(rows, columns);
  }

  @Override
  public List<HostArray.Spec> inputs() {
    HostArray.Spec spec =
        rows == 1 ? HostArray.Spec.of(DType.F32, columns) : HostArray.Spec.of(DType.F32, rows, columns);
    return List.of(spec.in(0, 1));
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

  /** The axis that is summed along. */
  public int axis() {
    return rows == 1 ? 0 : 1;
  }
}
