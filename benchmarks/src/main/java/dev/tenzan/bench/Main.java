package dev.tenzan.bench;

import dev.tenzan.bench.output.CliException;
import dev.tenzan.bench.output.Terminal;
import dev.tenzan.error.TenzanException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.Charset;
import java.nio.file.NoSuchFileException;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.ParameterException;

/**
 * The {@code tenzan} command line. It exits with 0 when done, with 1 when a check failed, and with 2 when it could not run; a user's
 * mistake gives one line on standard error, never a stack trace.
 */
public final class Main {
  private Main() {}

  /** Runs the command line and ends the process. */
  public static void main(String[] args) {
    int code = run(System.out, System.err, Terminal.detect(), args);
    System.out.flush();
    System.exit(code);
  }

  /** Runs the command line and returns its exit code. */
  static int run(PrintStream out, PrintStream err, Terminal terminal, String... args) {
    CommandLine commandLine = TenzanCommand.commandLine(new Console(out, err, terminal));
    Ansi ansi = terminal.colour() ? Ansi.ON : Ansi.OFF;
    commandLine
        .setColorScheme(CommandLine.Help.defaultColorScheme(ansi))
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setOut(new PrintWriter(out, true, Charset.defaultCharset()))
        .setErr(new PrintWriter(err, true, Charset.defaultCharset()))
        .setUsageHelpAutoWidth(true)
        .setAbbreviatedOptionsAllowed(false)
        .setParameterExceptionHandler((e, _) -> usageError(e, err))
        .setExecutionExceptionHandler((e, command, _) -> failed(e, command, err));
    return commandLine.execute(args);
  }

  private static int usageError(ParameterException e, PrintStream err) {
    String command = e.getCommandLine().getCommandSpec().qualifiedName(" ");
    Throwable cause = e.getCause();
    String message = String.valueOf(cause instanceof CliException ? cause.getMessage() : e.getMessage());
    err.println(command + ": " + oneLine(message) + "; see " + command + " --help");
    return ExitCode.COULD_NOT_RUN;
  }

  /** A known error in one line; any other one too, with how to see where it comes from. */
  private static int failed(Exception e, CommandLine command, PrintStream err) {
    if (Boolean.getBoolean("tenzan.debug")) {
      e.printStackTrace(err);
    }
    String name = command.getCommandSpec().qualifiedName(" ");
    String line =
        switch (e) {
          case CliException known -> String.valueOf(known.getMessage());
          case TenzanException known -> String.valueOf(known.getMessage());
          case UncheckedIOException io when io.getCause() instanceof NoSuchFileException missing ->
              "there is no file " + missing.getFile() + "; check the path";
          case UncheckedIOException io -> String.valueOf(io.getMessage());
          default ->
              "internal error: " + e
                  + "; please report it with the trace that TENZAN_JAVA_OPTS=-Dtenzan.debug=true shows";
        };
    err.println(name + ": " + oneLine(line));
    return ExitCode.COULD_NOT_RUN;
  }

  private static String oneLine(String message) {
    return message.strip().replaceAll("\\s*\\R\\s*", " ");
  }
}
