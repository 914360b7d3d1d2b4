package dev.tenzan.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** The command {@code math-error}: measures the error of the elementary functions. */
@Command(
    name = "math-error",
    mixinStandardHelpOptions = true,
    description = "Measures the greatest error of elementary functions, over all 2^32 inputs in f32.")
final class MathErrorCommand implements Callable<Integer> {
  private final Console console;

  @Parameters(paramLabel = "ARGUMENT", arity = "0..*", description = "Passed on to the scan.")
  private List<String> arguments = new ArrayList<>();

  MathErrorCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() {
    return Outside.run("dev.tenzan.bench.MathErrorScan", arguments, console.out());
  }
}
