package dev.tenzan.bench.work;

import dev.tenzan.bench.fpga.VendorReport;
import dev.tenzan.bench.measure.Ceilings;
import dev.tenzan.bench.measure.Machine;
import dev.tenzan.type.Numerics;
import java.time.Instant;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a run of the benchmark found.
 *
 * @param started when it began
 * @param seconds how long it took
 * @param suite how much was measured
 * @param numerics what products promise about their bits; they were compared only where they are reproducible
 * @param version Tenzan's version
 * @param commit the commit it was built from; empty where unknown
 * @param machine where it ran
 * @param devices name and product name of each device
 * @param ceilings what the processor can do at most
 * @param peers the other libraries by name: each one's description of itself, or why it is not compared
 * @param measurements the work, in the order of the report
 * @param trainings the digits, trained on each device
 * @param fpga what vendors' compilers say of FPGA designs, read from files; mostly empty
 * @param notes what else a reader should know
 */
public record BenchResult(
    Instant started,
    double seconds,
    Suite suite,
    Numerics numerics,
    String version,
    String commit,
    Machine machine,
    Map<String, String> devices,
    Ceilings ceilings,
    Map<String, String> peers,
    List<Measurement> measurements,
    List<Training> trainings,
    List<VendorReport> fpga,
    List<String> notes) {
  /** The version of the JSON document's schema; it grows when a field changes its meaning or goes. */
  public static final int SCHEMA = 2;

  /** This result with vendors' reports of FPGA designs. */
  public BenchResult with(List<VendorReport> reports) {
    return new BenchResult(
        started, seconds, suite, numerics, version, commit, machine, devices, ceilings, peers, measurements, trainings,
        List.copyOf(reports), notes);
  }

  /** Whether every result was right and, where bits are promised, has those of the reference device. */
  public boolean passed() {
    boolean right =
        measurements.stream()
            .allMatch(m -> m.outcome() != Measurement.Outcome.WRONG && !Boolean.FALSE.equals(m.bits()));
    Map<Integer, String> bits = new HashMap<>();
    boolean agree =
        !numerics.isReproducible()
            || trainings.stream()
            .allMatch(t -> t.lossBits().equals(bits.computeIfAbsent(t.settings().epochs(), _ -> t.lossBits())));
    return right && agree;
  }

  /** The longest training of each device. */
  public List<Training> mainTrainings() {
    Map<String, Training> longest = new LinkedHashMap<>();
    for (Training t : trainings) {
      longest.merge(
          t.settings().device().name(), t, (a, b) -> b.settings().epochs() > a.settings().epochs() ? b : a);
    }
    return List.copyOf(longest.values());
  }

  /** The document for JSON. */
  public Map<String, Object> toMap() {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("schema", "tenzan-bench");
    map.put("schema_version", SCHEMA);
    map.put("tenzan_version", version);
    map.put("git_commit", commit.isEmpty() ? null : commit);
    map.put("started", started.toString());
    map.put("seconds", seconds);
    map.put("suite", suite.toString());
    map.put("numerics", numerics.toString());
    map.put("passed", passed());
    map.put("input_seed", Host.SEED);
    map.put("machine", machine.toMap());
    map.put("devices", devices);
    map.put("ceilings", ceilings.toMap());
    map.put("peers", peers);
    map.put("measurements", measurements.stream().map(Measurement::toMap).toList());
    map.put("trainings", trainings.stream().map(Training::toMap).toList());
    map.put("fpga_reports", fpga.stream().map(VendorReport::toMap).toList());
    map.put("notes", notes);
    return map;
  }
}
