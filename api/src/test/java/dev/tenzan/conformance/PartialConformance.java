package dev.tenzan.conformance;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A part of the conformance kit as JUnit tests, for devices that need too long for all of it: operations of every kind of kernel, and
 * every so many-th of the others, each with one dtype, another for each in turn. {@code -Dtenzan.conformance=full} runs all, as does
 * {@code ./tenzan conformance}.
 */
public abstract class PartialConformance extends BackendConformance {
  private static final boolean FULL = System.getProperty("tenzan.conformance", "").equals("full");

  /** Operations of every kind of kernel. */
  private static final Set<String> KINDS =
      Set.of("cast", "tanh", "sum", "softmax", "take", "matmul", "conv", "cumulativeSum", "scatterAdd", "sort", "argsort");

  private final Set<String> chosen = new HashSet<>();

  /**
   * Tests for the device of a name.
   *
   * @param every how many operations there are to one that is run
   */
  protected PartialConformance(String name, int every) {
    super(name);
    Map<String, List<String>> dtypes = new LinkedHashMap<>();
    for (ConformanceKit.Group g : ConformanceKit.groups(_ -> true)) {
      int dot = g.op().lastIndexOf('.');
      dtypes.computeIfAbsent(g.op().substring(0, dot), _ -> new ArrayList<>()).add(g.op());
    }
    Set<String> missing = new HashSet<>(KINDS);
    missing.removeAll(dtypes.keySet());
    if (!missing.isEmpty()) {
      throw new IllegalStateException("the kit has no operations " + missing);
    }
    int turn = 0;
    for (Map.Entry<String, List<String>> e : dtypes.entrySet()) {
      if (turn % every == 0 || KINDS.contains(e.getKey())) {
        chosen.add(e.getValue().get(turn / every % e.getValue().size()));
      }
      turn++;
    }
  }

  @Override
  protected boolean runs(ConformanceKit.Group group) {
    return FULL || chosen.contains(group.op());
  }
}
