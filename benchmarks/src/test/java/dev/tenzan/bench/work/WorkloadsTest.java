package dev.tenzan.bench.work;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tenzan.Device;
import dev.tenzan.Devices;
import dev.tenzan.Tenzan;
import dev.tenzan.bench.measure.ClBlast;
import dev.tenzan.bench.measure.Gemm;
import dev.tenzan.bench.measure.OpenBlas;
import dev.tenzan.opencl.OpenClProvider;
import dev.tenzan.type.Numerics;
import java.lang.foreign.MemorySegment;
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

  /** A product whose factors were cut off to the 10 fraction bits of tf32. */
  @Test
  void factorsMayBeShorterInFastModeOnly() {
    TensorWork work = (TensorWork) Workloads.all().getFirst().small();
    int n = work.facts().extent();
    List<Host> inputs = List.of(work.inputs().get(0).draw(0), work.inputs().get(1).draw(1));
    double[] short10 = product(inputs, n, -1 << 13);
    double[] short6 = product(inputs, n, -1 << 17);
    Tenzan.with(Numerics.FAST, () -> work.oracle().check(inputs, short10));
    assertThrows(CheckFailedException.class, () -> work.oracle().check(inputs, short10));
    assertThrows(CheckFailedException.class, () -> Tenzan.with(Numerics.FAST, () -> work.oracle().check(inputs, short6)));
  }

  private static double[] product(List<Host> inputs, int n, int mask) {
    double[] result = new double[n * n];
    for (int i = 0; i < n * n; i++) {
      float sum = 0;
      for (int k = 0; k < n; k++) {
        sum += masked(inputs.get(0).at(i / n * n + k), mask) * masked(inputs.get(1).at(k * n + i % n), mask);
      }
      result[i] = sum;
    }
    return result;
  }

  private static float masked(double value, int mask) {
    return Float.intBitsToFloat(Float.floatToRawIntBits((float) value) & mask);
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
    checkProducts(library.get());
  }

  @Test
  void clBlastRunsWhereItIsInstalled() {
    if (!new OpenClProvider().availability().available()) {
      System.out.println("skipped: there is no OpenCL device");
      return;
    }
    Optional<ClBlast> library = ClBlast.open(0);
    if (library.isEmpty()) {
      System.out.println("skipped: CLBlast is not installed");
      return;
    }
    try (ClBlast b = library.get()) {
      assertTrue(b.description().startsWith("on "), b.description());
      checkProducts(b);
      assertThrows(IllegalStateException.class, () -> ClBlast.open(1000));
    }
  }

  private static void checkProducts(Gemm library) {
    for (Family family : Workloads.all().subList(0, 2)) {
      try (Workload.Rival rival = family.small().rival(library).orElseThrow()) {
        rival.check();
      }
    }
    assertTrue(Workloads.all().getLast().small().rival(library).isEmpty());
  }

  /** A library that leaves the result as it was. */
  @Test
  void aRivalThatIsWrongIsFound() {
    Gemm lazy =
        new Gemm() {
          @Override
          public String name() {
            return "Lazy";
          }

          @Override
          public String description() {
            return "does nothing";
          }

          @Override
          public Product open(int n, boolean wide, MemorySegment a, MemorySegment b) {
            return new Product() {
              @Override
              public void run() {}

              @Override
              public MemorySegment result() {
                return a;
              }

              @Override
              public void close() {}
            };
          }
        };
    try (Workload.Rival rival = Workloads.all().getFirst().small().rival(lazy).orElseThrow()) {
      assertTrue(String.valueOf(assertThrows(CheckFailedException.class, rival::check).getMessage()).startsWith("Lazy: element 0 is "));
    }
  }
}
