package dev.tenzan.bench;

import dev.tenzan.bench.output.CliException;
import dev.tenzan.bench.output.Progress;
import dev.tenzan.opencl.ProgramSettings;
import dev.tenzan.opencl.bundle.DriverCompiler;
import dev.tenzan.opencl.bundle.Manifest;
import dev.tenzan.opencl.bundle.OfflineCompiler;
import dev.tenzan.opencl.bundle.Packer;
import dev.tenzan.opencl.bundle.Part;
import dev.tenzan.opencl.bundle.PoclCompiler;
import dev.tenzan.opencl.bundle.Recording;
import dev.tenzan.opencl.driver.DriverError;
import dev.tenzan.opencl.driver.JoclDriver;
import dev.tenzan.opencl.fpga.Toolchain;
import dev.tenzan.spi.BinaryCache;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The command {@code fpga pack}: builds recorded kernels, or takes what a vendor's tools built of them, and makes a bundle. */
@Command(
    name = "pack",
    mixinStandardHelpOptions = true,
    description = {
      "Makes a bundle of recorded or exported kernels (docs/kernel-bundles.md).",
      "For pocl it builds them with poclcc, for driver with the compiler in a device's driver; for intel and amd it takes the"
          + " *.aocx or *.xclbin that the exported build.sh made."
    })
final class FpgaPackCommand implements Callable<Integer> {
  private static final int MOST_JOBS = 256;

  private final Console console;

  @Parameters(paramLabel = "DIR", description = "The folder of -Dtenzan.opencl.record, or the folder 'kernels' of an export.")
  private Path folder = Path.of("");

  @Option(names = "--out", required = true, paramLabel = "BUNDLE", description = "The bundle: a folder, or a file that ends in .zip.")
  private Path out = Path.of("");

  @Option(
      names = "--target",
      paramLabel = "T",
      defaultValue = "POCL",
      description = "What builds or built: ${COMPLETION-CANDIDATES}; pocl where not given.")
  private Target target = Target.POCL;

  @Option(names = "--jobs", paramLabel = "N", defaultValue = "1", description = "How many poclcc run at once; 1 where not given.")
  private int jobs;

  @Option(
      names = "--join",
      paramLabel = "N",
      defaultValue = "" + Part.MOST,
      description = "How many kernel sources one binary holds at most, as in the export; ${DEFAULT-VALUE} where not given.")
  private int join = Part.MOST;

  @Option(names = "--device", paramLabel = "N", defaultValue = "0", description = "For driver: the number of the OpenCL device, 0 where not given.")
  private int device;

  @Option(names = "--board", paramLabel = "TEXT", description = "For intel and amd: the board, for the manifest.")
  private @Nullable String board;

  @Option(names = "--toolchain", paramLabel = "TEXT", description = "For intel and amd: the compiler and its version, for the manifest.")
  private @Nullable String toolchain;

  /** What builds. */
  enum Target {
    /** {@code poclcc}. */
    POCL,
    /** The compiler in a device's driver. */
    DRIVER,
    /** {@code aoc}, run before. */
    INTEL,
    /** {@code v++}, run before. */
    AMD;

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  FpgaPackCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() {
    if (jobs < 1 || jobs > MOST_JOBS) {
      throw new CliException("--jobs: " + jobs + " is out of range; give 1 to " + MOST_JOBS);
    }
    FpgaCommand.checkJoin(join);
    if (Files.exists(out)) {
      throw new CliException("--out: " + out + " exists; remove it or name another");
    }
    Packer packer = new Packer(Recording.read(folder), join);
    Manifest manifest =
        switch (target) {
          case POCL -> build(packer, PoclCompiler.open(), jobs);
          case DRIVER -> {
            try (DriverCompiler compiler = driver()) {
              yield build(packer, compiler, 1);
            }
          }
          case INTEL -> collect(packer, Toolchain.INTEL);
          case AMD -> collect(packer, Toolchain.AMD);
        };
    Map<String, Long> files = new HashMap<>();
    manifest.kernels().forEach(e -> files.put(e.file(), e.bytes()));
    long bytes = files.values().stream().mapToLong(Long::longValue).sum();
    console.out().println(
        "packed " + manifest.kernels().size() + " kernel programs in " + files.size() + (files.size() == 1 ? " binary, " : " binaries, ")
            + bytes + " bytes, built by "
            + manifest.kernels().getFirst().toolchain() + " for " + manifest.kernels().getFirst().board() + ", in " + out);
    return ExitCode.OK;
  }

  private DriverCompiler driver() {
    try {
      return new DriverCompiler(new JoclDriver(), device, BinaryCache.configured(ProgramSettings.CACHE_PROPERTY, "opencl").orElse(null));
    } catch (DriverError e) {
      throw new CliException("--target driver: OpenCL does not answer: " + e.getMessage() + "; see whether clinfo runs");
    } catch (LinkageError e) {
      throw new CliException("--target driver: there is no OpenCL library; install an ICD loader and a runtime (docs/opencl.md)");
    }
  }

  private Manifest build(Packer packer, OfflineCompiler compiler, int jobs) {
    try (Progress progress = console.progress()) {
      packer.build(compiler, jobs, (done, all) -> progress.show(done, all, "building"));
    }
    return packer.pack(compiler.ending(), compiler.toolchain(), compiler.board(), out);
  }

  private Manifest collect(Packer packer, Toolchain tools) {
    String b = board;
    String t = toolchain;
    if (b == null || t == null) {
      throw new CliException("--target " + target + ": give --board TEXT and --toolchain TEXT too, for the manifest");
    }
    return packer.pack(tools.ending(), t, b, out);
  }
}
