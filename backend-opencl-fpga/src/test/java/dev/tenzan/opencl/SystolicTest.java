package dev.tenzan.opencl;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tenzan.kernel.MatMulKernel;
import dev.tenzan.opencl.driver.JoclDriver;
import dev.tenzan.opencl.plan.Planner;
import dev.tenzan.opencl.plan.Style;
import dev.tenzan.reference.ReferenceBackend;
import dev.tenzan.spi.Backend;
import dev.tenzan.spi.Buffer;
import dev.tenzan.type.Affine;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The products of the systolic array against the reference: arrays, sizes that fill no whole tiles, chains of several blocks. */
class SystolicTest {
  private static final long[][] SIZES = {{1, 1, 1}, {1, 9, 3}, {8, 8, 8}, {5, 7, 255}, {9, 33, 256}, {4, 70, 257}, {13, 11, 600}, {3, 4, 0}};

  @AfterEach
  void forget() {
    System.clearProperty(Style.PROPERTY);
    System.clearProperty(Style.PE_PROPERTY);
  }

  private static MatMulKernel kernel(DType in, DType out, long[] s) {
    return new MatMulKernel(in, out, Shape.of(2), s[0], s[1], s[2], new Affine(0, s[0] * s[2], s[2], 1), new Affine(0, 0, s[1], 1));
  }

  /** Floats with zeros of both signs among them; bytes over their whole range. */
  private static byte[] operand(DType type, long n, Random random) {
    byte[] bytes = new byte[Math.toIntExact(n * type.byteSize())];
    random.nextBytes(bytes);
    MemorySegment m = MemorySegment.ofArray(bytes);
    for (long i = 0; type == DType.F32 && i < n; i++) {
      float f = random.nextInt(4) == 0 ? (random.nextBoolean() ? -0f : 0f) : random.nextFloat() - 0.5f;
      m.set(ValueLayout.JAVA_FLOAT_UNALIGNED, 4 * i, f);
    }
    return bytes;
  }

  private static byte[] product(Backend b, MatMulKernel k, byte[] x, byte[] y) {
    byte[] out = new byte[Math.toIntExact(2 * k.m() * k.n() * k.output().byteSize())];
    List<Buffer> buffers = List.of(b.allocate(0, x.length), b.allocate(0, y.length), b.allocate(0, out.length));
    b.copyIn(MemorySegment.ofArray(x), buffers.get(0), 0);
    b.copyIn(MemorySegment.ofArray(y), buffers.get(1), 0);
    b.launch(b.compile(0, k), buffers);
    b.copyOut(buffers.get(2), 0, MemorySegment.ofArray(out));
    buffers.forEach(b::free);
    return out;
  }

  @ParameterizedTest
  @ValueSource(strings = {"1x1", "4x4", "3x5", "8x2"})
  void bitsAreThoseOfTheReference(String pe) {
    Runtimes.assumeAvailable();
    System.setProperty(Style.PROPERTY, "fpga");
    System.setProperty(Style.PE_PROPERTY, pe);
    Random random = new Random(1);
    try (OpenClBackend opencl = new OpenClBackend(new JoclDriver(), null);
        ReferenceBackend reference = new ReferenceBackend()) {
      for (long[] s : SIZES) {
        for (MatMulKernel k :
            List.of(kernel(DType.F32, DType.F32, s), kernel(DType.I8, DType.I32, s), kernel(DType.U8, DType.U8, s))) {
          byte[] x = operand(k.input(), 2 * s[0] * s[2], random);
          byte[] y = operand(k.input(), s[2] * s[1], random);
          String text = Planner.plan(k, Style.of(opencl.facts(0))).steps().getLast().source().code();
          assertTrue(text.contains("#define SYSTOLIC 1"), text);
          assertArrayEquals(product(reference, k, x, y), product(opencl, k, x, y), pe + " " + k);
        }
      }
    }
  }
}
