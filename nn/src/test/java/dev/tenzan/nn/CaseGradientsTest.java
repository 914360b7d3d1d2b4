package dev.tenzan.nn;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tenzan.Devices;
import dev.tenzan.Tensor;
import dev.tenzan.TensorScope;
import dev.tenzan.conformance.OpCase;
import dev.tenzan.conformance.OpCases;
import dev.tenzan.type.DType;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** The gradients of the conformance kit's smooth f64 cases against finite differences. */
class CaseGradientsTest {
  /** Finite differences reach about 1e-9 of well-behaved functions, and less where curvature is high. */
  private static final double TOLERANCE = 1e-6;

  private static final long MOST_ELEMENTS = 160;

  private static boolean isSuitable(OpCase c) {
    return c.differentiable() && c.dtype() == DType.F64 && c.isRange() && c.elements() > 0 && c.elements() <= MOST_ELEMENTS;
  }

  @TestFactory
  Stream<DynamicTest> gradients() {
    List<OpCase> cases = OpCases.all().stream().filter(CaseGradientsTest::isSuitable).toList();
    assertFalse(cases.isEmpty(), "no case to check");
    return cases.stream().map(c -> DynamicTest.dynamicTest(c.name(), () -> check(c)));
  }

  private static void check(OpCase c) {
    try (TensorScope _ = TensorScope.open()) {
      List<Tensor> all = c.makeInputs(Devices.get("reference"));
      List<Tensor> varied = all.stream().filter(t -> t.dtype() == DType.F64).toList();
      double error =
          GradientCheck.check(
              floats -> {
                List<Tensor> inputs = new ArrayList<>();
                int next = 0;
                for (Tensor t : all) {
                  inputs.add(t.dtype() == DType.F64 ? floats.get(next++) : t);
                }
                return c.function().apply(inputs);
              },
              varied);
      assertTrue(error < TOLERANCE, () -> c.name() + ": relative error " + error);
    }
  }
}
