package dev.tenzan.bench.work;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tenzan.Device;
import dev.tenzan.Devices;
import dev.tenzan.bench.measure.OpenBlas;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

class WorkloadsTest {
  @TestFactory
  Stream<DynamicTest> smallWorkPassesItsCheckOnEveryDevice() {
    return Devices.all().stream()
        .flatMap(
            device ->
                Workloads.all().stream()
                    .map(f -> DynamicTest.dynamicTest(f.small().facts().name() + " " + device, () -> check(f, device))));
  }

  private static void check(Family family, Device device) {
    try (Workload.Session session = family.small().open(device)) {
      assertTrue(!session.check().isEmpty());
      session.run();
    }
  }

  @Test
  void oraclesCatchAWrongElement() {
    List<Host> inputs = List.of(Host.Spec.f32(100).draw(0), Host.Spec.f32(100).draw(1));
    Oracle sums = Oracle.elementwise(1, 0, x -> x[0] + x[1]);
    double[] right = new double[100];
    for (int i = 0; i < right.length; i++) {
      right[i] = (float) inputs.get(0).at(i) + (float) inputs.get(1).at(i);
    }
    assertEquals("all 100 elements", sums.check(inputs, right));
    right[0] += 1e-3;
    assertThrows(CheckFailedException.class, () -> sums.check(inputs, right));
    right[0] = Double.NaN;
    assertThrows(CheckFailedException.class, () -> sums.check(inputs, right));
  }

  @Test
  void inputsAreTheSameEveryTime() {
    Host.Spec spec = Host.Spec.f64(3, 5);
    assertEquals(spec.draw(4).at(14), spec.draw(4).at(14));
    assertTrue(spec.draw(0).at(0) != spec.draw(1).at(0));
  }

  @Test
  void ratesFollowTheMetric() {
    Workload.Facts matmul = Workloads.all().getFirst().at().apply(1000).facts();
    assertEquals(2.0, matmul.rate(1), 1e-12);
  }

  /** The peer is optional on a machine, so its absence is no failure; its products must be right where it is there. */
  @Test
  void openBlasRunsWhereItIsInstalled() {
    Optional<OpenBlas> library = OpenBlas.load();
    if (library.isEmpty()) {
      System.out.println("skipped: OpenBLAS is not installed");
      return;
    }
    assertEquals(1, library.get().threads(1));
    for (Family family : Workloads.all().subList(0, 2)) {
      family.small().peer(library.get()).orElseThrow().run();
    }
    assertTrue(Workloads.all().getLast().small().peer(library.get()).isEmpty());
  }
}
