package dev.tenzan.cuda.vendor;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.tenzan.cuda.vendor.LtShape.Side;
import dev.tenzan.kernel.MatMulKernel;
import dev.tenzan.type.Affine;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class LtShapeTest {
  private static final Shape ONE = Shape.of();

  private static Affine at(long... strides) {
    return new Affine(0, strides);
  }

  private static Optional<LtShape> f32(Shape batch, long m, long n, long k, Affine a, Affine b) {
    return LtShape.of(new MatMulKernel(DType.F32, DType.F32, batch, m, n, k, a, b));
  }

  private static Optional<LtShape> shape(long m, long n, long k, long batch, Side a, Side b) {
    return Optional.of(new LtShape(DType.F32, m, n, k, batch, a, b));
  }

  private static Side rows(long ld, long batchStride) {
    return new Side(false, ld, batchStride);
  }

  private static Side columns(long ld, long batchStride) {
    return new Side(true, ld, batchStride);
  }

  @Test
  void takesRowsAndColumns() {
    assertEquals(shape(5, 6, 7, 1, rows(7, 0), rows(6, 0)), f32(ONE, 5, 6, 7, at(7, 1), at(6, 1)));
    assertEquals(shape(5, 6, 7, 1, columns(5, 0), columns(9, 0)), f32(ONE, 5, 6, 7, new Affine(3, 1, 5), at(1, 9)));
  }

  @Test
  void doesNotMindTheStrideOfOneElement() {
    assertEquals(shape(1, 6, 7, 1, rows(7, 0), rows(6, 0)), f32(ONE, 1, 6, 7, at(0, 1), at(6, 1)));
    assertEquals(shape(5, 6, 1, 1, rows(4, 0), rows(6, 0)), f32(ONE, 5, 6, 1, at(4, 99), at(-1, 1)));
    assertEquals(shape(5, 1, 7, 1, rows(7, 0), rows(1, 0)), f32(ONE, 5, 1, 7, at(7, 1), at(1, 0)));
    assertEquals(shape(1, 6, 7, 1, columns(3, 0), rows(6, 0)), f32(ONE, 1, 6, 7, at(0, 3), at(6, 1)));
  }

  @Test
  void refusesOtherStrides() {
    assertEquals(Optional.empty(), f32(ONE, 5, 6, 7, at(14, 2), at(6, 1)), "no neighbours");
    assertEquals(Optional.empty(), f32(ONE, 5, 6, 7, at(7, 1), at(0, 1)), "one row for all");
    assertEquals(Optional.empty(), f32(ONE, 5, 6, 7, at(3, 1), at(6, 1)), "windows");
    assertEquals(Optional.empty(), f32(ONE, 5, 6, 7, at(-7, 1), at(6, 1)), "rows from the end");
    assertEquals(Optional.empty(), f32(ONE, 5, 6, 7, at(7, -1), at(6, 1)), "columns from the end");
  }

  @Test
  void joinsBatchAxes() {
    Shape batch = Shape.of(2, 1, 3);
    assertEquals(
        shape(5, 6, 7, 6, rows(7, 40), columns(7, 50)), f32(batch, 5, 6, 7, at(120, 9, 40, 7, 1), at(150, -9, 50, 1, 7)));
    assertEquals(shape(5, 6, 7, 6, rows(7, 40), rows(6, 0)), f32(batch, 5, 6, 7, at(120, 9, 40, 7, 1), at(0, 0, 0, 6, 1)));
    assertEquals(Optional.empty(), f32(batch, 5, 6, 7, at(120, 9, 40, 7, 1), at(0, 0, 50, 6, 1)), "shared by the first axis");
    assertEquals(Optional.empty(), f32(batch, 5, 6, 7, at(-120, 0, -40, 7, 1), at(0, 0, 0, 6, 1)), "from the end");
  }

  @Test
  void makesOneProductWhereAllShareB() {
    assertEquals(shape(20, 6, 7, 1, rows(7, 0), rows(6, 0)), f32(Shape.of(4), 5, 6, 7, at(35, 7, 1), at(0, 6, 1)));
    assertEquals(shape(20, 6, 7, 1, rows(9, 0), columns(7, 0)), f32(Shape.of(4), 5, 6, 7, at(45, 9, 1), at(0, 1, 7)));
    assertEquals(shape(4, 6, 7, 1, rows(7, 0), rows(6, 0)), f32(Shape.of(4), 1, 6, 7, at(7, 0, 1), at(0, 6, 1)));
    assertEquals(shape(5, 6, 7, 4, columns(5, 35), rows(6, 0)), f32(Shape.of(4), 5, 6, 7, at(35, 1, 5), at(0, 6, 1)));
  }

  @Test
  void refusesOtherTypesAndExtents() {
    for (DType t : DType.values()) {
      MatMulKernel k = new MatMulKernel(t, t, ONE, 5, 6, 7, at(7, 1), at(6, 1));
      assertEquals(t.isFloat(), LtShape.of(k).isPresent(), t.toString());
    }
    assertEquals(Optional.empty(), LtShape.of(new MatMulKernel(DType.I8, DType.I32, ONE, 5, 6, 7, at(7, 1), at(6, 1))));
    assertEquals(Optional.empty(), f32(ONE, 0, 6, 7, at(7, 1), at(6, 1)));
    assertEquals(Optional.empty(), f32(ONE, 5, 6, 0, at(0, 1), at(6, 1)));
    assertEquals(Optional.empty(), f32(Shape.of(0), 5, 6, 7, at(35, 7, 1), at(42, 6, 1)));
    assertEquals(Optional.empty(), f32(ONE, 1L << 31, 6, 7, at(7, 1), at(6, 1)));
  }
}
