package dev.tenzan.reference;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tenzan.error.DeviceException;
import dev.tenzan.error.IndexException;
import dev.tenzan.error.UnsupportedKernelException;
import dev.tenzan.ir.CustomBody;
import dev.tenzan.kernel.CustomKernel;
import dev.tenzan.kernel.ScanKernel;
import dev.tenzan.kernel.ScatterKernel;
import dev.tenzan.kernel.SortKernel;
import dev.tenzan.scalar.ReduceOp;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KernelRunnersTest {
  private static final float NAN = Float.NaN;
  private static final float INF = Float.POSITIVE_INFINITY;

  private final Rig rig = new Rig();

  @AfterEach
  void close() {
    rig.close();
  }

  @Test
  void scatterReplacesInOrder() {
    float[] out = new float[6];
    rig.run(
        new ScatterKernel(DType.F32, null, 1, 3, 2, 3),
        Rig.of(1f, 2, 3, 4, 5, 6),
        Rig.of(2L, 0L, 2L),
        Rig.of(10f, 11, 20, 21, 30, 31),
        Rig.of(out));
    assertArrayEquals(new float[] {20, 21, 3, 4, 30, 31}, out);
  }

  @Test
  void scatterAddsInOrder() {
    // (1e8 + 1) - 1e8 loses the 1 in f32; another order would keep it.
    float[] out = new float[2];
    rig.run(
        new ScatterKernel(DType.F32, ReduceOp.SUM, 2, 1, 1, 3),
        Rig.of(0f, 5),
        Rig.of(0L, 0L, 0L),
        Rig.of(1e8f, 1, -1e8f, 1e8f, -1e8f, 1),
        Rig.of(out));
    assertArrayEquals(new float[] {0, 1 + (5 + 1e8f - 1e8f)}, out);
  }

  @Test
  void scatterRoundsEachStepToTheStorageType() {
    // In f16 the distance of numbers above 2048 is 2, so each + 1 is a tie that goes back to 2048.
    short[] out = new short[1];
    short one = Float.floatToFloat16(1);
    rig.run(
        new ScatterKernel(DType.F16, ReduceOp.SUM, 1, 1, 1, 2),
        Rig.of(Float.floatToFloat16(2048)),
        Rig.of(0L, 0L),
        Rig.of(one, one),
        Rig.of(out));
    assertEquals(2048f, Float.float16ToFloat(out[0]));
  }

  @Test
  void scatterRefusesAnIndexOutsideTheAxis() {
    IndexException e =
        assertThrows(
            IndexException.class,
            () ->
                rig.run(
                    new ScatterKernel(DType.I32, ReduceOp.MAX, 1, 3, 1, 2),
                    Rig.of(1, 2, 3),
                    Rig.of(0L, 3L),
                    Rig.of(4, 5),
                    Rig.of(0, 0, 0)));
    assertTrue(e.toString().contains("index 3 at position 1"), e.toString());
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 63, 64, 65, 128, 200})
  void scanCarriesFromBlockToBlock(int n) {
    long seed = 43;
    Random random = new Random(seed);
    float[] x = new float[n];
    for (int i = 0; i < n; i++) {
      x[i] = random.nextFloat() * 1000 - 300;
    }
    float[] expected = new float[n];
    for (int i = 0; i < n; i++) {
      int block = i / 64 * 64;
      float local = x[block];
      for (int j = block + 1; j <= i; j++) {
        local += x[j];
      }
      expected[i] = block == 0 ? local : expected[block - 1] + local;
    }
    float[] out = new float[n];
    rig.run(new ScanKernel(ReduceOp.SUM, DType.F32, 1, n, 1), Rig.of(x), Rig.of(out));
    assertArrayEquals(expected, out, "seed " + seed);
  }

  @Test
  void scanRunsAlongTheMiddleAxis() {
    int[] out = new int[8];
    rig.run(
        new ScanKernel(ReduceOp.PROD, DType.I32, 2, 2, 2), Rig.of(1, 2, 3, 4, 5, 6, 7, 8), Rig.of(out));
    assertArrayEquals(new int[] {1, 2, 3, 8, 5, 6, 35, 48}, out);
    byte[] small = new byte[3];
    ScanKernel wrapping = new ScanKernel(ReduceOp.SUM, DType.I8, 1, 3, 1);
    rig.run(wrapping, Rig.of((byte) 100, (byte) 100, (byte) 1), Rig.of(small));
    assertArrayEquals(new byte[] {100, -56, -55}, small);
    float[] zeros = new float[2];
    rig.run(new ScanKernel(ReduceOp.SUM, DType.F32, 1, 2, 1), Rig.of(-0f, -0f), Rig.of(zeros));
    assertArrayEquals(new float[] {-0f, -0f}, zeros);
  }

  @Test
  void sortOrdersZerosAndNaN() {
    float[] x = {NAN, 0f, 3f, -0f, -INF, NAN, INF, 3f, -1f};
    float[] out = new float[x.length];
    rig.run(new SortKernel(DType.F32, false, false, 1, x.length, 1), Rig.of(x), Rig.of(out));
    assertArrayEquals(new float[] {-INF, -1f, -0f, 0f, 3f, 3f, INF, NAN, NAN}, out);
    long[] positions = new long[x.length];
    rig.run(new SortKernel(DType.F32, false, true, 1, x.length, 1), Rig.of(x), Rig.of(positions));
    assertArrayEquals(new long[] {4, 8, 3, 1, 2, 7, 6, 0, 5}, positions);
    rig.run(new SortKernel(DType.F32, true, true, 1, x.length, 1), Rig.of(x), Rig.of(positions));
    assertArrayEquals(new long[] {0, 5, 6, 2, 7, 1, 3, 8, 4}, positions);
  }

  @Test
  void allNaNsAreEqual() {
    float negative = Float.intBitsToFloat(0xffc00000);
    float other = Float.intBitsToFloat(0x7fc00001);
    long[] positions = new long[4];
    rig.run(
        new SortKernel(DType.F32, false, true, 1, 4, 1), Rig.of(other, negative, NAN, 1f), Rig.of(positions));
    assertArrayEquals(new long[] {3, 0, 1, 2}, positions);
  }

  @Test
  void sortsAlongTheMiddleAxisAndOtherTypes() {
    long[] out = new long[6];
    SortKernel columns = new SortKernel(DType.I64, false, false, 1, 3, 2);
    rig.run(columns, Rig.of(3L, -1, Long.MIN_VALUE, 7, 2, 0), Rig.of(out));
    assertArrayEquals(new long[] {Long.MIN_VALUE, -1, 2, 0, 3, 7}, out);
    byte[] bytes = new byte[3];
    SortKernel unsigned = new SortKernel(DType.U8, false, false, 1, 3, 1);
    rig.run(unsigned, Rig.of((byte) 200, (byte) 3, (byte) 127), Rig.of(bytes));
    assertArrayEquals(new byte[] {3, 127, (byte) 200}, bytes);
    rig.run(new SortKernel(DType.I32, false, false, 1, 0, 1), Rig.of(new int[0]), Rig.of(new int[0]));
  }

  @Test
  void sortWritesTheFirstOfEachLine() {
    long[] out = new long[4];
    SortKernel columns = new SortKernel(DType.I64, false, false, 1, 3, 2, 2);
    rig.run(columns, Rig.of(3L, -1, Long.MIN_VALUE, 7, 2, 0), Rig.of(out));
    assertArrayEquals(new long[] {Long.MIN_VALUE, -1, 2, 0}, out);
    long[] positions = new long[4];
    rig.run(new SortKernel(DType.F32, true, true, 2, 3, 1, 2), Rig.of(1f, 3, 3, NAN, -0f, 0f), Rig.of(positions));
    assertArrayEquals(new long[] {1, 2, 0, 2}, positions);
    rig.run(new SortKernel(DType.F32, true, true, 2, 3, 1, 0), Rig.of(new float[6]), Rig.of(new long[0]));
    assertEquals("topk", columns.name());
    assertThrows(IllegalArgumentException.class, () -> new SortKernel(DType.F32, true, true, 2, 3, 1, 4));
    assertThrows(IllegalArgumentException.class, () -> new SortKernel(DType.F32, true, true, 2, 3, 1, -1));
  }

  @Test
  void customSeesExactlyItsTensors() {
    CustomBody.Host body =
        (inputs, output) -> {
          assertEquals(8, inputs.get(0).byteSize());
          assertTrue(inputs.get(0).isReadOnly());
          output.set(ValueLayout.JAVA_FLOAT, 0, inputs.get(0).get(ValueLayout.JAVA_FLOAT, 4) + 1);
        };
    float[] out = {0, 9};
    rig.run(custom(body), Rig.of(1f, 2, 3), Rig.of(out));
    assertArrayEquals(new float[] {3, 9}, out);
  }

  @Test
  void customReportsFailureAndUnknownBodies() {
    CustomBody.Host failing =
        (inputs, output) -> {
          throw new IllegalStateException("out of luck");
        };
    DeviceException e =
        assertThrows(
            DeviceException.class, () -> rig.run(custom(failing), Rig.of(1f, 2), Rig.of(new float[1])));
    assertTrue(e.toString().contains("twice") && e.toString().contains("out of luck"), e.toString());
    CustomBody unknown = new CustomBody() {};
    assertThrows(UnsupportedKernelException.class, () -> rig.backend.compile(0, custom(unknown)));
  }

  private static CustomKernel custom(CustomBody body) {
    return new CustomKernel(
        "twice", List.of(DType.F32), List.of(Shape.of(2)), DType.F32, Shape.SCALAR, body);
  }
}
