package dev.tenzan.bench;

import dev.tenzan.Device;
import dev.tenzan.bench.fpga.FpgaProgram;
import dev.tenzan.opencl.program.KernelSource;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The command {@code fpga run}: runs a program that can be exported, and prints a hash of its results' bits. */
@Command(
    name = "run",
    mixinStandardHelpOptions = true,
    description = "Runs a program of 'fpga export' on a device; prints the SHA-256 of each result's bits, the same on every device.")
final class FpgaRunCommand implements Callable<Integer> {
  private final Console console;

  @Parameters(paramLabel = "PROGRAM", description = "What is run: ${COMPLETION-CANDIDATES}.")
  private FpgaProgram program = FpgaProgram.DIGITS;

  @Option(names = "--device", paramLabel = "D", description = "The device; the default one where not given.")
  private @Nullable String device;

  FpgaRunCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() {
    Device d = DeviceOptions.device(device);
    console.out().println(program + " on " + d + " (" + d.info().description() + ")");
    for (FpgaProgram.Result r : program.results(d)) {
      console.out().println("result " + r.dtype() + r.shape() + "  sha256 " + KernelSource.sha256(r.bytes()));
    }
    return ExitCode.OK;
  }
}
