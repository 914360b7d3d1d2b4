package dev.tenzan.bench.compare;

import dev.tenzan.bench.output.Units;
import dev.tenzan.bench.work.Limit;
import dev.tenzan.type.DType;
import java.util.List;

/**
 * A reduction of an f32 matrix, or of an array where {@code rows} is 1 and all is reduced.
 *
 * @param reduction what is computed
 * @param over what is left
 * @param rows the matrix' rows
 * @param columns its columns
 */
public record Reduce(Reduction reduction, Over over, int rows, int columns) implements Work {
  /** What a reduction computes. */
  public enum Reduction {
    /** The sum. */
    SUM,
    /** The greatest value. */
    MAX,
    /** The position of the greatest value, of any of them where it occurs more than once. */
    ARGMAX
  }

  /** What a reduction makes of a matrix. */
  public enum Over {
    /** One number. */
    ALL(""),
    /** One number for each row. */
    ROWS(" of rows"),
    /** One number for each column. */
    COLUMNS(" of columns");

    private final String label;

    Over(String label) {
      this.label = label;
    }
  }

  @Override
  public String group() {
    return "reductions";
  }

  @Override
  public String name() {
    return Work.lower(reduction) + over.label;
  }

  @Override
  public String size() {
    return rows == 1 ? Units.count(columns) : Work.by(rows, columns);
  }

  /** Positive numbers: their sum is far from 0, so that a wrong one shows. */
  @Override
  public List<HostArray.Spec> inputs() {
    HostArray.Spec spec =
        rows == 1 ? HostArray.Spec.of(DType.F32, columns) : HostArray.Spec.of(DType.F32, rows, columns);
    return List.of(spec.in(0, 1));
  }

  /** The elements of the result. */
  public int results() {
    return switch (over) {
      case ALL -> 1;
      case ROWS -> rows;
      case COLUMNS -> columns;
    };
  }

  @Override
  public double resultBytes() {
    return (reduction == Reduction.ARGMAX ? 8.0 : 4.0) * results();
  }

  @Override
  public double flops() {
    return (double) rows * columns;
  }

  @Override
  public Limit limit() {
    return Limit.READ;
  }
}
