package dev.tenzan.bench;

import dev.tenzan.bench.compare.Comparison;
import dev.tenzan.bench.compare.ComparisonResult;
import dev.tenzan.bench.compare.Library;
import dev.tenzan.bench.compare.Suite;
import dev.tenzan.bench.compare.TenzanLibrary;
import dev.tenzan.bench.output.CliException;
import dev.tenzan.bench.output.Json;
import dev.tenzan.bench.output.OutputFile;
import dev.tenzan.bench.output.Progress;
import dev.tenzan.bench.report.ComparisonHtml;
import dev.tenzan.bench.report.ComparisonText;
import java.util.List;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;

/** {@code bench --peers}: compares the {@code cpu} device with other libraries. */
final class PeersBench {
  private final Predicate<String> wanted;
  private final List<Library> peers;

  /**
   * A comparison that can run.
   *
   * @param filter a regular expression for the titles of the work; null for all
   * @throws CliException where it matches nothing, or no other library is on the class path
   */
  PeersBench(@Nullable String filter) {
    this.wanted = wanted(filter);
    this.peers = Comparison.found();
  }

  /** Runs what is wanted, prints the table and writes the reports. */
  int run(Console console, int threads, OutputFile json, OutputFile html) {
    ComparisonResult result;
    try (Progress progress = console.progress();
        Comparison comparison = new Comparison(new TenzanLibrary(), peers, threads, progress)) {
      result = comparison.run(wanted, TenzanCommand.Version.text());
    }
    console.out().print(ComparisonText.render(result, console.terminal()));
    json.write(Json.write(result.toMap()));
    html.write(ComparisonHtml.render(result));
    console.out().println("written: " + json.path() + " and " + html.path());
    return result.passed() ? ExitCode.OK : ExitCode.CHECK_FAILED;
  }

  /** Whether a title contains a match. */
  private static Predicate<String> wanted(@Nullable String filter) {
    if (filter == null) {
      return _ -> true;
    }
    Predicate<String> wanted;
    try {
      wanted = Pattern.compile(filter).asPredicate();
    } catch (PatternSyntaxException e) {
      throw new CliException("--filter: '" + filter + "' is no regular expression: " + e.getDescription());
    }
    if (Suite.titles().stream().noneMatch(wanted)) {
      throw new CliException(
          "--filter: nothing matches '" + filter + "'; titles look like '" + Suite.titles().getFirst() + "'");
    }
    return wanted;
  }
}
