package dev.tenzan.bench;

import dev.tenzan.bench.output.CliException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The command {@code fpga}, which only leads to the others. */
@Command(
    name = "fpga",
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "COMMAND",
    description = "Kernels that are built beforehand, for devices without a compiler (docs/fpga.md).")
final class FpgaCommand implements Runnable {
  private static final int MOST_JOINED = 10_000;

  @Spec private CommandSpec spec = CommandSpec.create();

  static CommandLine commandLine(Console console) {
    return new CommandLine(new FpgaCommand())
        .addSubcommand(new FpgaExportCommand(console))
        .addSubcommand(new FpgaPackCommand(console))
        .addSubcommand(new FpgaRunCommand(console))
        .addSubcommand(new FpgaReportCommand(console));
  }

  /** The number of kernel sources in a binary, checked. */
  static int checkJoin(int join) {
    if (join < 1 || join > MOST_JOINED) {
      throw new CliException("--join: " + join + " is out of range; give 1 to " + MOST_JOINED);
    }
    return join;
  }

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "name a command");
  }
}
