package dev.tenzan.bench;

import dev.tenzan.Device;
import dev.tenzan.bench.output.CliException;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The command {@code soak}: many operations in a loop must not leave memory behind. */
@Command(
    name = "soak",
    mixinStandardHelpOptions = true,
    description = "Runs operations in a loop and exits with 1 where the device's memory creeps.")
final class SoakCommand implements Callable<Integer> {
  private final Console console;

  @Option(names = "--device", paramLabel = "D", description = "The device; the default one where not given.")
  private @Nullable String device;

  @Option(
      names = "--operations",
      paramLabel = "N",
      defaultValue = "1000000",
      description = "The number of operations; ${DEFAULT-VALUE} where not given.")
  private long operations;

  @Mixin private DeviceOptions options = new DeviceOptions();

  SoakCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() {
    options.apply();
    if (operations < 1) {
      throw new CliException("--operations: " + operations + " is out of range; give 1 or more");
    }
    Device d = DeviceOptions.device(device);
    return Soak.run(d, operations, console.out());
  }
}
