package dev.tenzan;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.tenzan.ir.CustomBody;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Operations of the tensor API against values worked out by hand, on the reference device. */
class TensorOpsTest {
  private final Device d = Devices.get("reference");
  private final Tensor x = d.arange(DType.F32, 12).reshape(3, 4);

  private static void check(Tensor t, Shape shape, double... expected) {
    assertEquals(shape, t.shape());
    assertArrayEquals(expected, t.toDoubles());
  }

  @Test
  void reductions() {
    check(x.sum(1), Shape.of(3), 6, 22, 38);
    check(x.meanKeep(1), Shape.of(3, 1), 1.5, 5.5, 9.5);
    check(x.var(1), Shape.of(3), 1.25, 1.25, 1.25);
    check(x.var(new int[] {0}, 1), Shape.of(4), 16, 16, 16, 16);
    check(x.argmax(1), Shape.of(3), 3, 3, 3);
    check(x.max(), Shape.SCALAR, 11);
    check(x.all(), Shape.SCALAR, 0);
    check(x.any(1), Shape.of(3), 1, 1, 1);
    check(d.of(new byte[] {100, 100}).sum(), Shape.SCALAR, 200);
    check(d.of(new float[] {1, Float.NaN, 3}).argmax(0), Shape.SCALAR, 1);
    check(d.of(new float[] {Float.NEGATIVE_INFINITY}).logSumExp(), Shape.SCALAR, Double.NEGATIVE_INFINITY);
    check(x.cumulativeSum(0), Shape.of(3, 4), 0, 1, 2, 3, 4, 6, 8, 10, 12, 15, 18, 21);
  }

  @Test
  void emptyReductions() {
    Tensor none = d.zeros(DType.F32, 0, 3);
    check(none.sum(0), Shape.of(3), 0, 0, 0);
    check(none.prod(0), Shape.of(3), 1, 1, 1);
    check(none.all(0), Shape.of(3), 1, 1, 1);
    check(none.sum(1), Shape.of(0));
  }

  @Test
  void movement() {
    check(x.slice(Slice.by(-1), Slice.of(1, 3)), Shape.of(3, 2), 9, 10, 5, 6, 1, 2);
    check(x.get(-1, 0), Shape.SCALAR, 8);
    check(x.roll(1, 1).get(0), Shape.of(4), 3, 0, 1, 2);
    check(x.narrow(1, 1, 1).pad(7, 0, -1, 1, 0), Shape.of(2, 2), 7, 1, 7, 5);
    check(d.arange(DType.I32, 3).tile(2), Shape.of(6), 0, 1, 2, 0, 1, 2);
    check(d.arange(DType.I32, 3).repeat(2, 0), Shape.of(6), 0, 0, 1, 1, 2, 2);
    check(x.mT().reshape(12).add(1).get(1), Shape.SCALAR, 5);
    check(Tensor.stack(1, x.get(0), x.get(1)).get(0), Shape.of(2), 0, 4);
    check(x.split(2, 1).get(1).get(2), Shape.of(2), 10, 11);
    check(x.windows(new long[] {2}, new long[] {2}, new long[] {1}).get(0), Shape.of(2, 2), 0, 1, 2, 3);
  }

  @Test
  void products() {
    check(x.matmul(x.mT()), Shape.of(3, 3), 14, 38, 62, 38, 126, 214, 62, 214, 366);
    check(x.matmul(d.ones(DType.F32, 4)), Shape.of(3), 6, 22, 38);
    check(Tensor.einsum("ij,kj->ik", x, x), Shape.of(3, 3), 14, 38, 62, 38, 126, 214, 62, 214, 366);
    check(Tensor.einsum("ij->j", x), Shape.of(4), 12, 15, 18, 21);
    check(Tensor.einsum("ii", x.narrow(1, 0, 3)), Shape.SCALAR, 0 + 5 + 10);
    check(Tensor.einsum("...j,j", x, d.ones(DType.F32, 4)), Shape.of(3), 6, 22, 38);
    check(x.tensordot(x, new int[] {0, 1}, new int[] {0, 1}), Shape.SCALAR, 506);
    Tensor bytes = d.fromDoubles(DType.I8, new double[] {100, 100}, 1, 2);
    check(bytes.matmul(bytes.mT(), DType.I32), Shape.of(1, 1), 20000);
    check(x.narrow(1, 0, 3).trace(), Shape.SCALAR, 15);
  }

  @Test
  void indexing() {
    check(x.take(d.of(new long[] {2, 0}), 0), Shape.of(2, 4), 8, 9, 10, 11, 0, 1, 2, 3);
    check(x.takeAlongAxis(d.of(new int[] {3, 0, 1}, 3, 1), 1), Shape.of(3, 1), 3, 4, 9);
    check(x.index(d.of(new long[] {0, 2}), d.of(new long[] {1, 3})), Shape.of(2), 1, 11);
    Tensor zeros = d.zeros(DType.F32, 3, 2);
    Tensor ones = d.ones(DType.F32, 2, 2);
    check(zeros.scatterAdd(0, d.of(new long[] {1, 1}), ones), Shape.of(3, 2), 0, 0, 2, 2, 0, 0);
    check(zeros.scatter(0, d.of(new long[] {2, 0}), ones), Shape.of(3, 2), 1, 1, 0, 0, 1, 1);
    check(d.of(new int[] {3, 1, 3, 2}).unique(), Shape.of(3), 1, 2, 3);
    check(x.topk(2, 1).indices().get(0), Shape.of(2), 3, 2);
    check(x.maskedSelect(x.greater(9)), Shape.of(2), 10, 11);
    check(d.of(new long[] {1, 5}).oneHot(2, DType.I32), Shape.of(2, 2), 0, 1, 0, 0);
  }

  @Test
  void windowsAndConvolution() {
    Tensor image = x.reshape(1, 1, 3, 4);
    check(image.maxPool(PoolOptions.of(2).stride(1)), Shape.of(1, 1, 2, 3), 5, 6, 7, 9, 10, 11);
    check(image.maxPool(PoolOptions.of(2)), Shape.of(1, 1, 1, 2), 5, 7);
    check(image.avgPool(PoolOptions.of(2)), Shape.of(1, 1, 1, 2), 2.5, 4.5);
    check(image.conv(d.ones(DType.F32, 1, 1, 2, 2)), Shape.of(1, 1, 2, 3), 10, 14, 18, 26, 30, 34);
    Tensor up = image.convTranspose(d.ones(DType.F32, 1, 1, 2, 2), ConvOptions.of().stride(2));
    check(up.get(0, 0, 2), Shape.of(8), 4, 4, 5, 5, 6, 6, 7, 7);
  }

  @Test
  void castsAndIntegers() {
    check(d.of(new float[] {-50, 300, 1.9f, Float.NaN}).cast(DType.U8), Shape.of(4), 0, 255, 1, 0);
    check(d.of(new int[] {300, -1}).cast(DType.U8), Shape.of(2), 44, 255);
    check(d.of(new int[] {7, -7, 7}).floorDivide(d.of(new int[] {2, 2, 0})), Shape.of(3), 3, -4, 0);
    check(d.of(new int[] {7, -7, 7}).remainder(d.of(new int[] {2, 2, 0})), Shape.of(3), 1, 1, 0);
    check(d.of(new int[] {1, 1, -8}).shiftLeft(d.of(new int[] {31, 32, -1})), Shape.of(3), Integer.MIN_VALUE,
        0, 0);
    check(d.of(new byte[] {127}).add(1), Shape.of(1), -128);
    check(d.of(new float[] {1}).cast(DType.BF16).bitcast(DType.I16), Shape.of(1), 0x3f80);
    check(d.of(new float[] {5.5f, -5.5f}).remainder(2), Shape.of(2), 1.5, 0.5);
  }

  @Test
  void customAndCompiled() {
    Tensor doubled =
        Tensor.custom(
            "double",
            DType.F32,
            x.shape(),
            (CustomBody.Host)
                (in, out) -> {
                  for (long i = 0; i < out.byteSize() / 4; i++) {
                    float v = in.getFirst().getAtIndex(ValueLayout.JAVA_FLOAT, i);
                    out.setAtIndex(ValueLayout.JAVA_FLOAT, i, 2 * v);
                  }
                },
            x);
    check(doubled.sum(), Shape.SCALAR, 132);
    Tenzan.Compiled f = Tenzan.compile(a -> List.of(a.getFirst().add(1).sum(0)));
    check(f.apply(x).getFirst(), Shape.of(4), 15, 18, 21, 24);
    check(f.apply(x.mul(2)).getFirst(), Shape.of(4), 27, 33, 39, 45);
  }
}
