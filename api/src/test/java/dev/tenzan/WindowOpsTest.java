package dev.tenzan;

import static dev.tenzan.Checks.D;
import static dev.tenzan.Checks.fails;
import static dev.tenzan.Checks.range;
import static dev.tenzan.Checks.same;
import static dev.tenzan.Checks.shape;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.tenzan.error.DTypeException;
import dev.tenzan.error.ShapeException;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Convolutions and pooling, against direct loops over integers in f64, which are exact. */
class WindowOpsTest {
  private static final double INF = Double.POSITIVE_INFINITY;

  private static Tensor numbers(long... shape) {
    return range(shape).mul(7).remainder(11).sub(5);
  }

  @ParameterizedTest
  @CsvSource({"1,0,1,1", "2,1,1,1", "1,2,2,1", "2,0,1,2", "3,1,2,2"})
  void conv1d(int stride, int pad, int dilation, int groups) {
    int n = 9;
    int k = 3;
    int in = 4;
    int out = 6;
    double[] x = numbers(2, in, n).toDoubles();
    double[] w = numbers(out, in / groups, k).toDoubles();
    int length = (n + 2 * pad - dilation * (k - 1) - 1) / stride + 1;
    double[] expected = new double[2 * out * length];
    for (int i = 0; i < expected.length; i++) {
      int o = i % length;
      int c = i / length % out;
      int b = i / length / out;
      for (int j = 0; j < in / groups * k; j++) {
        int ci = c / (out / groups) * (in / groups) + j / k;
        int at = o * stride - pad + j % k * dilation;
        if (at >= 0 && at < n) {
          expected[i] += x[(b * in + ci) * n + at] * w[c * (in / groups) * k + j];
        }
      }
    }
    ConvOptions options = ConvOptions.of().stride(stride).padding(pad).dilation(dilation).groups(groups);
    Tensor y = numbers(2, in, n).conv(numbers(out, in / groups, k), options);
    same(y, shape(2, out, length), expected);
  }

  @ParameterizedTest
  @CsvSource({"1,0,1,1,0", "2,1,1,1,1", "1,3,1,1,0", "2,0,2,2,1", "3,2,1,2,2", "2,4,2,1,0"})
  void convTranspose1d(int stride, int pad, int dilation, int groups, int extra) {
    int n = 5;
    int k = 3;
    int in = 4;
    int out = 6;
    double[] x = numbers(2, in, n).toDoubles();
    double[] w = numbers(in, out / groups, k).toDoubles();
    int length = (n - 1) * stride - 2 * pad + dilation * (k - 1) + 1 + extra;
    double[] expected = new double[2 * out * length];
    for (int i = 0; i < x.length; i++) {
      int c = i / n % in;
      for (int j = 0; j < out / groups * k; j++) {
        int co = c / (in / groups) * (out / groups) + j / k;
        int at = i % n * stride - pad + j % k * dilation;
        if (at >= 0 && at < length) {
          expected[(i / n / in * out + co) * length + at] += x[i] * w[c * (out / groups) * k + j];
        }
      }
    }
    ConvOptions options =
        ConvOptions.of().stride(stride).padding(pad).dilation(dilation).groups(groups).outputPadding(extra);
    Tensor y = numbers(2, in, n).convTranspose(numbers(in, out / groups, k), options);
    assertEquals(Shape.of(2, out, length), y.shape());
    assertArrayEquals(expected, y.add(0).toDoubles());
  }

  @Test
  void spatialAxes() {
    Tensor image = numbers(1, 2, 4, 5);
    Tensor kernel = numbers(3, 2, 2, 3);
    Tensor flat = image.conv(kernel, ConvOptions.of().padding(1, 0).stride(2, 1));
    Tensor deep = image.expandDims(2)
        .conv(kernel.expandDims(2), ConvOptions.of().padding(0, 1, 0).stride(1, 2, 1));
    assertEquals(Shape.of(1, 3, 3, 3), flat.shape());
    same(deep.squeeze(2), shape(1, 3, 3, 3), flat.toDoubles());
    Tensor oneSided = image.conv(kernel, ConvOptions.of().padding(List.of(1L, 0L), List.of(0L, 2L)));
    same(oneSided, shape(1, 3, 4, 5), image.pad(0, 0, 0, 0, 0, 1, 0, 0, 2).conv(kernel).toDoubles());
    fails(ShapeException.class, "1 to 3 spatial axes", () -> range(2, 3).conv(range(1, 3)));
    fails(ShapeException.class, "conv: stride [0]", () -> image.conv(kernel, ConvOptions.of().stride(0)));
    fails(ShapeException.class, "conv: padding [-1]", () -> image.conv(kernel, ConvOptions.of().padding(-1)));
    fails(ShapeException.class, "for 2 spatial axes",
        () -> image.conv(kernel, ConvOptions.of().stride(1, 1, 1)));
    fails(ShapeException.class, "does not fit", () -> image.conv(numbers(1, 2, 5, 5)));
    fails(DTypeException.class, "conv: dtypes f64 and i32", () -> image.conv(D.ones(DType.I32, 1, 2, 1, 1)));
    fails(ShapeException.class, "pad less",
        () -> image.convTranspose(numbers(2, 1, 1, 1), ConvOptions.of().padding(3)));
  }

  @Test
  void maxPool() {
    Tensor x = D.of(new double[] {-1, -2, -3, -4, -5}, 1, 1, 5);
    same(x.maxPool(PoolOptions.of(2)), shape(1, 1, 2), -1, -3);
    same(x.maxPool(PoolOptions.of(3).stride(2).padding(1)), shape(1, 1, 3), -1, -2, -4);
    same(x.maxPool(PoolOptions.of(2).dilation(3).stride(1)), shape(1, 1, 2), -1, -2);
    same(x.maxPool(PoolOptions.of(2).padding(List.of(0L), List.of(1L))), shape(1, 1, 3), -1, -3, -5);
    same(x.cast(DType.I8).maxPool(PoolOptions.of(2).padding(1)), shape(1, 1, 3), -1, -2, -4);
    Tensor special = D.of(new double[] {-INF, -INF, Double.NaN, 1}, 1, 1, 4);
    same(special.maxPool(PoolOptions.of(2)), shape(1, 1, 2), -INF, Double.NaN);
    same(range(1, 1, 4, 4).maxPool(PoolOptions.of(2)), shape(1, 1, 2, 2), 5, 7, 13, 15);
    same(range(1, 1, 4, 4).maxPool(PoolOptions.of(3).stride(1)), shape(1, 1, 2, 2), 10, 11, 14, 15);
    fails(ShapeException.class, "less than a window's reach", () -> x.maxPool(PoolOptions.of(2).padding(2)));
    fails(ShapeException.class, "does not fit", () -> x.maxPool(PoolOptions.of(6)));
    fails(DTypeException.class, "bool", () -> x.cast(DType.BOOL).maxPool(PoolOptions.of(2)));
  }

  @Test
  void avgPool() {
    Tensor x = D.of(new double[] {1, 2, 3, 4, 5}, 1, 1, 5);
    same(x.avgPool(PoolOptions.of(2)), shape(1, 1, 2), 1.5, 3.5);
    PoolOptions padded = PoolOptions.of(2).stride(1).padding(1);
    same(x.avgPool(padded), shape(1, 1, 6), 0.5, 1.5, 2.5, 3.5, 4.5, 2.5);
    same(x.avgPool(padded.withoutPaddingInCount()), shape(1, 1, 6), 1, 1.5, 2.5, 3.5, 4.5, 5);
    same(D.full(DType.F16, 60000, 2, 1, 4).avgPool(PoolOptions.of(4)), shape(2, 1, 1), 60000, 60000);
    same(range(1, 2, 2, 2).globalAvgPool(), shape(1, 2, 1, 1), 1.5, 5.5);
    fails(DTypeException.class, "avgPool: dtype i64", () -> x.cast(DType.I64).avgPool(PoolOptions.of(2)));
  }
}
