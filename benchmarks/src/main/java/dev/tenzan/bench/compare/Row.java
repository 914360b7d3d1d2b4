package dev.tenzan.bench.compare;

import dev.tenzan.bench.measure.Ceilings;
import dev.tenzan.bench.measure.Timing;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * One piece of work in every library.
 *
 * @param work the work
 * @param cells what came of it, by the library's name
 */
public record Row(Work work, Map<String, Cell> cells) {
  /** The time of a library; empty where it has none. */
  public Optional<Timing> timing(String library) {
    return cells.get(library) instanceof Cell.Timed t ? Optional.of(t.timing()) : Optional.empty();
  }

  /** The median seconds of a library; NaN where it has none. */
  public double seconds(String library) {
    return timing(library).map(Timing::median).orElse(Double.NaN);
  }

  /** How many times as fast as a library Tenzan is; NaN where one of them has no time. */
  public double ratio(String library) {
    return seconds(library) / seconds(Comparison.TENZAN);
  }

  /** The fastest of the other libraries; empty where none has a time. */
  public Optional<String> best() {
    return peers().min((a, b) -> Double.compare(seconds(a), seconds(b)));
  }

  /** How many times as fast as the fastest other library Tenzan is; NaN where there is none. */
  public double ratioToBest() {
    return best().map(this::ratio).orElse(Double.NaN);
  }

  /** Tenzan's rate as a share of the processor's ceiling; NaN where there is none for it. */
  public double share(Ceilings ceilings) {
    double rate =
        switch (work.limit()) {
          case F32, F64 -> work.flops();
          case READ, COPY, TRIAD -> work.bytes();
          case NONE -> Double.NaN;
        };
    return rate * 1e-9 / seconds(Comparison.TENZAN) / work.limit().of(ceilings);
  }

  /** The others that have a time. */
  private Stream<String> peers() {
    return cells.keySet().stream().filter(n -> !n.equals(Comparison.TENZAN) && timing(n).isPresent());
  }

  /** The fields in display order, for JSON. */
  Map<String, Object> toMap(Ceilings ceilings) {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("group", work.group());
    map.put("name", work.name());
    map.put("size", work.size());
    map.put("flops", work.flops());
    map.put("bytes", work.bytes());
    Map<String, Object> libraries = new LinkedHashMap<>();
    cells.forEach((name, cell) -> libraries.put(name, toMap(cell)));
    map.put("libraries", libraries);
    peers().forEach(n -> map.put("ratio_to_" + n.toLowerCase(Locale.ROOT).replace(' ', '_'), ratio(n)));
    map.put("best_peer", best().orElse(null));
    map.put("ratio_to_best_peer", ratioToBest());
    map.put("share_of_ceiling", share(ceilings));
    return map;
  }

  private static Map<String, Object> toMap(Cell cell) {
    Map<String, Object> map = new LinkedHashMap<>();
    switch (cell) {
      case Cell.Timed t -> {
        map.put("outcome", "measured");
        map.put("seconds_median", t.timing().median());
        map.put("seconds_min", t.timing().seconds()[0]);
        map.put("spread", t.timing().spread());
        map.put("repetitions", t.timing().repetitions());
        map.put("check", t.check());
      }
      case Cell.Absent _ -> map.put("outcome", "absent");
      case Cell.Wrong w -> {
        map.put("outcome", "wrong");
        map.put("reason", w.reason());
      }
      case Cell.Failed f -> {
        map.put("outcome", "failed");
        map.put("reason", f.reason());
      }
    }
    return map;
  }
}
