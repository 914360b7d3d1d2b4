package dev.tenzan.bench;

import dev.tenzan.Device;
import dev.tenzan.Devices;
import dev.tenzan.bench.fpga.FpgaProgram;
import dev.tenzan.bench.output.CliException;
import dev.tenzan.opencl.OpenClProvider;
import dev.tenzan.opencl.ProgramSettings;
import dev.tenzan.opencl.bundle.Part;
import dev.tenzan.opencl.driver.DryDriver;
import dev.tenzan.opencl.fpga.Project;
import dev.tenzan.opencl.fpga.Toolchain;
import dev.tenzan.opencl.plan.Style;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The command {@code fpga export}: writes the kernels that a program launches as a project for an offline compiler. */
@Command(
    name = "export",
    mixinStandardHelpOptions = true,
    description = {
      "Writes the OpenCL kernels that a program launches, with a build script, as a project for an offline compiler.",
      "The device need not be there. Nothing that is written has run on an FPGA board yet (docs/fpga.md)."
    })
final class FpgaExportCommand implements Callable<Integer> {
  private final Console console;

  @Parameters(paramLabel = "PROGRAM", description = "What is exported: ${COMPLETION-CANDIDATES}.")
  private FpgaProgram program = FpgaProgram.DIGITS;

  @Option(names = "--out", required = true, paramLabel = "DIR", description = "The project's folder, which must not exist or be empty.")
  private Path out = Path.of("");

  @Option(names = "--target", required = true, paramLabel = "T", description = "The offline compiler: ${COMPLETION-CANDIDATES}.")
  private Toolchain target = Toolchain.POCL;

  @Option(
      names = "--pe",
      paramLabel = "RxC",
      defaultValue = "4x4",
      description = "Rows and columns of the systolic array of matrix products, 1x1 to 64x64; ${DEFAULT-VALUE} where not given.")
  private String pe = "4x4";

  @Option(
      names = "--join",
      paramLabel = "N",
      defaultValue = "" + Part.MOST,
      description = "How many kernel sources one binary holds at most; ${DEFAULT-VALUE} where not given.")
  private int join = Part.MOST;

  FpgaExportCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() {
    Style.Pe array = Style.Pe.parse(pe);
    FpgaCommand.checkJoin(join);
    if (Files.exists(out)) {
      try (Stream<Path> inside = Files.list(out)) {
        if (inside.findAny().isPresent()) {
          throw new CliException("--out: " + out + " is not empty; name another folder");
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    System.setProperty(OpenClProvider.DRY_PROPERTY, "true");
    System.setProperty(Style.PROPERTY, Style.Kind.FPGA.label());
    System.setProperty(Style.PE_PROPERTY, array.toString());
    System.setProperty(ProgramSettings.COMPILER_PROPERTY, "on");
    System.setProperty(ProgramSettings.RECORD_PROPERTY, out.resolve(Project.KERNELS).toString());
    System.setProperty(ProgramSettings.CACHE_PROPERTY, "off");
    Device device = Devices.get("opencl:0");
    if (!device.info().description().equals(DryDriver.NAME)) {
      throw new CliException("export: this process has used " + device + " before; start it anew for each export");
    }
    program.results(device);
    Project project = Project.write(out, program.toString(), target, join);
    console.out().println(
        "exported " + program + " for " + target + ": " + project.sources() + " kernel programs for " + project.binaries()
            + (project.binaries() == 1 ? " binary" : " binaries") + ", systolic array " + array + ", in " + out);
    console.out().println("next: see " + out.resolve("README.md"));
    return ExitCode.OK;
  }
}
