package dev.tenzan.cuda.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tenzan.cuda.driver.TensorMap;
import dev.tenzan.cuda.vendor.LtShape;
import dev.tenzan.error.DeviceException;
import dev.tenzan.kernel.MatMulKernel;
import dev.tenzan.type.Affine;
import dev.tenzan.type.DType;
import dev.tenzan.type.Numerics;
import dev.tenzan.type.Shape;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Which kernel a product in the fast mode gets, and with which parameters. */
class FastProductTest {
  private static final Style H100 = new Style(132, 90, FastWay.of(90, true, false, "auto"));
  private static final Style A100 = new Style(108, 80, FastWay.of(80, false, false, "auto"));

  private static MatMulKernel product(DType t, Shape batch, long m, long n, long k, Affine a, Affine b) {
    return new MatMulKernel(t, t, batch, m, n, k, a, b, Numerics.FAST);
  }

  private static MatMulKernel product(DType t, long m, long n, long k) {
    return product(t, Shape.SCALAR, m, n, k, new Affine(0, k, 1), new Affine(0, n, 1));
  }

  /** The first line of a module, which says what it was made from. */
  private static String module(MatMulKernel kernel, Style style) {
    List<Step> steps = Planner.plan(kernel, style).steps();
    String first = steps.getFirst().source().code().lines().findFirst().orElseThrow();
    return first.substring("// ".length(), first.indexOf(", written"));
  }

  private static void assertModule(String expected, MatMulKernel kernel, Style style) {
    assertEquals(expected, module(kernel, style), kernel.toString());
  }

  @Test
  void tilesGoByTheSize() {
    assertModule("matmul_wgmma.cu with -DTZ_BF16 -DTZ_COLUMNS=256 -DTZ_A=0 -DTZ_B=0", product(DType.BF16, 4096, 4096, 4096), H100);
    assertModule("matmul_wgmma.cu with -DTZ_F16 -DTZ_COLUMNS=128 -DTZ_A=0 -DTZ_B=0", product(DType.F16, 2048, 2048, 4096), H100);
    assertModule("matmul_wgmma.cu with -DTZ_F16 -DTZ_COLUMNS=128 -DTZ_A=0 -DTZ_B=0", product(DType.F16, 1 << 20, 128, 64), H100);
    assertModule("matmul_mma.cu with -DTZ_F16 -DTZ_A=0 -DTZ_B=0", product(DType.F16, 2048, 2048, 4096), A100);
    assertModule("matmul_mma.cu with -DTZ_F32 -DTZ_A=0 -DTZ_B=0", product(DType.F32, 2048, 2048, 4096), H100);
  }

  @Test
  void layoutsGoByTheStrides() {
    Affine rows = new Affine(16, 1024, 1);
    Affine columns = new Affine(8, 1, 1024);
    for (DType t : List.of(DType.F16, DType.BF16)) {
      for (Style style : List.of(H100, A100)) {
        String source = (style.equals(H100) ? "matmul_wgmma.cu with -DTZ_" : "matmul_mma.cu with -DTZ_") + t.name();
        source += style.equals(H100) ? " -DTZ_COLUMNS=128" : "";
        assertModule(source + " -DTZ_A=0 -DTZ_B=1", product(t, Shape.SCALAR, 1000, 999, 998, rows, columns), style);
        assertModule(source + " -DTZ_A=1 -DTZ_B=0", product(t, Shape.SCALAR, 1000, 999, 998, columns, rows), style);
        assertModule(source + " -DTZ_A=1 -DTZ_B=1", product(t, Shape.SCALAR, 1000, 999, 998, columns, columns), style);
      }
    }
  }

  @Test
  void otherProductsAreReproducible() {
    MatMulKernel fast = product(DType.BF16, 4096, 4096, 4096);
    String plain = "matmul.cu with -DTZ_BF16";
    assertModule(plain, new MatMulKernel(fast.input(), fast.output(), fast.batch(), 4096, 4096, 4096, fast.a(), fast.b()), H100);
    assertModule(plain, fast, new Style(132, 90));
    assertModule("matmul_dmma.cu with -DTZ_FORM=0 -DTZ_A=1 -DTZ_B=2", product(DType.F64, 512, 512, 512), H100);
    assertModule("matmul.cu with -DTZ_I8", product(DType.I8, 512, 512, 512), H100);
    assertModule(plain, product(DType.BF16, 512, 512, 509), H100); // rows of 1018 bytes
    assertModule(plain, product(DType.BF16, 512, 510, 512), H100);
    Affine shifted = new Affine(4, 512, 1);
    assertModule(plain, product(DType.BF16, Shape.SCALAR, 512, 512, 512, shifted, new Affine(0, 512, 1)), A100);
    Affine spread = new Affine(0, 1024, 2);
    assertModule(plain, product(DType.BF16, Shape.SCALAR, 512, 512, 512, spread, new Affine(0, 512, 1)), H100);
    assertModule(plain, product(DType.BF16, 7, 512, 512), H100); // few rows
    assertModule(plain, product(DType.BF16, 16, 16, 16), H100); // tiny
    assertTrue(module(product(DType.F32, 128, 128, 1 << 20), H100).startsWith("matmul_async.cu")); // which splits k
    assertTrue(Planner.plan(product(DType.BF16, 512, 512, 0), H100).steps().getFirst().source().code().contains("matmul.cu"));
  }

  @Test
  void parametersOfWgmma() {
    Shape batch = Shape.of(2, 3);
    Affine a = new Affine(8, 3 * 70_000, 70_000, 1, 264); // 260 x 200 by columns
    Affine b = new Affine(24, 3 * 60_000, 60_000, 1, 208); // 200 x 270 by columns
    Step step = Planner.plan(product(DType.F16, batch, 260, 270, 200, a, b), H100).steps().getFirst();
    Arg.Map first = new Arg.Map(0, 16, new TensorMap(DType.F16, List.of(260L, 200L, 6L), List.of(528L, 140_000L), List.of(64, 64, 1)));
    Arg.Map second = new Arg.Map(1, 48, new TensorMap(DType.F16, List.of(200L, 270L, 6L), List.of(416L, 120_000L), List.of(64, 128, 1)));
    assertEquals(
        List.of(
            first, second, new Arg.Slot(2), new Arg.Number(260), new Arg.Number(270), new Arg.Number(200), new Arg.Number(6),
            new Arg.Number(8)),
        step.args());
    assertEquals(6 * 3 * 3, step.grid());
    assertEquals(384, step.block());
    assertEquals(1024 + 6 * 256 * 128 + 32_768 + 96, step.shared());
    step = Planner.plan(product(DType.F16, 8192, 8192, 72), H100).steps().getFirst();
    first = new Arg.Map(0, 0, new TensorMap(DType.F16, List.of(72L, 8192L, 1L), List.of(144L, 144L * 8192), List.of(64, 128, 1)));
    second = new Arg.Map(1, 0, new TensorMap(DType.F16, List.of(8192L, 72L, 1L), List.of(16_384L, 16_384L * 72), List.of(64, 64, 1)));
    assertEquals(List.of(first, second), step.args().subList(0, 2));
    assertEquals(132, step.grid());
    assertEquals(1024 + 4 * 384 * 128 + 32_768 + 64, step.shared());
    assertTrue(step.shared() <= 227 << 10);
  }

  @Test
  void parametersOfMma() {
    Affine a = new Affine(4, 0, 1000, 1);
    Affine b = new Affine(8, 40_000, 1, 128);
    Step step = Planner.plan(product(DType.F32, Shape.of(5), 300, 200, 100, a, b), A100).steps().getFirst();
    assertEquals(
        List.of(
            new Arg.Slot(0, 16), new Arg.Slot(1, 32), new Arg.Slot(2), new Arg.Number(300), new Arg.Number(200), new Arg.Number(100),
            new Arg.Number(1000), new Arg.Number(128), new Arg.Number(0), new Arg.Number(40_000), new Arg.Number(8)),
        step.args());
    assertEquals(5 * 3 * 2, step.grid());
    assertEquals(256, step.block());
    assertEquals(65_536, step.shared());
  }

  @Test
  void rowsOfABatchThatSharesTheSecondOperandAreOneMatrix() {
    Affine shared = new Affine(0, 0, 512, 1);
    Step step = Planner.plan(product(DType.BF16, Shape.of(16), 128, 512, 512, new Affine(0, 128 * 512, 512, 1), shared), H100).steps().getFirst();
    assertEquals(List.of(new Arg.Number(16 * 128), new Arg.Number(512), new Arg.Number(512), new Arg.Number(1)), step.args().subList(3, 7));
    // Where the first is shared, no tensor map has the stride of 0.
    assertTrue(
        module(product(DType.BF16, Shape.of(16), 128, 512, 512, new Affine(0, 0, 512, 1), new Affine(0, 512 * 512, 512, 1)), H100)
            .startsWith("matmul_mma.cu"));
  }

  @Test
  void theLibraryIsForWhatIsSlowerHere() {
    MatMulKernel half = product(DType.BF16, 512, 512, 512);
    MatMulKernel single = product(DType.F32, 512, 512, 512);
    Style auto = new Style(132, 90, FastWay.of(90, true, true, "auto"));
    assertTrue(module(half, auto).startsWith("matmul_wgmma.cu"));
    Plan plan = Planner.plan(single, auto);
    assertEquals(List.of(), plan.steps());
    LtShape.Side rows = new LtShape.Side(false, 512, 0);
    assertEquals(new LibraryProduct(new LtShape(DType.F32, 512, 512, 512, 1, rows, rows), 0, 0), plan.library());
    assertNotNull(Planner.plan(half, new Style(108, 80, FastWay.of(80, false, true, "auto"))).library());
    assertNotNull(Planner.plan(half, auto.with(FastWay.of(90, true, true, "library"))).library());
    assertTrue(module(single, auto.with(FastWay.of(90, true, true, "own"))).startsWith("matmul_mma.cu"));
  }

  @Test
  void waysOfADevice() {
    assertEquals(List.of(), FastWay.of(75, true, false, "auto"));
    assertEquals(List.of(FastWay.LIBRARY), FastWay.of(75, true, true, "auto"));
    assertEquals(List.of(FastWay.LIBRARY, FastWay.MMA), FastWay.of(100, true, true, "auto"));
    assertEquals(List.of(FastWay.LIBRARY, FastWay.MMA), FastWay.of(90, false, true, "AUTO "));
    assertEquals(List.of(FastWay.WGMMA, FastWay.MMA), FastWay.of(90, true, true, "own"));
    assertEquals(List.of(FastWay.LIBRARY, FastWay.WGMMA, FastWay.MMA), FastWay.of(90, true, true, "library"));
    DeviceException e = assertThrows(DeviceException.class, () -> FastWay.of(90, true, true, "cublas"));
    assertEquals("-Dtenzan.cuda.fast: 'cublas' is none of own, library and auto; give one of them", e.getMessage());
  }
}
