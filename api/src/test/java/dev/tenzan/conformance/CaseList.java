package dev.tenzan.conformance;

import dev.tenzan.Tensor;
import dev.tenzan.Tenzan;
import dev.tenzan.type.DType;
import dev.tenzan.type.Numerics;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/** Collects the cases of one family. */
final class CaseList {
  static final List<DType> FLOATS = List.of(DType.F64, DType.F32, DType.F16, DType.BF16);
  static final List<DType> INTEGERS = List.of(DType.I64, DType.I32, DType.I16, DType.I8, DType.U8);
  static final List<DType> NUMBERS;
  static final List<DType> ALL = List.of(DType.values());

  static {
    List<DType> n = new ArrayList<>(FLOATS);
    n.addAll(INTEGERS);
    NUMBERS = List.copyOf(n);
  }

  private final String family;
  private final List<OpCase> cases;
  private boolean differentiable = true;
  private Numerics numerics = Numerics.REPRODUCIBLE;

  CaseList(String family, List<OpCase> cases) {
    this.family = family;
    this.cases = cases;
  }

  /** The following cases have no gradient. */
  CaseList constant() {
    differentiable = false;
    return this;
  }

  /** The following cases have a gradient. */
  CaseList smooth() {
    differentiable = true;
    return this;
  }

  /** The following cases run in a mode. */
  CaseList under(Numerics mode) {
    numerics = mode;
    return this;
  }

  /** Whether the cases that follow have a gradient. */
  boolean isSmooth() {
    return differentiable;
  }

  void add(
      String op,
      String variant,
      DType t,
      Tolerance tolerance,
      List<InputSpec> inputs,
      Function<List<Tensor>, Tensor> function,
      Function<List<HostArray>, HostArray> oracle) {
    boolean d = differentiable && t.isFloat();
    Numerics mode = numerics;
    cases.add(
        new OpCase(
            family, op, variant, t, inputs, x -> Tenzan.with(mode, () -> function.apply(x)), oracle, tolerance, d, mode));
  }
}
