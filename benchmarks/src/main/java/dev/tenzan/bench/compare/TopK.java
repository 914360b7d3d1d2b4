package dev.tenzan.bench.compare;

import dev.tenzan.bench.output.Units;
import dev.tenzan.bench.work.Limit;
import dev.tenzan.type.DType;
import java.util.List;

/**
 * The greatest elements of an f32 array, greatest first, with their positions; the result that is checked is the elements.
 *
 * @param k how many
 * @param length the array's elements
 */
public record TopK(int k, int length) implements Work {
  @Override
  public String group() {
    return "order";
  }

  @Override
  public String name() {
    return "top " + k;
  }

  @Override
  public String size() {
    return Units.count(length);
  }

  @Override
  public List<HostArray.Spec> inputs() {
    return List.of(HostArray.Spec.of(DType.F32, length));
  }

  @Override
  public double resultBytes() {
    return 12.0 * k;
  }

  @Override
  public double flops() {
    return 0;
  }

  @Override
  public Limit limit() {
    return Limit.NONE;
  }
}
