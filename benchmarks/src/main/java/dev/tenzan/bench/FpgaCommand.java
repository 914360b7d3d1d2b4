package dev.tenzan.bench;

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
  @Spec private CommandSpec spec = CommandSpec.create();

  static CommandLine commandLine(Console console) {
    return new CommandLine(new FpgaCommand())
        .addSubcommand(new FpgaExportCommand(console))
        .addSubcommand(new FpgaPackCommand(console))
        .addSubcommand(new FpgaRunCommand(console))
        .addSubcommand(new FpgaReportCommand(console));
  }

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "name a command");
  }
}
