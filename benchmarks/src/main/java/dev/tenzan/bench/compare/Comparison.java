package dev.tenzan.bench.compare;

import dev.tenzan.bench.measure.Ceilings;
import dev.tenzan.bench.measure.Machine;
import dev.tenzan.bench.measure.Timing;
import dev.tenzan.bench.output.CliException;
import dev.tenzan.bench.output.Progress;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;

/**
 * The comparison: every piece of work in every library, in one process with the same threads. Each result is checked against an
 * independent one, and only then the libraries take turns to be timed. The processor's ceilings are measured before and after, the
 * better counts.
 */
public final class Comparison implements AutoCloseable {
  /** Tenzan's name among the libraries. */
  public static final String TENZAN = "Tenzan";

  private static final Timing.Plan PLAN = new Timing.Plan(0.5, 4, 0.6, 5, 201, 100e-6);

  private final int threads;
  private final Progress progress;
  private final Map<String, Library> libraries = new LinkedHashMap<>();
  private final Map<String, String> described = new LinkedHashMap<>();
  private final List<String> notes = new ArrayList<>();

  /**
   * Loads the libraries.
   *
   * @param threads the threads of Tenzan's device, which the peers use too
   * @throws CliException where no peer is on the class path, or none can be loaded here
   */
  public Comparison(int threads, Progress progress) {
    this(new TenzanLibrary(), found(), threads, progress);
  }

  Comparison(Library tenzan, List<Library> peers, int threads, Progress progress) {
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

  private static List<Library> found() {
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

  /** Runs it. */
  public ComparisonResult run(List<Work> suite, String version) {
    Instant started = Instant.now();
    long begin = System.nanoTime();
    progress.show("measuring the processor's ceilings");
    Ceilings before = Ceilings.measure(threads);
    List<Row> rows = new ArrayList<>();
    for (Work work : suite) {
      progress.show(rows.size(), suite.size(), work.title());
      rows.add(compare(work));
    }
    progress.show("measuring the processor's ceilings again");
    return new ComparisonResult(
        started,
        (System.nanoTime() - begin) * 1e-9,
        version,
        Machine.gitCommit().orElse(""),
        Machine.detect(),
        threads,
        before.best(Ceilings.measure(threads)),
        described,
        rows,
        List.copyOf(notes));
  }

  private Row compare(Work work) {
    try (Trial trial = new Trial(work)) {
      libraries.values().forEach(trial::enter);
      return trial.run(PLAN);
    }
  }

  @Override
  public void close() {
    libraries.values().forEach(Library::close);
  }
}
