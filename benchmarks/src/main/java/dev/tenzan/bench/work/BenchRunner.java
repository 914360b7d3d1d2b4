package dev.tenzan.bench.work;

import dev.tenzan.Device;
import dev.tenzan.Devices;
import dev.tenzan.Tenzan;
import dev.tenzan.bench.measure.Ceilings;
import dev.tenzan.bench.measure.Machine;
import dev.tenzan.bench.measure.Timing;
import dev.tenzan.bench.output.Progress;
import dev.tenzan.bench.output.Units;
import dev.tenzan.error.DeviceMemoryException;
import dev.tenzan.error.UnsupportedKernelException;
import dev.tenzan.nn.TrainingListener;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The benchmark: for every piece of work and every device it checks the result against an independent one, compares the bits with the
 * reference device's where its numerics promise them, and only then takes the time. The processor's ceilings are measured before and after, the better counts.
 */
public final class BenchRunner {
  private static final String REFERENCE = "reference";
  private static final String CPU = "cpu";

  /** A training step consists of a hundred kernels, and each of them has to be compiled before it shows its speed. */
  private static final long ESTIMATE_NANOS = 4_000_000_000L;

  private final List<Device> devices;
  private final Suite suite;
  private final Progress progress;
  private final int threads;
  private final Timing.Plan plan;
  private final List<String> notes = new ArrayList<>();
  private final Map<Workload.Facts, double[]> referenceBits = new LinkedHashMap<>();
  private final Peers peers;
  private int done;

  /**
   * A benchmark.
   *
   * @param threads the threads of the CPU device, which the ceilings and OpenBLAS use too
   */
  public BenchRunner(List<Device> devices, Suite suite, int threads, Progress progress) {
    this.devices = List.copyOf(devices);
    this.suite = suite;
    this.threads = threads;
    this.progress = progress;
    this.peers = Peers.load(devices, threads);
    this.plan =
        switch (suite) {
          case QUICK -> new Timing.Plan(4, 0.5, 5, 101);
          case FULL -> new Timing.Plan(5, 2, 9, 501);
        };
  }

  /** Runs it, with the numerics of the caller. */
  public BenchResult run(String version) {
    Instant started = Instant.now();
    long begin = System.nanoTime();
    progress.show("measuring the processor's ceilings");
    Ceilings before = Ceilings.measure(threads);
    List<Family> families = Workloads.all();
    List<Measurement> measurements = new ArrayList<>();
    int total = families.stream().mapToInt(f -> f.of(suite).size()).sum() * devices.size();
    for (Family family : families) {
      int size = family.of(suite).size();
      for (Device device : devices) {
        measurements.addAll(measure(family, device, total));
        done += size;
      }
      done = Math.min(done, total);
    }
    peers.close();
    List<Training> trainings = train();
    progress.show("measuring the processor's ceilings again");
    Ceilings ceilings = before.best(Ceilings.measure(threads));
    Map<String, String> described = new LinkedHashMap<>();
    devices.forEach(d -> described.put(d.name(), d.info().description()));
    return new BenchResult(
        started,
        (System.nanoTime() - begin) * 1e-9,
        suite,
        Tenzan.numerics(),
        version,
        Machine.gitCommit().orElse(""),
        Machine.detect(),
        described,
        ceilings,
        peers.described(),
        measurements.stream().map(m -> m.withCeiling(ceiling(m, ceilings))).toList(),
        trainings,
        List.of(),
        List.copyOf(notes));
  }

  private static double ceiling(Measurement m, Ceilings c) {
    return m.device().equals(CPU) ? m.facts().limit().of(c) : Double.NaN;
  }

  /** All sizes of a family on a device; one small size where the others would take too long. */
  private List<Measurement> measure(Family family, Device device, int total) {
    List<Measurement> results = new ArrayList<>();
    Workload slow = family.slow();
    String name = slow.facts().name();
    progress.show(done, total, name + " on " + device.name() + ": checking");
    try {
      Boolean bits = sameBits(family.small(), device);
      List<Workload> possible = possible(family, device);
      String note = "";
      if (possible.isEmpty()) {
        possible = List.of(slow);
        note = "smaller, because " + device.name() + " is slow";
      }
      for (int i = 0; i < possible.size(); i++) {
        Workload w = possible.get(i);
        progress.show(done + i, total, name + " " + w.facts().size() + " on " + device.name());
        results.add(measure(w, device, bits, note));
      }
    } catch (UnsupportedKernelException e) {
      results.add(
          Measurement.without(device.name(), slow.facts(), Measurement.Outcome.UNSUPPORTED, String.valueOf(e.getMessage())));
    } catch (CheckFailedException e) {
      results.add(Measurement.without(device.name(), slow.facts(), Measurement.Outcome.WRONG, String.valueOf(e.getMessage())));
    }
    return results;
  }

  /** The work that one run of takes at most seconds; none on the reference device, which is slow by design. */
  private List<Workload> possible(Family family, Device device) {
    if (device.name().equals(REFERENCE)) {
      return List.of();
    }
    double limit = suite == Suite.QUICK ? 2 : 10;
    List<Workload> wanted = family.of(suite);
    double most = wanted.stream().mapToDouble(w -> w.facts().work()).max().orElse(1);
    double perUnit = secondsPerUnit(family.slow(), device, limit / most);
    return wanted.stream().filter(w -> w.facts().work() * perUnit <= limit).toList();
  }

  private Measurement measure(Workload work, Device device, @Nullable Boolean bits, String note) {
    Workload.Facts facts = work.facts();
    try (Workload.Session session = work.open(device)) {
      String check = session.check();
      try (Workload.Rival rival = rival(work, device)) {
        List<Runnable> competitors = new ArrayList<>(List.of(session::run));
        if (rival != null) {
          competitors.add(rival::run);
        }
        List<Timing> timings = Timing.interleaved(plan, competitors);
        Measurement.Peer peer = rival == null ? null : new Measurement.Peer(rival.name(), timings.get(1));
        return new Measurement(
            device.name(), facts, Measurement.Outcome.MEASURED, timings.getFirst(), peer, Double.NaN, check, bits, note);
      }
    } catch (CheckFailedException e) {
      return Measurement.without(device.name(), facts, Measurement.Outcome.WRONG, String.valueOf(e.getMessage()));
    } catch (UnsupportedKernelException | DeviceMemoryException e) {
      return Measurement.without(device.name(), facts, Measurement.Outcome.UNSUPPORTED, String.valueOf(e.getMessage()));
    }
  }

  /** The same work by another library, checked; null where there is none for it. A library that fails is no peer, and a note says so. */
  private Workload.@Nullable Rival rival(Workload work, Device device) {
    Workload.Rival rival = null;
    try {
      rival = peers.of(device).flatMap(work::rival).orElse(null);
      if (rival != null) {
        rival.check();
      }
      return rival;
    } catch (UnsupportedOperationException | CheckFailedException e) {
      if (rival != null) {
        rival.close();
      }
      notes.add(work.facts().name() + " " + work.facts().size() + " on " + device.name() + " stands alone: " + e.getMessage());
      return null;
    }
  }

  /** Whether a small problem gives the bits of the reference device; null on that device, and where bits are not promised. */
  private @Nullable Boolean sameBits(Workload small, Device device) {
    if (device.name().equals(REFERENCE) || !Tenzan.numerics().isReproducible()) {
      return null;
    }
    double[] expected = referenceBits.computeIfAbsent(small.facts(), _ -> results(small, Devices.get(REFERENCE)));
    double[] actual = results(small, device);
    int different = 0;
    for (int i = 0; i < expected.length; i++) {
      // NaNs count as equal whatever their payload: the semantics leave it open.
      different += Double.compare(expected[i], actual[i]) == 0 ? 0 : 1;
    }
    if (different > 0) {
      notes.add(
          small.facts().name() + " " + small.facts().size() + " on " + device.name() + ": " + different + " of "
              + expected.length + " elements differ from the reference device's");
    }
    return different == 0;
  }

  private static double[] results(Workload work, Device device) {
    try (Workload.Session session = work.open(device)) {
      return session.results();
    }
  }

  /**
   * A first guess at the speed of a device, from a small size. The first runs compile, so it is repeated until it shows that the
   * largest size is fast enough, at most for {@link #ESTIMATE_NANOS}.
   */
  private static double secondsPerUnit(Workload work, Device device, double enough) {
    try (Workload.Session session = work.open(device)) {
      double best = Double.MAX_VALUE;
      long begin = System.nanoTime();
      do {
        best = Math.min(best, Timing.time(session::run));
      } while (best / work.facts().work() > enough && System.nanoTime() - begin < ESTIMATE_NANOS);
      return best / work.facts().work();
    }
  }

  /**
   * The digits on every device. One epoch shows how long all would take; a device that has no time for them gets fewer, and the
   * other devices train as few once more, so that their bits can be compared where they are promised.
   */
  private List<Training> train() {
    int all = Training.DataSet.DIGITS.defaultEpochs();
    double budget = suite == Suite.QUICK ? 25 : 600;
    List<Training> trainings = new ArrayList<>();
    SortedSet<Integer> fewer = new TreeSet<>();
    Map<Device, Double> epochSeconds = new LinkedHashMap<>();
    for (Device device : devices) {
      try {
        Training first = digits(device, 1);
        epochSeconds.put(device, first.seconds());
        int epochs = (int) Math.clamp(budget / first.seconds(), 1, all);
        trainings.add(epochs == 1 ? first : digits(device, epochs));
        if (epochs < all) {
          fewer.add(epochs);
          notes.add(
              "digits on " + device + ": " + epochs + " of " + all + " epochs, for all would take about "
                  + Units.seconds(first.seconds() * all) + "; tenzan train digits --device " + device + " runs them");
        }
      } catch (UnsupportedKernelException e) {
        notes.add("digits on " + device + ": " + String.valueOf(e.getMessage()));
      }
    }
    if (!Tenzan.numerics().isReproducible()) {
      return trainings;
    }
    for (int epochs : fewer) {
      for (Device device : devices) {
        double seconds = epochSeconds.getOrDefault(device, Double.POSITIVE_INFINITY) * epochs;
        boolean done =
            trainings.stream().anyMatch(t -> t.settings().device() == device && t.settings().epochs() == epochs);
        if (!done && seconds < budget) {
          trainings.add(digits(device, epochs));
        }
      }
    }
    return trainings;
  }

  private Training digits(Device device, int epochs) {
    return Training.run(
        new Training.Settings(Training.DataSet.DIGITS, null, device, epochs, Training.DEFAULT_SEED, Tenzan.numerics()),
        listener(device));
  }

  private TrainingListener listener(Device device) {
    return new TrainingListener() {
      @Override
      public void step(int epoch, int epochs, long seen, long total) {
        if (seen == total || seen % 250 == 0) {
          progress.show("training digits on " + device.name() + ": epoch " + epoch + " of " + epochs + ", "
              + Units.percent(seen / (double) total));
        }
      }
    };
  }
}
