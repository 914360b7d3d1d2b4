package dev.tenzan.bench.compare;

import dev.tenzan.bench.measure.Ceilings;
import dev.tenzan.bench.measure.Machine;
import dev.tenzan.bench.measure.Timing;
import dev.tenzan.bench.output.CliException;
import dev.tenzan.bench.output.Progress;
import dev.tenzan.bench.output.Units;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.function.Predicate;

/**
 * The comparison: every piece of work in every library, in one process with the same threads. Each result is checked against an
 * independent one, and only then the libraries take turns to be timed. The processor's ceilings are measured before and after, the
 * better counts.
 */
public final class Comparison implements AutoCloseable {
  /** Tenzan's name among the libraries. */
  public static final String TENZAN = "Tenzan";

  private static final Timing.Plan PLAN = new Timing.Plan(0.5, 4, 0.6, 5, 201, 100e-6);

  /** For steps of training: they are dozens of kernels, which a just-in-time compiler meets for the first time. */
  private static final Timing.Plan TRAINING_PLAN = new Timing.Plan(8, 12, 0.6, 5, 201, 100e-6);

  /** The share of the processor that other programs may use without a note. */
  private static final double QUIET = 0.05;

  private final int threads;
  private final Progress progress;
  private final Map<String, Library> libraries = new LinkedHashMap<>();
  private final Map<String, String> described = new LinkedHashMap<>();
  private final List<String> notes = new ArrayList<>();

  /**
   * Loads the libraries.
   *
   * @param tenzan Tenzan
   * @param peers the others; those that cannot be loaded here are left out, with a note
   * @param threads the threads of Tenzan's device, which the peers use too
   * @throws CliException where no peer can be loaded
   */
  public Comparison(Library tenzan, List<Library> peers, int threads, Progress progress) {
    this.threads = threads;
    this.progress = progress;
    start(tenzan);
    for (Library peer : peers) {
      progress.show("loading " + peer.name());
      try {
        start(peer);
      } catch (RuntimeException | LinkageError e) {
        notes.add(peer.name() + " could not be loaded: " + Trial.reason(e));
      }
    }
    if (libraries.size() == 1) {
      throw new CliException("--peers: no library could be loaded: " + String.join("; ", notes));
    }
  }

  /**
   * The other libraries on the class path, not yet loaded.
   *
   * @throws CliException where there is none
   */
  public static List<Library> found() {
    List<Library> peers = ServiceLoader.load(Library.class).stream().map(ServiceLoader.Provider::get).toList();
    if (peers.isEmpty()) {
      throw new CliException(
          "--peers: there is no other library on the class path; run ./tenzan bench --peers in a clone, which builds"
              + " them, or build with -Ppeers and add tenzan-bench-peers.jar and lib/* of benchmarks/peers/target");
    }
    return peers;
  }

  private void start(Library library) {
    described.put(library.name(), library.start(threads));
    libraries.put(library.name(), library);
  }

  /**
   * Runs it.
   *
   * @param wanted which titles of work are wanted
   */
  public ComparisonResult run(Predicate<String> wanted, String version) {
    List<Work> suite = Suite.all().stream().filter(w -> wanted.test(w.title())).toList();
    List<Scaling.Kind> scalings = Arrays.stream(Scaling.Kind.values()).filter(k -> wanted.test(k.title())).toList();
    Instant started = Instant.now();
    long begin = System.nanoTime();
    progress.show("measuring the processor's ceilings");
    double load = Machine.loadOfOthers();
    Ceilings before = Ceilings.measure(threads);
    int total = suite.size() + scalings.size();
    List<Row> rows = new ArrayList<>();
    for (Work work : suite) {
      progress.show(rows.size(), total, work.title());
      rows.add(compare(work));
    }
    List<Scaling> scaled = new ArrayList<>();
    for (Scaling.Kind kind : scalings) {
      progress.show(rows.size() + scaled.size(), total, kind.title());
      scaled.add(Scaling.measure(kind));
    }
    progress.show("measuring the processor's ceilings again");
    Ceilings ceilings = before.best(Ceilings.measure(threads));
    noteLoad(Math.max(load, Machine.loadOfOthers()));
    return new ComparisonResult(
        started,
        (System.nanoTime() - begin) * 1e-9,
        version,
        Machine.gitCommit().orElse(""),
        Machine.detect(),
        threads,
        ceilings,
        described,
        rows,
        scaled,
        List.copyOf(notes));
  }

  private void noteLoad(double load) {
    if (load > QUIET) {
      notes.add(
          "other programs used " + Units.percent(load) + " of the processor before or after the run: the times are not to be"
              + " trusted; run it alone on the machine");
    }
  }

  private Row compare(Work work) {
    if (work instanceof FirstProduct) {
      return new Starts(threads).run(libraries.values());
    }
    try (Trial trial = new Trial(work)) {
      libraries.values().forEach(trial::enter);
      return trial.run(work instanceof TrainingStep ? TRAINING_PLAN : PLAN);
    }
  }

  @Override
  public void close() {
    libraries.values().forEach(Library::close);
  }
}
