package dev.tenzan.bench.compare;

import dev.tenzan.bench.work.Limit;
import java.util.List;
import java.util.Locale;

/**
 * A piece of work that any library can do: what it reads, what it computes and what that costs. It says nothing of how; a
 * {@link Library} knows.
 */
public sealed interface Work
    permits MatMul,
        Elementwise,
        BroadcastAdd,
        Reduce,
        Normalise,
        Transpose,
        Gather,
        CumulativeSum,
        Sort,
        TopK,
        Convolution,
        MaxPool,
        Attention,
        TrainingStep,
        FirstProduct {
  /** The section of the report that it belongs to. */
  String group();

  /** What is computed, for example {@code matmul f32}. */
  String name();

  /** The problem's size, for people. */
  String size();

  /** What it reads, in the order in which a library gets it. */
  List<HostArray.Spec> inputs();

  /** The bytes of the result. */
  double resultBytes();

  /** The floating-point or whole-number operations that it takes; 0 where they say nothing. */
  double flops();

  /** The ceiling of the processor that it is held against. */
  Limit limit();

  /** Name and size, by which users choose. */
  default String title() {
    return name() + " " + size();
  }

  /** The bytes that a program must read and write at least. */
  default double bytes() {
    return inputs().stream().mapToDouble(HostArray.Spec::bytes).sum() + resultBytes();
  }

  /** The extents of a table or tensor as text. */
  static String by(long... extents) {
    StringBuilder out = new StringBuilder();
    for (long e : extents) {
      out.append(out.isEmpty() ? "" : "x").append(e);
    }
    return out.toString();
  }

  /** An enum's name in lower case. */
  static String lower(Enum<?> e) {
    return e.name().toLowerCase(Locale.ROOT).replace('_', ' ');
  }
}
