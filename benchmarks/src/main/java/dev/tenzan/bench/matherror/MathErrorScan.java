package dev.tenzan.bench.matherror;

import dev.tenzan.bench.output.CliException;
import dev.tenzan.bench.output.Progress;
import dev.tenzan.scalar.Instr;
import dev.tenzan.scalar.ScalarBuilder;
import dev.tenzan.type.Affine;
import dev.tenzan.type.DType;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongBinaryOperator;

/**
 * The search for the greatest errors: functions of one F32 over all 2^32 inputs, the others over a seeded sample. The result
 * does not depend on the number of threads.
 */
public final class MathErrorScan {
  private static final long SAMPLES_F32 = 1L << 26;
  private static final long SAMPLES_F64 = 1L << 16;
  /** Odd, so that a sparse scan meets all bits of the mantissa. */
  private static final int QUICK_STEP = 1021;

  private final boolean quick;
  private final int threads;
  private final Progress progress;

  /**
   * A search.
   *
   * @param quick whether to try about a thousandth of the inputs
   * @param threads the number of threads
   * @param progress where to tell what is going on
   */
  public MathErrorScan(boolean quick, int threads, Progress progress) {
    this.quick = quick;
    this.threads = threads;
    this.progress = progress;
  }

  /**
   * The functions of these names, or all where there is none.
   *
   * @throws CliException where a name is unknown
   */
  private static List<MathFunction> functions(List<String> names) {
    for (String name : names) {
      if (MathFunction.ALL.stream().noneMatch(f -> f.name().equals(name))) {
        throw new CliException("no function is named '" + name + "'; choose from " + MathFunction.names());
      }
    }
    return MathFunction.ALL.stream().filter(f -> names.isEmpty() || names.contains(f.name())).toList();
  }

  /**
   * Measures functions.
   *
   * @param names their names; all where there is none
   * @param dtypes F32, F64 or both
   * @throws CliException where a name is unknown
   */
  public List<MathError> run(List<String> names, List<DType> dtypes) {
    List<MathFunction> functions = functions(names);
    List<MathError> results = new ArrayList<>();
    int total = functions.size() * dtypes.size();
    for (DType dtype : dtypes) {
      for (MathFunction f : functions) {
        progress.show(results.size(), total, f.name() + " " + dtype);
        results.add(measure(f, dtype));
      }
    }
    return results;
  }

  private MathError measure(MathFunction f, DType dtype) {
    LongBinaryOperator compiled = compile(f, dtype);
    double limit = dtype == DType.F32 ? f.limitF32() : MathFunction.LIMIT_F64;
    if (dtype == DType.F32 && f.arity() == 1) {
      int step = quick ? QUICK_STEP : 1;
      EveryFloat every = new EveryFloat(f, compiled, step);
      return new MathError(f.name(), dtype, every.inputs(), limit, Parts.run(threads, EveryFloat.PARTS, every::part));
    }
    long samples = dtype == DType.F32 ? SAMPLES_F32 : SAMPLES_F64;
    Sample sample = new Sample(f, dtype, compiled, quick ? samples / 32 : samples);
    return new MathError(f.name(), dtype, sample.inputs(), limit, Parts.run(threads, Sample.PARTS, sample::part));
  }

  private static LongBinaryOperator compile(MathFunction f, DType dtype) {
    ScalarBuilder b = new ScalarBuilder();
    int x = b.add(new Instr.Load(dtype, 0, new Affine(0)));
    int y = b.add(new Instr.Load(dtype, 1, new Affine(0)));
    int result = (dtype == DType.F32 ? f.f32() : f.f64()).build(b, x, y);
    return ScalarJit.compile(b.build(), result, x, y);
  }
}
