package dev.tenzan.bench;

import dev.tenzan.bench.measure.Diagnosis;
import dev.tenzan.bench.measure.Machine;
import dev.tenzan.bench.output.Progress;
import dev.tenzan.bench.output.Table;
import dev.tenzan.bench.output.Terminal;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** The command {@code doctor}: whether this machine and JVM are set up to run fast. */
@Command(
    name = "doctor",
    mixinStandardHelpOptions = true,
    description = "Says whether this machine and JVM are set up to run fast; exits with 1 where something is not.")
final class DoctorCommand implements Callable<Integer> {
  private final Console console;

  @Mixin private DeviceOptions options = new DeviceOptions();

  DoctorCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() {
    options.apply();
    List<Diagnosis> all;
    try (Progress progress = console.progress()) {
      progress.show("looking at the machine");
      all = Diagnosis.all(options.count());
    }
    Terminal terminal = console.terminal();
    Table table =
        new Table(
            terminal,
            Table.Column.text("check"),
            Table.Column.text(""),
            Table.Column.text("found"),
            Table.Column.text("what to do"));
    Machine machine = Machine.detect();
    String caches = machine.caches().isEmpty() ? "" : " (" + machine.caches() + ")";
    table.row("processor", terminal.good("ok"), machine.cpu() + caches, "");
    table.row("system", terminal.good("ok"), machine.os(), "");
    for (Diagnosis d : all) {
      table.row(
          d.what(),
          d.good() ? terminal.good("ok") : terminal.bad("no"),
          d.found(),
          d.good() ? "" : d.remedy());
    }
    console.out().print(table.render());
    console.out().println();
    DevicesCommand.print(console);
    return all.stream().allMatch(Diagnosis::good) ? ExitCode.OK : ExitCode.CHECK_FAILED;
  }
}
