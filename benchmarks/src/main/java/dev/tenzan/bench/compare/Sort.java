package dev.tenzan.bench.compare;

import dev.tenzan.bench.output.Units;
import dev.tenzan.bench.work.Limit;
import dev.tenzan.type.DType;
import java.util.List;

/**
 * An f32 array in rising order.
 *
 * @param length its elements
 */
public record Sort(int length) implements Work {
  @Override
  public String group() {
    return "order";
  }

  @Override
  public String name() {
    return "sort";
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
    return 4.0 * length;
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
