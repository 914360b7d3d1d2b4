package dev.tenzan;

import static dev.tenzan.type.Numerics.FAST;
import static dev.tenzan.type.Numerics.REPRODUCIBLE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.tenzan.conformance.SupportTable;
import dev.tenzan.error.TenzanException;
import dev.tenzan.kernel.ConvolutionKernel;
import dev.tenzan.kernel.KernelSpec;
import dev.tenzan.kernel.MatMulKernel;
import dev.tenzan.spi.Support;
import dev.tenzan.type.Affine;
import dev.tenzan.type.DType;
import dev.tenzan.type.Numerics;
import dev.tenzan.type.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** How the mode is asked for, and that it reaches the kernels. */
class NumericsTest {
  private final List<Numerics> asked = new ArrayList<>();
  private final Device d = SupportTable.declared(Devices.get("reference"), this::note);
  private final Tensor x = d.ones(DType.F32, 4, 4).eval();

  /** Notes the mode of each product that the device is asked to compile. */
  private Support note(KernelSpec kernel) {
    if (kernel instanceof MatMulKernel k) {
      asked.add(k.numerics());
    } else if (kernel instanceof ConvolutionKernel k) {
      asked.add(k.numerics());
    }
    return Support.yes();
  }

  private List<Numerics> taken() {
    List<Numerics> copy = List.copyOf(asked);
    asked.clear();
    return copy;
  }

  private Tensor fastProduct(Tensor a) {
    return Tenzan.with(FAST, () -> a.matmul(a));
  }

  @Test
  void theModeOfTheCallCounts() {
    Tensor fast = fastProduct(x);
    Tensor plain = x.matmul(x);
    fast.eval();
    assertEquals(List.of(FAST), taken(), "evaluated outside the scope");
    Tenzan.with(FAST, plain::eval);
    assertEquals(List.of(REPRODUCIBLE), taken(), "evaluated inside a scope");
  }

  @Test
  void everyProductHasIt() {
    Tensor images = d.ones(DType.F32, 1, 2, 4, 4).eval();
    Tensor weights = d.ones(DType.F32, 2, 2, 3, 3).eval();
    Tensor row = d.ones(DType.F32, 4).eval();
    Tenzan.with(FAST, () -> {
      row.dot(row).eval();
      x.tensordot(x, 1).eval();
      Tensor.einsum("ij,kj->ik", x, x).eval();
      images.conv(weights).eval();
      return images.convTranspose(weights, ConvOptions.of()).eval();
    });
    assertEquals(List.of(FAST, FAST, FAST, FAST, FAST), taken());
  }

  @Test
  void productsOfIntegersAreReproducible() {
    Tensor bytes = x.cast(DType.I8).eval();
    Tenzan.with(FAST, () -> bytes.matmul(bytes, DType.I32).eval());
    assertEquals(List.of(REPRODUCIBLE), taken());
  }

  @Test
  void equalProductsOfTwoModesAreTwo() {
    Tensor.eval(fastProduct(x), x.matmul(x), fastProduct(x), x.matmul(x));
    assertEquals(List.of(FAST, REPRODUCIBLE), taken().stream().sorted(java.util.Comparator.reverseOrder()).toList());
  }

  @Test
  void fusionKeepsIt() {
    fastProduct(x.add(1).permuteDims(1, 0)).mul(2).relu().sum().eval();
    assertEquals(List.of(FAST), taken());
  }

  @Test
  void scopesNestAndEnd() {
    assertEquals(REPRODUCIBLE, Tenzan.numerics());
    assertEquals(
        List.of(FAST, REPRODUCIBLE, FAST),
        Tenzan.with(
            FAST, () -> List.of(Tenzan.numerics(), Tenzan.with(REPRODUCIBLE, Tenzan::numerics), Tenzan.numerics())));
    IllegalStateException thrown = new IllegalStateException("inside");
    assertEquals(
        thrown,
        assertThrows(IllegalStateException.class, () -> Tenzan.with(FAST, () -> {
          throw thrown;
        })));
    assertEquals(REPRODUCIBLE, Tenzan.numerics());
  }

  @Test
  void otherThreadsAreNotAffected() {
    assertEquals(REPRODUCIBLE, Tenzan.with(FAST, () -> CompletableFuture.supplyAsync(Tenzan::numerics).join()));
  }

  @Test
  void aTraceBelongsToOneMode() {
    List<Numerics> calls = new ArrayList<>();
    Tenzan.Compiled f =
        Tenzan.compile(a -> {
          calls.add(Tenzan.numerics());
          return List.of(a.getFirst().matmul(a.getFirst()));
        });
    f.apply(x);
    Tenzan.with(FAST, () -> f.apply(x));
    assertEquals(List.of(REPRODUCIBLE, FAST), taken());
    f.apply(x);
    Tenzan.with(FAST, () -> f.apply(x));
    assertEquals(List.of(REPRODUCIBLE, FAST), calls, "traced once for each mode");
  }

  @Test
  void theModeIsPartOfTheKernel() {
    Affine a = new Affine(0, 4, 1);
    MatMulKernel plain = new MatMulKernel(DType.F32, DType.F32, Shape.SCALAR, 4, 4, 4, a, a);
    assertEquals(plain, new MatMulKernel(DType.F32, DType.F32, Shape.SCALAR, 4, 4, 4, a, a, REPRODUCIBLE));
    assertNotEquals(plain, new MatMulKernel(DType.F32, DType.F32, Shape.SCALAR, 4, 4, 4, a, a, FAST));
  }

  @Test
  void thePropertyNamesAMode() {
    assertEquals(REPRODUCIBLE, Tenzan.configured(null));
    assertEquals(REPRODUCIBLE, Tenzan.configured(" "));
    assertEquals(REPRODUCIBLE, Tenzan.configured("reproducible"));
    assertEquals(FAST, Tenzan.configured(" Fast "));
    TenzanException e = assertThrows(TenzanException.class, () -> Tenzan.configured("quick"));
    assertEquals("-Dtenzan.numerics: 'quick' is no numerics mode; give reproducible or fast", e.getMessage());
  }
}
