package dev.tenzan.bench.compare;

import dev.tenzan.bench.work.Limit;
import dev.tenzan.type.DType;
import java.util.List;

/**
 * Attention without a mask: {@code softmax(q k' / sqrt(width)) v}; the inputs are q, k and v, each
 * {@code [heads, tokens, width]}.
 *
 * @param heads the heads
 * @param tokens the queries, and the keys
 * @param width the width of a head
 */
public record Attention(int heads, int tokens, int width) implements Work {
  @Override
  public String group() {
    return "networks";
  }

  @Override
  public String name() {
    return "attention";
  }

  @Override
  public String size() {
    return heads + " heads " + Work.by(tokens, width);
  }

  @Override
  public List<HostArray.Spec> inputs() {
    HostArray.Spec spec = HostArray.Spec.of(DType.F32, heads, tokens, width).in(-2, 2);
    return List.of(spec, spec, spec);
  }

  @Override
  public double resultBytes() {
    return 4.0 * heads * tokens * width;
  }

  @Override
  public double flops() {
    return 4.0 * heads * tokens * tokens * width;
  }

  @Override
  public Limit limit() {
    return Limit.F32;
  }

  /** What the products of queries and keys are multiplied by. */
  public double scale() {
    return 1 / Math.sqrt(width);
  }
}
