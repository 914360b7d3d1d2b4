package dev.tenzan.bench;

import dev.tenzan.bench.output.CliException;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.util.List;

/** Calls programs that are looked up when they are needed: each has {@code static int run(List<String>, PrintStream)}. */
final class Outside {
  private Outside() {}

  /** Runs a program and returns its exit code. */
  static int run(String program, List<String> arguments, PrintStream out) {
    try {
      return (int) Class.forName(program).getMethod("run", List.class, PrintStream.class).invoke(null, arguments, out);
    } catch (InvocationTargetException e) {
      switch (e.getCause()) {
        case RuntimeException cause -> throw cause;
        case Error cause -> throw cause;
        default -> throw new IllegalStateException(program + " failed", e.getCause());
      }
    } catch (ReflectiveOperationException e) {
      throw new CliException(program + " is not on the class path; build Tenzan with mvn package");
    }
  }
}
