package dev.tenzan.opencl;

import dev.tenzan.conformance.BackendConformance;
import dev.tenzan.conformance.ConformanceKit;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The conformance kit on the first OpenCL device.
 *
 * <p>A device compiles some 6000 programs for the whole kit, which takes PoCL a quarter of an hour. So of every operation one dtype
 * is run, another for each operation in turn; {@code -Dtenzan.conformance=full} runs all, as does {@code ./tenzan conformance}.
 */
class OpenClConformanceTest extends BackendConformance {
  private static final boolean FULL = System.getProperty("tenzan.conformance", "").equals("full");

  private final Map<String, String> chosen = new HashMap<>();

  OpenClConformanceTest() {
    super("opencl:0");
    Map<String, List<String>> dtypes = new java.util.LinkedHashMap<>();
    for (ConformanceKit.Group g : ConformanceKit.groups(_ -> true)) {
      dtypes.computeIfAbsent(operation(g), _ -> new java.util.ArrayList<>()).add(g.op());
    }
    int turn = 0;
    for (Map.Entry<String, List<String>> e : dtypes.entrySet()) {
      chosen.put(e.getKey(), e.getValue().get(turn++ % e.getValue().size()));
    }
  }

  private static String operation(ConformanceKit.Group group) {
    return group.op().substring(0, group.op().lastIndexOf('.'));
  }

  @Override
  protected boolean runs(ConformanceKit.Group group) {
    return FULL || group.op().equals(chosen.get(operation(group)));
  }
}
