package dev.tenzan.bench.compare;

import dev.tenzan.bench.measure.Timing;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Measures {@link FirstProduct}: starts the libraries' programs in turns, each in a fresh JVM with this one's options, and takes the
 * time until the first line comes.
 */
final class Starts {
  private static final int REPETITIONS = 5;

  private final int threads;
  private final Map<String, Cell> cells = new LinkedHashMap<>();

  Starts(int threads) {
    this.threads = threads;
  }

  /** Starts every library several times; the first start of each fills the file caches and is not counted. */
  Row run(Iterable<Library> libraries) {
    Map<String, List<String>> commands = new LinkedHashMap<>();
    Map<String, List<Double>> seconds = new LinkedHashMap<>();
    Path peers = peers(libraries);
    for (Library library : libraries) {
      cells.put(library.name(), new Cell.Absent());
      library.firstProgram().ifPresent(p -> commands.put(library.name(), command(library, p, peers)));
    }
    for (int i = 0; i <= REPETITIONS; i++) {
      boolean counts = i > 0;
      commands.forEach((name, command) -> {
        if (!(cells.get(name) instanceof Cell.Failed)) {
          start(name, command).filter(_ -> counts).ifPresent(s -> seconds.computeIfAbsent(name, _ -> new ArrayList<>()).add(s));
        }
      });
    }
    seconds.forEach((name, times) -> {
      if (!(cells.get(name) instanceof Cell.Failed)) {
        Timing timing = new Timing(times.stream().mapToDouble(d -> d).toArray());
        cells.put(name, new Cell.Timed(timing, "the last element"));
      }
    });
    return new Row(new FirstProduct(), cells);
  }

  private List<String> command(Library library, String program, Path peers) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
        .filter(a -> !a.startsWith("-javaagent") && !a.startsWith("-agentlib"))
        .forEach(command::add);
    command.add("-Dtenzan.cpu.threads=" + threads);
    command.addAll(List.of("-cp", classPath(library, peers), program, Integer.toString(threads)));
    return command;
  }

  /** The jars of a peer lie in the folder of its own, or below: they come first for a peer, and are not there for Tenzan. */
  private static String classPath(Library library, Path peers) {
    List<String> all = List.of(System.getProperty("java.class.path").split(File.pathSeparator));
    Predicate<String> ofPeers = entry -> Path.of(entry).toAbsolutePath().startsWith(peers);
    Stream<String> own = all.stream().filter(ofPeers.negate());
    Stream<String> wanted = library instanceof TenzanLibrary ? own : Stream.concat(all.stream().filter(ofPeers), own);
    return wanted.collect(Collectors.joining(File.pathSeparator));
  }

  /** The folder with the peers' jars. */
  private static Path peers(Iterable<Library> libraries) {
    Path own = folder(TenzanLibrary.class);
    for (Library library : libraries) {
      Path folder = folder(library.getClass());
      if (!folder.equals(own)) {
        return folder;
      }
    }
    return own.resolve("no folder of their own");
  }

  private static Path folder(Class<?> type) {
    try {
      Path source = Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI());
      return source.toAbsolutePath().resolveSibling("");
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Starts a program and returns the seconds until its line; a failure becomes the library's cell. */
  private Optional<Double> start(String name, List<String> command) {
    try {
      long begin = System.nanoTime();
      Process process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
      try (BufferedReader out = process.inputReader(StandardCharsets.UTF_8)) {
        String line = out.readLine();
        double seconds = (System.nanoTime() - begin) * 1e-9;
        if (line == null || !isRight(line)) {
          cells.put(
              name,
              line == null
                  ? new Cell.Failed("its program printed nothing; exit code " + process.waitFor())
                  : new Cell.Wrong("the last element is " + line + ", expected " + expected()));
          return Optional.empty();
        }
        return Optional.of(seconds);
      } finally {
        process.destroyForcibly().waitFor(); // its end must not meet the next one's start
      }
    } catch (IOException e) {
      cells.put(name, new Cell.Failed(Trial.reason(e)));
      return Optional.empty();
    } catch (InterruptedException e) {
      throw new IllegalStateException("measuring was interrupted", e);
    }
  }

  private static boolean isRight(String line) {
    try {
      return Math.abs(Double.parseDouble(line) - expected()) <= FirstProduct.SIZE * Samples.EPS_F32 * FirstProduct.SIZE;
    } catch (NumberFormatException e) {
      return false;
    }
  }

  private static double expected() {
    float[] a = FirstProduct.matrix(1);
    float[] b = FirstProduct.matrix(2);
    int n = FirstProduct.SIZE;
    double sum = 0;
    for (int k = 0; k < n; k++) {
      sum += (double) a[(n - 1) * n + k] * b[k * n + n - 1];
    }
    return sum;
  }
}
