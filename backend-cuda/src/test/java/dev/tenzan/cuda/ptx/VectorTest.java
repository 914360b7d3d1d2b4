package dev.tenzan.cuda.ptx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tenzan.Device;
import dev.tenzan.Devices;
import dev.tenzan.Tensor;
import dev.tenzan.TensorScope;
import dev.tenzan.conformance.Differential;
import dev.tenzan.conformance.SupportTable;
import dev.tenzan.cuda.CudaBackend;
import dev.tenzan.cuda.driver.SimulatedDriver;
import dev.tenzan.cuda.plan.Style;
import dev.tenzan.kernel.KernelSpec;
import dev.tenzan.kernel.LoopFootprint;
import dev.tenzan.kernel.LoopKernel;
import dev.tenzan.scalar.Instr;
import dev.tenzan.scalar.ScalarBuilder;
import dev.tenzan.scalar.ScalarOp;
import dev.tenzan.scalar.ScalarProgram;
import dev.tenzan.spi.Support;
import dev.tenzan.type.Affine;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** Loads and stores of neighbours go as vectors where, and only where, all addresses allow it. */
class VectorTest {
  private static final Style STYLE = new Style(80, 75);

  /** out = x * (index + 1) in a space of 6 x n, in f32; x stands still along the last dimension where its stride there is 0. */
  private static LoopKernel kernel(DType in, DType out, long n, Affine x, Affine to) {
    ScalarBuilder b = new ScalarBuilder();
    int v = b.convert(DType.F32, b.add(new Instr.Load(in, 0, x)));
    int i = b.convert(DType.F32, b.add(new Instr.Index(new Affine(1, 100, 1))));
    int product = b.binary(ScalarOp.MUL, v, i);
    int wanted = b.convert(out.compute(), product);
    int stored = b.narrow(out, wanted);
    return new LoopKernel(
        Shape.of(6, n), Shape.SCALAR, List.of(in), List.of(out), b.build(), null, ScalarProgram.EMPTY,
        List.of(new LoopKernel.Store(0, to, stored)));
  }

  private static boolean isVector(LoopKernel k) {
    String text = LoopPlanner.plan(k, STYLE).steps().getFirst().source().code();
    return text.contains("st.global.v");
  }

  private static void check(boolean vector, LoopKernel k) {
    assertEquals(vector, isVector(k), k.toString());
    try (CudaBackend cuda = new CudaBackend(new SimulatedDriver(1), "cuda:sim", null)) {
      Differential.check(cuda, k, Arrays.stream(LoopFootprint.of(k).bytes()).boxed().toList(), 0);
    }
  }

  @Test
  void everyDtype() {
    for (DType in : DType.values()) {
      for (DType out : DType.values()) {
        check(true, kernel(in, out, 8, new Affine(0, 8, 1), new Affine(4, 12, 1)));
      }
    }
  }

  @Test
  void addressesThatAreNotAlignedAreNotVectors() {
    Affine dense = new Affine(0, 12, 1);
    check(true, kernel(DType.F32, DType.F32, 12, dense, dense));
    check(true, kernel(DType.F32, DType.F32, 12, new Affine(3, 1, 0), dense)); // one load for all four
    check(false, kernel(DType.F32, DType.F32, 12, new Affine(2, 12, 1), dense));
    check(false, kernel(DType.F32, DType.F32, 12, new Affine(0, 13, 1), dense));
    check(false, kernel(DType.F32, DType.F32, 12, new Affine(0, 24, 2), dense));
    check(false, kernel(DType.F32, DType.F32, 12, new Affine(11, 12, -1), dense));
    check(false, kernel(DType.F32, DType.F32, 12, dense, new Affine(1, 12, 1)));
    check(false, kernel(DType.F32, DType.F32, 13, new Affine(0, 13, 1), new Affine(0, 13, 1)));
  }

  private static LoopKernel kernel(UnaryOperator<Tensor> op, long n) {
    List<KernelSpec> asked = new ArrayList<>();
    Device device =
        SupportTable.declared(Devices.get("reference"), k -> {
          asked.add(k);
          return Support.yes();
        });
    try (TensorScope _ = TensorScope.open()) {
      op.apply(device.fromFloats(DType.F32, new float[Math.toIntExact(n)], n)).eval();
    }
    return (LoopKernel) asked.getLast();
  }

  /** Constants do not count, as they are no instructions of the machine. */
  @Test
  void longBodiesOfFewElementsAreNotVectors() {
    long many = 1 << 18;
    assertTrue(isVector(kernel(Tensor::gelu, 400)));
    assertFalse(isVector(kernel(Tensor::sin, many - 4)));
    assertTrue(isVector(kernel(Tensor::sin, many)));
    assertFalse(isVector(kernel(x -> x.sin().tan().add(x.cos()), many)));
    check(true, kernel(Tensor::softplus, many));
  }
}
