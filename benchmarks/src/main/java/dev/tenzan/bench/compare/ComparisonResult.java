package dev.tenzan.bench.compare;

import dev.tenzan.bench.measure.Ceilings;
import dev.tenzan.bench.measure.Machine;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.DoubleStream;

/**
 * What a comparison found.
 *
 * @param started when it began
 * @param seconds how long it took
 * @param version Tenzan's version
 * @param commit the commit it was built from; empty where unknown
 * @param machine where it ran
 * @param threads the threads of each library
 * @param ceilings what the processor can do at most
 * @param libraries the libraries by name, Tenzan first: each one's description of itself
 * @param rows the work, in the order of the report
 * @param scalings how Tenzan's time grows with the work
 * @param notes what else a reader should know, such as libraries that could not be loaded
 */
public record ComparisonResult(
    Instant started,
    double seconds,
    String version,
    String commit,
    Machine machine,
    int threads,
    Ceilings ceilings,
    Map<String, String> libraries,
    List<Row> rows,
    List<Scaling> scalings,
    List<String> notes) {
  /** The version of the JSON document's schema; it grows when a field changes its meaning or goes. */
  public static final int SCHEMA = 1;

  /** The library that the geometric mean is over. */
  public static final String MAIN_PEER = "PyTorch";

  /** The ratio below which a row counts as one where Tenzan is behind. */
  public static final double BEHIND = 0.9;

  /** Whether Tenzan's results were all right. */
  public boolean passed() {
    return rows.stream().map(r -> r.cells().get(Comparison.TENZAN)).allMatch(Cell.Timed.class::isInstance);
  }

  /** The geometric mean of the ratios to a library; NaN where there is no row with one. */
  public double geometricMean(String library) {
    return Math.exp(ratios(library).map(Math::log).average().orElse(Double.NaN));
  }

  /** In how many rows Tenzan is compared with a library. */
  public long compared(String library) {
    return ratios(library).count();
  }

  private DoubleStream ratios(String library) {
    return rows.stream().mapToDouble(r -> r.ratio(library)).filter(r -> !Double.isNaN(r));
  }

  /** The rows where Tenzan takes longer than a library by more than the measurement's noise. */
  public List<Row> behind(String library) {
    return rows.stream().filter(r -> r.ratio(library) < BEHIND).toList();
  }

  /** Where the time does not grow with the work. */
  public List<String> cliffs() {
    return scalings.stream().flatMap(s -> s.cliffs().stream()).toList();
  }

  /** The document for JSON. */
  public Map<String, Object> toMap() {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("schema", "tenzan-peers");
    map.put("schema_version", SCHEMA);
    map.put("tenzan_version", version);
    map.put("git_commit", commit.isEmpty() ? null : commit);
    map.put("started", started.toString());
    map.put("seconds", seconds);
    map.put("passed", passed());
    map.put("input_seed", HostArray.SEED);
    map.put("machine", machine.toMap());
    map.put("threads", threads);
    map.put("ceilings", ceilings.toMap());
    map.put("libraries", libraries);
    Map<String, Object> means = new LinkedHashMap<>();
    libraries.keySet().stream().skip(1).forEach(n -> means.put(n, geometricMean(n)));
    map.put("geometric_means", means);
    map.put("rows", rows.stream().map(r -> r.toMap(ceilings)).toList());
    map.put("scaling", scalings.stream().map(Scaling::toMap).toList());
    map.put("cliffs", cliffs());
    map.put("notes", notes);
    return map;
  }
}
