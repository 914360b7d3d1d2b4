package dev.tenzan.bench;

import dev.tenzan.bench.output.CliException;
import dev.tenzan.bench.output.Progress;
import dev.tenzan.bench.output.Table;
import dev.tenzan.bench.output.Units;
import dev.tenzan.opencl.ProgramSettings;
import dev.tenzan.opencl.Tuner;
import dev.tenzan.opencl.driver.DriverError;
import dev.tenzan.opencl.driver.JoclDriver;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The command {@code tune}: finds and remembers the best tile of matrix products on an OpenCL device. */
@Command(
    name = "tune",
    mixinStandardHelpOptions = true,
    description = {
      "Measures matrix products with different tiles on an OpenCL device, and remembers the fastest for this device and driver.",
      "The bits of the results do not depend on the tile; each is checked before it is timed (docs/opencl.md)."
    })
final class TuneCommand implements Callable<Integer> {
  private static final String OPENCL = "opencl:";
  private static final int LARGEST = 8192;

  private final Console console;

  @Option(names = "--device", paramLabel = "D", defaultValue = "opencl:0", description = "The device; ${DEFAULT-VALUE} where not given.")
  private String device = "opencl:0";

  @Option(
      names = "--size",
      paramLabel = "N",
      defaultValue = "1024",
      description = "Rows and columns of the matrices; ${DEFAULT-VALUE} where not given.")
  private int size;

  @Option(names = "--dry-run", description = "Only show the figures; remember nothing.")
  private boolean dry;

  TuneCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() {
    if (size < 16 || size > LARGEST) {
      throw new CliException("--size: " + size + " is out of range; give 16 to " + LARGEST);
    }
    Tuner tuner = tuner();
    List<Tuner.Result> results;
    try (Progress progress = console.progress()) {
      int all = tuner.candidates().size();
      results = tuner.measure(size, (tile, done) -> progress.show(done, all, "measuring tile " + tile));
    }
    Table table =
        new Table(
            console.terminal(), Table.Column.text("tile"), Table.Column.number("GFLOP/s"), Table.Column.text("note"));
    for (int i = 0; i < results.size(); i++) {
      Tuner.Result r = results.get(i);
      String failure = r.failure();
      if (failure == null) {
        table.row(r.tile().toString(), Units.number(r.gflops()), i == 0 ? "used until now" : "");
      } else {
        table.row(r.tile().toString(), "", failure.lines().findFirst().orElse(""));
      }
    }
    console.out().print(table.render());
    Tuner.Result best =
        results.stream()
            .filter(r -> r.failure() == null)
            .max(Comparator.comparingDouble(Tuner.Result::gflops))
            .orElseThrow(() -> new CliException("tune: no tile works on " + device + "; see the notes above"));
    console.out().println(
        "best: " + best.tile() + " (rows x vectors x floats of a vector x steps in local memory)"
            + (dry ? "" : ", remembered in " + tuner.remember(best.tile())));
    return ExitCode.OK;
  }

  private Tuner tuner() {
    String number = device.startsWith(OPENCL) ? device.substring(OPENCL.length()) : "";
    if (!number.matches("\\d{1,4}")) {
      throw new CliException("--device: '" + device + "' is no OpenCL device; give one such as opencl:0 (tenzan devices lists them)");
    }
    try {
      return new Tuner(new JoclDriver(), ProgramSettings.configured(), Integer.parseInt(number));
    } catch (DriverError e) {
      throw new CliException("tune: OpenCL does not answer: " + e.getMessage() + "; see whether clinfo runs");
    } catch (LinkageError e) {
      throw new CliException("tune: there is no OpenCL library; install an ICD loader and a runtime (docs/opencl.md)");
    }
  }
}
