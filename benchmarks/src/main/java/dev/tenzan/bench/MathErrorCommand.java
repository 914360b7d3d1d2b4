package dev.tenzan.bench;

import dev.tenzan.bench.matherror.MathError;
import dev.tenzan.bench.matherror.MathErrorScan;
import dev.tenzan.bench.output.CliException;
import dev.tenzan.bench.output.Json;
import dev.tenzan.bench.output.OutputFile;
import dev.tenzan.bench.output.Progress;
import dev.tenzan.bench.output.Table;
import dev.tenzan.bench.output.Table.Column;
import dev.tenzan.bench.output.Units;
import dev.tenzan.type.DType;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The command {@code math-error}: measures the error of the elementary functions. */
@Command(
    name = "math-error",
    mixinStandardHelpOptions = true,
    description = {
      "Measures the greatest error of elementary functions: in f32 over all 2^32 inputs, in f64 and for functions of two"
          + " values over a fixed sample. Exits with 1 where one is above its limit."
    })
final class MathErrorCommand implements Callable<Integer> {
  private static final int MOST_THREADS = 1024;

  /** Which types are measured. */
  enum Choice {
    F32,
    F64,
    ALL;

    private List<DType> dtypes() {
      return switch (this) {
        case F32 -> List.of(DType.F32);
        case F64 -> List.of(DType.F64);
        case ALL -> List.of(DType.F32, DType.F64);
      };
    }

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  private final Console console;

  @Parameters(paramLabel = "FUNCTION", arity = "0..*", description = "Functions, for example exp; all where not given.")
  private List<String> functions = new ArrayList<>();

  @Option(
      names = "--dtype",
      paramLabel = "TYPE",
      defaultValue = "all",
      description = "One of ${COMPLETION-CANDIDATES}; ${DEFAULT-VALUE} where not given.")
  private Choice dtype = Choice.ALL;

  @Option(names = "--quick", description = "Tries about a thousandth of the inputs.")
  private boolean quick;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "Threads, 1 to 1024; all processors where not given.")
  private @Nullable Integer threads;

  @Option(names = "--json", paramLabel = "FILE", description = "Also writes the results as JSON.")
  private @Nullable Path json;

  MathErrorCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() {
    int count = threads == null ? Runtime.getRuntime().availableProcessors() : threads;
    if (count < 1 || count > MOST_THREADS) {
      throw new CliException("--threads: " + count + " is out of range; give 1 to " + MOST_THREADS);
    }
    try (OutputFile file = OutputFile.openOptional("--json", json)) {
      List<MathError> errors;
      try (Progress progress = console.progress()) {
        errors = new MathErrorScan(quick, count, progress).run(functions, dtype.dtypes());
      }
      console.out().print(table(errors));
      for (MathError e : errors) {
        if (!e.ok()) {
          console.out().println(
              e.function() + " " + name(e.dtype()) + " at " + e.input() + " is " + e.worst().got() + ", not "
                  + e.worst().truth());
        }
      }
      if (file != null) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("schema", "tenzan-math-error");
        map.put("schema_version", 1);
        map.put("version", TenzanCommand.Version.text());
        map.put("quick", quick);
        map.put("results", errors.stream().map(MathError::toMap).toList());
        file.write(Json.write(map));
      }
      return errors.stream().allMatch(MathError::ok) ? ExitCode.OK : ExitCode.CHECK_FAILED;
    }
  }

  private static String name(DType dtype) {
    return dtype.toString().toLowerCase(Locale.ROOT);
  }

  private String table(List<MathError> errors) {
    Table table =
        new Table(
            console.terminal(),
            Column.text("function"),
            Column.text("dtype"),
            Column.number("inputs"),
            Column.number("max ULP"),
            Column.number("limit"),
            Column.text("ok"),
            Column.text("at"),
            Column.text("bits"));
    for (MathError e : errors) {
      table.row(
          e.function(),
          name(e.dtype()),
          Units.count(e.inputs()),
          e.ulp(),
          Units.number(e.limit()),
          e.ok() ? console.terminal().good("yes") : console.terminal().bad("NO"),
          e.input(),
          e.inputBits());
    }
    return table.render();
  }
}
