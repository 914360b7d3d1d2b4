package dev.tenzan.cuda.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tenzan.cuda.program.KernelSource;
import dev.tenzan.cuda.program.Shipped;
import dev.tenzan.kernel.MatMulKernel;
import dev.tenzan.type.Affine;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Which kernels take a product. */
class AsyncProductTest {
  /** The multiprocessors of an H100. */
  private static final int PROCESSORS = 132;

  private static Plan plan(int capability, DType dtype, long m, long n, long k, Affine a, Affine b) {
    return Planner.plan(new MatMulKernel(dtype, dtype, Shape.SCALAR, m, n, k, a, b), new Style(PROCESSORS, capability));
  }

  private static Plan plan(int capability, DType dtype, long m, long n, long k) {
    return plan(capability, dtype, m, n, k, new Affine(0, k, 1), new Affine(0, n, 1));
  }

  private static void check(KernelSource expected, Plan plan) {
    assertEquals(expected, plan.steps().getFirst().source());
  }

  private static KernelSource mma(String form) {
    return Shipped.module("matmul_dmma", DType.F64, form);
  }

  @Test
  void doublesUseTensorCoresWhereTheseAreFaster() {
    for (int capability : new int[] {80, 90, 100, 103}) {
      check(mma(capability == 80 ? "2ks" : "1ks"), plan(capability, DType.F64, 2048, 2048, 2048));
    }
    for (int capability : new int[] {75, 86, 87, 89, 110, 120, 121}) {
      check(Shipped.module("matmul", DType.F64), plan(capability, DType.F64, 2048, 2048, 2048));
    }
  }

  @Test
  void fewDoublesStayWhereTheyAre() {
    for (long[] size : new long[][] {{7, 4096, 4096}, {4096, 1, 4096}, {16, 16, 32}, {64, 64, 0}}) {
      check(Shipped.module("matmul", DType.F64), plan(90, DType.F64, size[0], size[1], size[2]));
    }
  }

  @Test
  void fewTilesAreSmaller() {
    check(mma("1ks"), plan(90, DType.F64, 1024, 1024, 1024));
    check(mma("0ks"), plan(90, DType.F64, 512, 512, 256));
    check(mma("0ks"), plan(90, DType.F64, 200, 200, 200));
  }

  @Test
  void layoutsFollowTheStrides() {
    Affine along = new Affine(0, 2048, 1);
    Affine across = new Affine(0, 1, 2048);
    Affine apart = new Affine(0, 4096, 2);
    check(mma("1kk"), plan(90, DType.F64, 2048, 2048, 2048, along, across));
    check(mma("1sk"), plan(90, DType.F64, 2048, 2048, 2048, across, across));
    check(mma("1ss"), plan(90, DType.F64, 2048, 2048, 2048, across, along));
    check(mma("1ss"), plan(90, DType.F64, 2048, 2048, 2048, apart, along));
  }

  @Test
  void fewTilesOfManyProductsAreSplit() {
    for (DType dtype : List.of(DType.F32, DType.F64)) {
      Plan split = plan(90, dtype, 128, 128, 8200);
      assertEquals(List.of("tz_product", "tz_add_blocks"), split.steps().stream().map(Step::entry).toList(), dtype.label());
      assertEquals(List.of(33L * 128 * 128 * dtype.byteSize()), split.temps(), dtype.label());
      assertEquals(1, plan(90, dtype, 128, 128, 256).steps().size(), dtype.label());
      long products = plan(90, dtype, 4096, 4096, 4096).steps().stream().filter(step -> step.entry().equals("tz_product")).count();
      assertEquals(1, products, dtype.label());
    }
  }

  private static List<String> entries(Plan plan) {
    return plan.steps().stream().map(Step::entry).toList();
  }

  @Test
  void operandsOfLargeProductsAreTurnedFirst() {
    Affine rows = new Affine(0, 4096, 1);
    Affine columns = new Affine(0, 1, 4096);
    Plan first = plan(90, DType.F32, 4096, 4096, 4096, rows, rows);
    assertEquals(List.of("tz_tile", "tz_product"), entries(first));
    assertEquals(List.of(4L * 4096 * 4096), first.temps());
    assertTrue(first.steps().getLast().source().code().contains("-DTZ_A=0 -DTZ_B=0"), "both are vectors");
    assertEquals(List.of("tz_tile", "tz_tile", "tz_product"), entries(plan(90, DType.F32, 4096, 4096, 4096, rows, columns)));
    assertEquals(List.of("tz_tile", "tz_product"), entries(plan(90, DType.F32, 4096, 4096, 4096, columns, columns)));
    assertFalse(isTurned(plan(90, DType.F32, 4096, 4096, 4096, columns, rows)));
    assertFalse(isTurned(plan(90, DType.F32, 256, 256, 256)));
    assertFalse(isTurned(plan(90, DType.F32, 4096, 8, 4096)), "the copy would be most of the work");
    assertFalse(isTurned(plan(90, DType.F32, 4095, 4096, 4096)), "no whole vectors in a line of the copy");
  }

  private static boolean isTurned(Plan plan) {
    return entries(plan).contains("tz_tile");
  }

  /** More shared memory than this has to be asked for, and a block of an earlier device may not have it. */
  @Test
  void tilesOfDoublesFitWhatEveryBlockHas() {
    for (Tile tile : List.of(Tile.F64_SMALL, Tile.F64_MEDIUM, Tile.F64_EARLY)) {
      assertTrue(tile.shared(false) <= 48 << 10, tile + " takes " + tile.shared(false));
    }
  }
}
