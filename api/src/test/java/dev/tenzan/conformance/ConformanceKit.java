package dev.tenzan.conformance;

import dev.tenzan.Device;
import dev.tenzan.conformance.CaseRunner.Outcome;
import dev.tenzan.conformance.CaseRunner.Status;
import dev.tenzan.kernel.KernelSpec;
import dev.tenzan.spi.Support;
import dev.tenzan.type.Numerics;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

/** The kit that every backend must pass: all cases of {@link OpCases} on one device. */
public final class ConformanceKit {
  private final CaseRunner runner;
  private final List<String> failures = new ArrayList<>();
  private final Map<String, Integer> skips = new LinkedHashMap<>();
  private int passed;
  private int skipped;

  /** A run on a device. */
  public ConformanceKit(Device device) {
    runner = new CaseRunner(device);
  }

  /** Told what is being done. */
  @FunctionalInterface
  public interface Listener {
    /** Before the cases of one operation and dtype. */
    void next(int done, int total, String name);
  }

  /** The cases of one operation and dtype. */
  public record Group(String op, List<OpCase> cases) {}

  /** The cases whose name passes a filter, by operation and dtype. */
  public static List<Group> groups(Predicate<String> filter) {
    Map<String, List<OpCase>> groups = new LinkedHashMap<>();
    for (OpCase c : OpCases.all()) {
      if (filter.test(c.name())) {
        groups.computeIfAbsent(c.op() + "." + c.dtype(), _ -> new ArrayList<>()).add(c);
      }
    }
    return groups.entrySet().stream().map(e -> new Group(e.getKey(), e.getValue())).toList();
  }

  /** Runs the cases whose name passes a filter. */
  public void run(Predicate<String> filter, Listener listener) {
    List<Group> groups = groups(filter);
    for (int i = 0; i < groups.size(); i++) {
      listener.next(i, groups.size(), groups.get(i).op());
      run(groups.get(i));
    }
  }

  /** What makes a case worth running in every layout: the ranks of its inputs, and its mode. */
  private record Kind(List<Integer> ranks, Numerics numerics) {}

  /** Runs the cases of one operation and dtype: those of a new kind in every layout, the others with dense inputs. */
  public void run(Group group) {
    Set<Kind> kinds = new HashSet<>();
    for (OpCase c : group.cases()) {
      boolean empty = c.inputs().stream().anyMatch(in -> in.shape().size() == 0);
      List<Integer> ranks = c.inputs().stream().map(in -> in.shape().rank()).toList();
      boolean all = !empty && kinds.add(new Kind(ranks, c.numerics()));
      runner.run(c, all).forEach(this::note);
    }
  }

  private void note(Outcome o) {
    switch (o.status()) {
      case PASSED -> passed++;
      case FAILED -> failures.add(o.message());
      case SKIPPED -> {
        skipped++;
        skips.merge(o.message(), 1, Integer::sum);
      }
    }
  }

  /** The seed of all values, which the system property {@code tenzan.test.seed} sets. */
  public static long seed() {
    return CaseRunner.SEED;
  }

  /** The number of checks that passed. */
  public int passed() {
    return passed;
  }

  /** The number of checks whose kernels the device declares unsupported. */
  public int skipped() {
    return skipped;
  }

  /** One line for each check that failed. */
  public List<String> failures() {
    return List.copyOf(failures);
  }

  /** One line for each check that was skipped. */
  public List<String> skips() {
    return List.copyOf(skips.keySet());
  }

  /** The result in one line. */
  public String summary() {
    return passed + " passed, " + failures.size() + " failed, " + skipped + " skipped";
  }

  /** The kernels that a device is asked for by the first case of each operation and dtype, computed on {@code host}. */
  public static Set<KernelSpec> kernels(Device host, Predicate<Group> filter) {
    Set<KernelSpec> kernels = new LinkedHashSet<>();
    Device device =
        SupportTable.declared(host, k -> {
          kernels.add(k);
          return Support.yes();
        });
    groups(_ -> true).stream().filter(filter).forEach(g -> support(device, g));
    return kernels;
  }

  /** Whether a device runs an operation with a dtype: its first case, with dense inputs. */
  static Status support(Device device, Group group) {
    return new CaseRunner(device).run(group.cases().getFirst(), false).getFirst().status();
  }
}
