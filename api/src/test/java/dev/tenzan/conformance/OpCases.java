package dev.tenzan.conformance;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** The list of cases: what every operation must do. It drives the tests, the table of operations and whatever else walks over them. */
public final class OpCases {
  private static final List<OpCase> ALL = build();

  private OpCases() {}

  /** Every case, in the order of docs/ops.md. */
  public static List<OpCase> all() {
    return ALL;
  }

  private static List<OpCase> build() {
    List<OpCase> all = new ArrayList<>();
    UnaryCases.add(all);
    BinaryCases.add(all);
    CastCases.add(all);
    ReductionCases.add(all);
    MovementCases.add(all);
    IndexingCases.add(all);
    ProductCases.add(all);
    ConvolutionCases.add(all);
    ActivationCases.add(all);
    CreationCases.add(all);
    Set<String> names = new HashSet<>();
    for (OpCase c : all) {
      if (!names.add(c.name())) {
        throw new IllegalStateException("two cases are called " + c.name());
      }
    }
    return List.copyOf(all);
  }
}
