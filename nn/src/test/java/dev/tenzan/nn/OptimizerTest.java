package dev.tenzan.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.tenzan.Device;
import dev.tenzan.Devices;
import dev.tenzan.Tensor;
import dev.tenzan.TensorScope;
import dev.tenzan.error.ShapeException;
import dev.tenzan.error.TenzanException;
import dev.tenzan.type.DType;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** Compares optimizer steps with the published formulas, computed here in f64 on the host. */
class OptimizerTest {
  private static final Device REFERENCE = Devices.get("reference");
  private static final double[] START = {1, -2, 0.5};
  private static final double[][] GRADIENTS = {{0.5, -1, 0}, {0.25, 3, -0.125}, {-1, 0.5, 1e-3}};

  private static double[] run(Function<List<Parameter>, Optimizer> make) {
    Parameter p = new Parameter("p", REFERENCE.of(START));
    Optimizer optimizer = make.apply(List.of(p));
    for (double[] g : GRADIENTS) {
      optimizer.step(List.of(REFERENCE.of(g)));
    }
    return p.tensor().toDoubles();
  }

  /** One element's rule: keeps its own state, takes value, gradient and step number. */
  private interface RuleOfOne {
    double step(double p, double g, int t);
  }

  private static double[] expected(Function<Integer, RuleOfOne> rules) {
    double[] result = START.clone();
    for (int i = 0; i < result.length; i++) {
      RuleOfOne rule = rules.apply(i);
      for (int t = 1; t <= GRADIENTS.length; t++) {
        result[i] = rule.step(result[i], GRADIENTS[t - 1][i], t);
      }
    }
    return result;
  }

  @Test
  void plainDescent() {
    double[] want = expected(_ -> (p, g, _) -> p - 0.1 * g);
    assertArrayEquals(want, run(p -> new Sgd(p, 0.1)), 1e-15);
  }

  @Test
  void momentumAndWeightDecay() {
    for (boolean nesterov : new boolean[] {false, true}) {
      double[] want =
          expected(
              _ -> {
                double[] v = {0};
                return (p, g, _) -> {
                  double d = g + 0.01 * p;
                  v[0] = 0.9 * v[0] + d;
                  return p - 0.1 * (nesterov ? d + 0.9 * v[0] : v[0]);
                };
              });
      assertArrayEquals(want, run(p -> new Sgd(p, 0.1, 0.9, 0.01, nesterov)), 1e-14);
    }
  }

  private static double[] adam(double weightDecay) {
    return expected(
        _ -> {
          double[] mv = {0, 0};
          return (p, g, t) -> {
            mv[0] = 0.9 * mv[0] + 0.1 * g;
            mv[1] = 0.999 * mv[1] + 0.001 * g * g;
            double m = mv[0] / (1 - Math.pow(0.9, t));
            double v = mv[1] / (1 - Math.pow(0.999, t));
            return p - 0.01 * weightDecay * p - 0.01 * m / (Math.sqrt(v) + 1e-8);
          };
        });
  }

  @Test
  void adamWithAndWithoutWeightDecay() {
    // The step counter and its corrections are f32, so the moments' f64 digits end there.
    assertArrayEquals(adam(0), run(p -> new Adam(p, 0.01)), 1e-8);
    assertArrayEquals(adam(0.1), run(p -> new Adam(p, 0.01, 0.1)), 1e-8);
  }

  @Test
  void stateIsListed() {
    Parameter p = new Parameter("p", REFERENCE.of(START));
    List<String> names = new Adam(List.of(p), 0.1).state().stream().map(Parameter::name).toList();
    assertEquals(List.of("adam.steps", "p.adam.first", "p.adam.second"), names);
  }

  @Test
  void errors() {
    Parameter p = new Parameter("p", REFERENCE.of(START));
    assertThrows(TenzanException.class, () -> new Sgd(List.of(), 0.1));
    assertThrows(TenzanException.class, () -> new Sgd(List.of(p), -1));
    assertThrows(TenzanException.class, () -> new Adam(List.of(p), Double.NaN));
    assertThrows(TenzanException.class, () -> new Sgd(List.of(p), 0.1, 1, 0, false));
    assertThrows(ShapeException.class, () -> new Sgd(List.of(p), 0.1).step(List.of()));
    assertThrows(ShapeException.class, () -> p.set(REFERENCE.of(new double[] {1})));
  }

  @Test
  void parametersOutliveScopes() {
    Parameter p;
    try (var _ = TensorScope.open()) {
      p = new Parameter("p", REFERENCE.of(START).mul(2));
      p.set(p.tensor().add(1));
    }
    try (Tensor t = p.tensor()) {
      assertArrayEquals(new double[] {3, -3, 2}, t.toDoubles());
    }
  }

  /** A loss that is kept must not keep the weights and activations that it was computed from. */
  @Test
  void parametersForgetHowTheirValuesWereMade() {
    Parameter weight;
    Parameter loss;
    try (Tensor w = REFERENCE.of(new double[1000]);
        Tensor zero = REFERENCE.zeros(DType.F64)) {
      weight = new Parameter("weight", w);
      loss = new Parameter("loss", zero);
    }
    Sgd optimizer = new Sgd(List.of(weight), 0.1);
    long before = REFERENCE.memory().liveBytes();
    for (int step = 0; step < 3; step++) {
      try (var _ = TensorScope.open()) {
        List<Tensor> w = optimizer.tensors();
        var result = Gradients.of(() -> w.getFirst().mul(2).square().mean(), w);
        List<Update> updates = new ArrayList<>(optimizer.updates(result.gradients()));
        updates.add(new Update(loss, result.value()));
        Update.commit(updates);
      }
      assertEquals(before, REFERENCE.memory().liveBytes());
    }
  }
}
