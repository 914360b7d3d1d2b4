package dev.tenzan.bench;

import dev.tenzan.bench.compare.Comparison;
import dev.tenzan.bench.compare.ComparisonResult;
import dev.tenzan.bench.compare.Suite;
import dev.tenzan.bench.compare.Work;
import dev.tenzan.bench.output.CliException;
import dev.tenzan.bench.output.Json;
import dev.tenzan.bench.output.OutputFile;
import dev.tenzan.bench.output.Progress;
import dev.tenzan.bench.report.ComparisonText;
import java.util.List;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;

/** {@code bench --peers}: compares the {@code cpu} device with other libraries. */
final class PeersBench {
  private PeersBench() {}

  /** Runs what matches, prints the table and writes the report. */
  static int run(Console console, int threads, @Nullable String filter, OutputFile json) {
    List<Work> suite = suite(filter);
    ComparisonResult result;
    try (Progress progress = console.progress();
        Comparison comparison = new Comparison(threads, progress)) {
      result = comparison.run(suite, TenzanCommand.Version.text());
    }
    console.out().print(ComparisonText.render(result, console.terminal()));
    json.write(Json.write(result.toMap()));
    console.out().println("written: " + json.path());
    return result.passed() ? ExitCode.OK : ExitCode.CHECK_FAILED;
  }

  /** The work whose title contains a match. */
  private static List<Work> suite(@Nullable String filter) {
    if (filter == null) {
      return Suite.all();
    }
    Pattern pattern;
    try {
      pattern = Pattern.compile(filter);
    } catch (PatternSyntaxException e) {
      throw new CliException("--filter: '" + filter + "' is no regular expression: " + e.getDescription());
    }
    List<Work> chosen = Suite.all().stream().filter(w -> pattern.matcher(w.title()).find()).toList();
    if (chosen.isEmpty()) {
      throw new CliException(
          "--filter: nothing matches '" + filter + "'; titles look like '" + Suite.all().getFirst().title() + "'");
    }
    return chosen;
  }
}
