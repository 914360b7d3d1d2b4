package dev.tenzan.bench.jmh;

import dev.tenzan.bench.output.CliException;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.results.format.ResultFormatType;
import org.openjdk.jmh.runner.NoBenchmarksException;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;

/** Starts the JMH suites of this package, each in a JVM of its own with the options of this one. */
public final class JmhSuites {
  private JmhSuites() {}

  /**
   * Runs suites.
   *
   * @param regex selects benchmarks by a part of class and method name
   * @param devices the devices; those that the suites name where empty
   * @param json where JMH writes its own JSON; nowhere where null
   * @return whether there was a result
   * @throws CliException where nothing matches
   */
  public static boolean run(String regex, List<String> devices, @Nullable Path json) {
    try {
      Pattern.compile(regex);
      ChainedOptionsBuilder options =
          new OptionsBuilder()
              .include(Pattern.quote(JmhSuites.class.getPackageName() + ".") + ".*(" + regex + ")")
              .shouldFailOnError(true);
      if (!devices.isEmpty()) {
        options = options.param("device", devices.toArray(String[]::new));
      }
      if (json != null) {
        options = options.result(json.toString()).resultFormat(ResultFormatType.JSON);
      }
      return !new Runner(options.build()).run().isEmpty();
    } catch (PatternSyntaxException e) {
      throw new CliException("--jmh: '" + regex + "' is no regular expression: " + e.getDescription());
    } catch (NoBenchmarksException e) {
      throw new CliException("--jmh: no suite matches '" + regex + "'; there are MatMul, Elementwise, Reduce and Dispatch");
    } catch (RunnerException e) {
      throw new CliException("--jmh: " + e.getMessage());
    }
  }
}
