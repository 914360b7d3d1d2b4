package dev.tenzan.opencl;

import dev.tenzan.conformance.BackendConformance;
import dev.tenzan.conformance.ConformanceKit;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The conformance kit on the first OpenCL device.
 *
 * <p>A device compiles some 6000 programs for the whole kit, which takes PoCL half an hour. So a part is run: operations of every kind
 * of kernel, and every sixteenth of the others, each with one dtype, another for each in turn. {@code -Dtenzan.conformance=full} runs all,
 * as does {@code ./tenzan conformance}.
 */
class OpenClConformanceTest extends BackendConformance {
  private static final boolean FULL = System.getProperty("tenzan.conformance", "").equals("full");

  /** Operations of every kind of kernel. */
  private static final Set<String> KINDS =
      Set.of("cast", "tanh", "sum", "softmax", "take", "matmul", "conv", "cumulativeSum", "scatterAdd", "sort", "argsort");

  private static final int EVERY = 16;

  private final Set<String> chosen = new HashSet<>();

  OpenClConformanceTest() {
    super("opencl:0");
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
      if (turn % EVERY == 0 || KINDS.contains(e.getKey())) {
        chosen.add(e.getValue().get(turn / EVERY % e.getValue().size()));
      }
      turn++;
    }
  }

  @Override
  protected boolean runs(ConformanceKit.Group group) {
    return FULL || chosen.contains(group.op());
  }
}
