package dev.tenzan.bench;

import java.io.IOException;
import java.io.InputStream;
import java.util.Properties;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The command {@code tenzan}, which only leads to the others. */
@Command(
    name = "tenzan",
    mixinStandardHelpOptions = true,
    versionProvider = TenzanCommand.Version.class,
    synopsisSubcommandLabel = "COMMAND",
    description = "Tensors on every accelerator of this machine.",
    footer = {
      "",
      "Exit codes: 0 done, 1 a check failed, 2 could not run.",
      "The default device: -Dtenzan.device=NAME in TENZAN_JAVA_OPTS, else TENZAN_DEVICE=NAME, else the best one."
    })
final class TenzanCommand implements Runnable {
  @Spec private CommandSpec spec = CommandSpec.create();

  /** The command line with all commands. */
  static CommandLine commandLine(Console console) {
    return new CommandLine(new TenzanCommand())
        .addSubcommand(new DevicesCommand(console))
        .addSubcommand(new DoctorCommand(console))
        .addSubcommand(new BenchCommand(console))
        .addSubcommand(new TrainCommand(console))
        .addSubcommand(new ConformanceCommand(console))
        .addSubcommand(new MathErrorCommand(console))
        .addSubcommand(new SoakCommand(console))
        .addSubcommand(new TuneCommand(console))
        .addSubcommand(FpgaCommand.commandLine(console));
  }

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "name a command");
  }

  /** Reads the version from the jar. */
  static final class Version implements CommandLine.IVersionProvider {
    private static final String RESOURCE = "/META-INF/maven/dev.tenzan/tenzan-bench/pom.properties";

    @Override
    public String[] getVersion() {
      return new String[] {"tenzan " + text() + " on " + System.getProperty("java.vm.name") + " " + Runtime.version()};
    }

    /** The version, or {@code development} where the program does not run from its jar. */
    static String text() {
      try (InputStream in = Version.class.getResourceAsStream(RESOURCE)) {
        if (in == null) {
          return "development";
        }
        Properties properties = new Properties();
        properties.load(in);
        return properties.getProperty("version", "development");
      } catch (IOException e) {
        return "development";
      }
    }
  }
}
