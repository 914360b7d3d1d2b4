package dev.tenzan.bench.compare;

import dev.tenzan.bench.measure.Ceilings;
import dev.tenzan.bench.measure.Machine;
import dev.tenzan.bench.measure.Timing;
import dev.tenzan.bench.output.CliException;
import dev.tenzan.bench.output.Progress;
import dev.tenzan.bench.work.CheckFailedException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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
        notes.add(peer.name() + " could not be loaded: " + reason(e));
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
    List<HostArray> inputs = HostArray.draw(work.inputs());
    Map<String, Cell> cells = new LinkedHashMap<>();
    Map<String, Task> right = new LinkedHashMap<>();
    Map<String, String> checks = new LinkedHashMap<>();
    try {
      libraries.forEach((name, library) -> {
        try {
          Optional<Task> task = library.open(work, inputs);
          if (task.isPresent()) {
            right.put(name, task.get());
            checks.put(name, Expectation.check(work, inputs, task.get().result()).orElseThrow());
          }
          cells.put(name, new Cell.Absent());
        } catch (CheckFailedException e) {
          cells.put(name, new Cell.Wrong(String.valueOf(e.getMessage())));
        } catch (RuntimeException | LinkageError e) {
          cells.put(name, new Cell.Failed(reason(e)));
        }
        if (!checks.containsKey(name)) {
          close(right.remove(name));
        }
      });
      List<String> names = List.copyOf(right.keySet());
      List<Timing> timings = Timing.interleaved(PLAN, right.values().stream().<Runnable>map(t -> t::run).toList());
      for (int i = 0; i < names.size(); i++) {
        cells.put(names.get(i), new Cell.Timed(timings.get(i), checks.get(names.get(i))));
      }
      return new Row(work, cells);
    } finally {
      right.values().forEach(Task::close);
    }
  }

  private static void close(@org.jspecify.annotations.Nullable Task task) {
    if (task != null) {
      task.close();
    }
  }

  private static String reason(Throwable e) {
    String message = String.valueOf(e.getMessage()).strip();
    return e.getClass().getSimpleName() + ": " + message.lines().findFirst().orElse("");
  }

  @Override
  public void close() {
    libraries.values().forEach(Library::close);
  }
}
