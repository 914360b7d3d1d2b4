package dev.tenzan.nn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tenzan.ConvOptions;
import dev.tenzan.Device;
import dev.tenzan.Devices;
import dev.tenzan.Tensor;
import dev.tenzan.Tenzan;
import dev.tenzan.conformance.SupportTable;
import dev.tenzan.kernel.ConvolutionKernel;
import dev.tenzan.kernel.KernelSpec;
import dev.tenzan.kernel.MatMulKernel;
import dev.tenzan.spi.Support;
import dev.tenzan.type.DType;
import dev.tenzan.type.Numerics;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

/** Gradients have the numerics of the operation that they belong to, wherever they are taken. */
class FastGradientsTest {
  private final List<Numerics> asked = new ArrayList<>();
  private final Device d = SupportTable.declared(Devices.get("reference"), this::note);

  private Support note(KernelSpec kernel) {
    if (kernel instanceof MatMulKernel k) {
      asked.add(k.numerics());
    } else if (kernel instanceof ConvolutionKernel k) {
      asked.add(k.numerics());
    }
    return Support.yes();
  }

  /** The modes of all products of a value and its gradients. */
  private Set<Numerics> modes(Supplier<Tensor> product, Tensor... variables) {
    asked.clear();
    var result = Gradients.of(() -> product.get().square().sum(), List.of(variables));
    Tensor.eval(result.gradients());
    result.value().eval();
    assertTrue(asked.size() >= 1 + variables.length, asked.toString());
    return Set.copyOf(asked);
  }

  @Test
  void gradientsOfAProductInherit() {
    Tensor x = d.ones(DType.F32, 3, 4).eval();
    Tensor w = d.ones(DType.F32, 4, 5).eval();
    assertEquals(Set.of(Numerics.FAST), modes(() -> Tenzan.with(Numerics.FAST, () -> x.matmul(w)), x, w));
    assertEquals(
        Set.of(Numerics.REPRODUCIBLE),
        Tenzan.with(Numerics.FAST, () -> modes(() -> Tenzan.with(Numerics.REPRODUCIBLE, () -> x.matmul(w)), x, w)));
  }

  @Test
  void gradientsOfAConvolutionInherit() {
    Tensor x = d.ones(DType.F32, 2, 4, 6, 6).eval();
    Tensor w = d.ones(DType.F32, 6, 2, 3, 3).eval();
    ConvOptions options = ConvOptions.of().groups(2).stride(2).padding(1);
    assertEquals(Set.of(Numerics.FAST), modes(() -> Tenzan.with(Numerics.FAST, () -> x.conv(w, options)), x, w));
    assertEquals(Set.of(Numerics.REPRODUCIBLE), modes(() -> x.conv(w, options), x, w));
  }
}
