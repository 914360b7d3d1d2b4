package dev.tenzan.bench;

import dev.tenzan.bench.measure.Machine;
import dev.tenzan.bench.output.CliException;
import dev.tenzan.bench.output.Json;
import dev.tenzan.bench.output.OutputFile;
import dev.tenzan.bench.output.Terminal;
import dev.tenzan.bench.output.Units;
import dev.tenzan.bench.work.Training;
import dev.tenzan.bench.work.Training.DataSet;
import dev.tenzan.nn.TrainingListener;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.TypeConversionException;

/** The command {@code train}: trains a network on real images and says how good it became. */
@Command(
    name = "train",
    mixinStandardHelpOptions = true,
    description = {
      "Trains a network on real images; prints its accuracy on unseen ones, and the final loss with its bits.",
      "Equal seeds give equal bits on every device and with any number of threads, save with --fast."
    })
final class TrainCommand implements Callable<Integer> {
  private static final int SCHEMA = 1;
  private static final int MOST_EPOCHS = 100_000;

  private final Console console;

  @Parameters(
      paramLabel = "DATA",
      completionCandidates = Names.class,
      converter = Names.class,
      description = "What is learned: ${COMPLETION-CANDIDATES}.")
  private DataSet dataSet = DataSet.DIGITS;

  @Option(names = "--data", paramLabel = "DIR", description = "The folder of the data, for fashion-mnist.")
  private @Nullable Path data;

  @Option(names = "--device", paramLabel = "D", description = "The device, for example cpu.")
  private @Nullable String device;

  @Option(names = "--epochs", paramLabel = "N", description = "How often each image is seen.")
  private @Nullable Integer epochs;

  @Option(
      names = "--seed",
      paramLabel = "S",
      defaultValue = "" + Training.DEFAULT_SEED,
      description = "Fixes first weights, order and augmentation; ${DEFAULT-VALUE} where not given.")
  private long seed;

  @Option(names = "--json", paramLabel = "FILE", description = "Also write the result to this file.")
  private @Nullable Path json;

  @Mixin private DeviceOptions options = new DeviceOptions();

  @Mixin private NumericsOption numerics = new NumericsOption();

  TrainCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() {
    options.apply();
    int count = epochs == null ? dataSet.defaultEpochs() : epochs;
    if (count < 1 || count > MOST_EPOCHS) {
      throw new CliException("--epochs: " + count + " is out of range; give 1 to " + MOST_EPOCHS);
    }
    var settings = new Training.Settings(dataSet, data, DeviceOptions.device(device), count, seed, numerics.mode());
    try (OutputFile file = OutputFile.openOptional("--json", json)) {
      console.out().println(
          "training " + dataSet + " on " + settings.device() + " (" + settings.device().info().description()
              + "), seed " + seed + (settings.numerics().isReproducible() ? "" : ", numerics " + settings.numerics()));
      Training training = Training.run(settings, new Report(console));
      print(training);
      if (file != null) {
        file.write(Json.write(document(training)));
      }
    }
    return ExitCode.OK;
  }

  private void print(Training t) {
    Terminal terminal = console.terminal();
    console.out().printf(
        Locale.ROOT,
        "trained %d weights on %d images in %s (%s images/s)%n",
        t.weights(), t.trainSamples(), Units.seconds(t.seconds()), Units.number(t.imagesPerSecond()));
    console.out().println(
        "accuracy "
            + terminal.bold(String.format(Locale.ROOT, "%.2f %%", 100 * t.accuracy()))
            + String.format(
                Locale.ROOT, " (%d of %d test images)", Math.round(t.accuracy() * t.testSamples()), t.testSamples()));
    console.out().println("final loss " + terminal.bold(Float.toString(t.loss())) + " (bits " + t.lossBits() + ")");
  }

  private static Map<String, Object> document(Training t) {
    Map<String, Object> document = new LinkedHashMap<>();
    document.put("schema", "tenzan-train");
    document.put("schema_version", SCHEMA);
    document.put("tenzan_version", TenzanCommand.Version.text());
    document.put("git_commit", Machine.gitCommit().orElse(null));
    document.put("machine", Machine.detect().toMap());
    document.putAll(t.toMap());
    return document;
  }

  /** One line for each epoch, and between them a bar on a terminal. */
  private static final class Report implements TrainingListener {
    private static final long REDRAW_NANOS = 100_000_000;

    private final Console console;
    private long drawn = System.nanoTime();

    Report(Console console) {
      this.console = console;
    }

    @Override
    public void step(int epoch, int count, long done, long total) {
      long now = System.nanoTime();
      if (now - drawn > REDRAW_NANOS) {
        drawn = now;
        console.progress().show((int) done, (int) total, "epoch " + epoch + " of " + count);
      }
    }

    @Override
    public void epoch(EpochMetrics m) {
      console.progress().close();
      console.out().printf(
          Locale.ROOT,
          "epoch %" + Integer.toString(m.epochs()).length() + "d of %d  loss %.4f  accuracy %6.2f %%  %s%n",
          m.epoch(), m.epochs(), m.loss(), 100 * m.accuracy(), Units.seconds(m.seconds()));
    }
  }

  /** The names of the data sets. */
  static final class Names implements ITypeConverter<DataSet>, Iterable<String> {
    @Override
    public DataSet convert(String value) {
      for (DataSet d : DataSet.values()) {
        if (d.toString().equalsIgnoreCase(value)) {
          return d;
        }
      }
      throw new TypeConversionException("'" + value + "' is no data set; choose " + String.join(" or ", this));
    }

    @Override
    public Iterator<String> iterator() {
      return Arrays.stream(DataSet.values()).map(DataSet::toString).iterator();
    }
  }
}
