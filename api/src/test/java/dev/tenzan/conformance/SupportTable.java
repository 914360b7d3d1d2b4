package dev.tenzan.conformance;

import dev.tenzan.Device;
import dev.tenzan.Devices;
import dev.tenzan.kernel.KernelSpec;
import dev.tenzan.spi.Support;
import dev.tenzan.type.DType;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** The table of operations, dtypes and devices: docs/ops.md. A device supports what it runs the first case of. */
public final class SupportTable {
  private static final String HEAD =
      """
      # Operations

      Generated from the conformance kit; do not edit. A test fails where this page is stale: `mvn verify -Dtenzan.update=docs` writes it.

      Each operation has cases for the dtypes of its row, and the cell of a device says which of them it runs: `all` of the row, or \
      which. Every result is compared with an independent oracle within a stated tolerance, and bit for bit with the `reference` \
      device. The numbers are cases; most run on inputs in several layouts. A column with `declared` in its head is that of a backend \
      which needs hardware: it says what the backend declares for a device with every ability, so that this page is the same on \
      every machine; `./tenzan conformance --device` runs the cases there.
      """;

  private SupportTable() {}

  /**
   * A device that has what another backend declares to support, and computes on {@code host}.
   *
   * @param supports what the backend answers for each kernel
   */
  public static Device declared(Device host, Function<KernelSpec, Support> supports) {
    return Devices.wrapped(host, b -> new DeclaredBackend(b, supports));
  }

  /** The page for some devices, by the heads of their columns. */
  public static String markdown(Map<String, Device> columns) {
    List<Device> devices = List.copyOf(columns.values());
    Map<String, Map<String, List<OpCase>>> families = new LinkedHashMap<>();
    for (OpCase c : OpCases.all()) {
      families.computeIfAbsent(c.family(), _ -> new LinkedHashMap<>()).computeIfAbsent(c.op(), _ -> new ArrayList<>()).add(c);
    }
    StringBuilder page = new StringBuilder(HEAD);
    families.forEach((family, ops) -> {
      page.append("\n## ").append(family).append("\n\n| operation | cases | dtypes | gradient |");
      columns.keySet().forEach(head -> page.append(' ').append(head).append(" |"));
      page.append("\n|---|--:|---|---|").append("---|".repeat(devices.size())).append('\n');
      ops.forEach((op, cases) -> row(page, op, cases, devices));
    });
    page.append("\n").append(OpCases.all().size()).append(" cases in all.\n");
    return page.toString();
  }

  private static void row(StringBuilder page, String op, List<OpCase> cases, List<Device> devices) {
    Map<DType, List<OpCase>> byType = new LinkedHashMap<>();
    for (DType t : CaseList.ALL) {
      List<OpCase> of = cases.stream().filter(c -> c.dtype() == t).toList();
      if (!of.isEmpty()) {
        byType.put(t, of);
      }
    }
    List<DType> types = List.copyOf(byType.keySet());
    boolean gradient = cases.stream().anyMatch(OpCase::differentiable);
    page.append("| ").append(op).append(" | ").append(cases.size()).append(" | ").append(labels(types)).append(" | ");
    page.append(gradient ? "yes" : "").append(" |");
    for (Device d : devices) {
      List<DType> runs =
          types.stream()
              .filter(t -> ConformanceKit.support(d, new ConformanceKit.Group(op, byType.get(t))) == CaseRunner.Status.PASSED)
              .toList();
      page.append(' ').append(runs.size() == types.size() ? "all" : runs.isEmpty() ? "none" : labels(runs)).append(" |");
    }
    page.append('\n');
  }

  private static String labels(List<DType> types) {
    return types.size() == CaseList.ALL.size() ? "all ten" : String.join(" ", types.stream().map(DType::label).toList());
  }
}
