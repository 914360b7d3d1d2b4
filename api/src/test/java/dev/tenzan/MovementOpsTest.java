package dev.tenzan;

import static dev.tenzan.Checks.D;
import static dev.tenzan.Checks.fails;
import static dev.tenzan.Checks.range;
import static dev.tenzan.Checks.same;
import static dev.tenzan.Checks.shape;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import dev.tenzan.error.DTypeException;
import dev.tenzan.error.ShapeException;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Operations that move elements, against NumPy's results. */
class MovementOpsTest {
  private final Tensor x = range(2, 3, 4);

  @Test
  void shapesAndAxes() {
    assertEquals(Shape.of(4, 3, 2), x.transpose().shape());
    assertEquals(Shape.of(2, 4, 3), x.mT().shape());
    assertEquals(Shape.of(3, 4, 2), x.moveAxis(0, -1).shape());
    assertEquals(Shape.of(4, 3, 2), x.swapAxes(0, -1).shape());
    assertEquals(Shape.of(1, 2, 3, 1, 4), x.expandDims(0, -2).shape());
    assertEquals(Shape.of(2, 3, 4), x.expandDims(0, -2).squeeze().shape());
    assertEquals(Shape.of(2, 12), x.flatten(1).shape());
    assertEquals(Shape.of(24), x.flatten().shape());
    assertEquals(Shape.of(1), D.scalar(1L).flatten(0).shape());
    assertEquals(Shape.of(6, 4), x.reshape(-1, 4).shape());
    assertEquals(Shape.of(0, 3), D.zeros(DType.F32, 3, 0).reshape(-1, 3).shape());
    fails(ShapeException.class, "-1", () -> D.zeros(DType.F32, 3, 0).reshape(-1, 0));
    fails(ShapeException.class, "at most one", () -> x.reshape(-1, -1));
    fails(ShapeException.class, "extent 3", () -> x.squeeze(1));
    fails(ShapeException.class, "named twice", () -> x.expandDims(0, 0));
    fails(ShapeException.class, "does not stretch", () -> x.broadcastTo(3, 4));
    fails(ShapeException.class, "extents 4 and 5", () -> x.broadcastTo(2, 3, 5));
  }

  @Test
  void identitiesCostNothing() {
    assertSame(x, x.reshape(2, 3, 4));
    assertSame(x, x.permuteDims(0, 1, -1));
    assertSame(x, x.broadcastTo(2, 3, 4));
    assertSame(x, x.slice(Slice.all(), Slice.of(0, 3)));
    assertSame(x, x.roll(3, 1));
    assertSame(x, Tensor.concat(0, x));
  }

  @Test
  void slices() {
    same(x.slice(Slice.at(1), Slice.from(-2), Slice.by(-2)), shape(2, 2), 19, 17, 23, 21);
    same(x.slice(Slice.at(0), Slice.at(-1), Slice.of(3, 0, -1)), shape(3), 11, 10, 9);
    same(x.get(0, 0).slice(Slice.of(3, 1)), shape(0));
    same(x.get(0, 0).slice(Slice.to(-3)), shape(1), 0);
    same(x.get(1, 2, 3), shape(), 23);
    same(x.narrow(-1, 1, 2).get(0, 0), shape(2), 1, 2);
    same(x.narrow(0, 2, 0), shape(0, 3, 4));
    same(D.zeros(DType.F32, 0).flip(), shape(0));
    fails(ShapeException.class, "start 4", () -> x.slice(Slice.of(4, 4)));
    fails(ShapeException.class, "stop -4", () -> x.slice(Slice.of(0, -4)));
    fails(ShapeException.class, "start 2", () -> x.get(2));
    fails(ShapeException.class, "step 0", () -> x.slice(Slice.by(0)));
    fails(ShapeException.class, "4 slices", () -> x.get(0, 0, 0, 0));
    fails(ShapeException.class, "narrow: start 1 and length 2", () -> x.narrow(0, 1, 2));
    fails(ShapeException.class, "narrow: start -2", () -> x.narrow(0, -2, 2));
  }

  @Test
  void padFlipRollTileRepeat() {
    same(D.of(new int[] {1, 2}).pad(9, 1, 2), shape(5), 9, 1, 2, 9, 9);
    same(range(2, 2).pad(0, -1, 0, 0, 1), shape(1, 3), 2, 3, 0);
    fails(DTypeException.class, "pad: 0.5", () -> D.of(new int[] {1}).pad(0.5, 1, 1));
    fails(ShapeException.class, "cropped", () -> range(2).pad(0, -3, 0));
    same(x.slice(Slice.all(), Slice.all(), Slice.at(0)).flip(), shape(2, 3), 20, 16, 12, 8, 4, 0);
    same(x.get(0).roll(-1, 0), shape(3, 4), 4, 5, 6, 7, 8, 9, 10, 11, 0, 1, 2, 3);
    same(D.zeros(DType.F32, 0).roll(3, 0), shape(0));
    same(range(3).tile(2, 2), shape(2, 6), 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2);
    same(range(2, 2).tile(2), shape(2, 4), 0, 1, 0, 1, 2, 3, 2, 3);
    same(range(2, 2).repeat(2, -1), shape(2, 4), 0, 0, 1, 1, 2, 2, 3, 3);
    same(range(2).repeat(0, 0), shape(0));
  }

  @Test
  void splitAndJoin() {
    List<Tensor> parts = x.splitSizes(-1, 1, 0, 3);
    same(parts.get(0).get(1), shape(3, 1), 12, 16, 20);
    assertEquals(Shape.of(2, 3, 0), parts.get(1).shape());
    same(Tensor.concat(-1, parts), shape(2, 3, 4), x.toDoubles());
    same(Tensor.stack(1, x.unstack(1)), shape(2, 3, 4), x.toDoubles());
    assertEquals(0, D.zeros(DType.F32, 0, 2).unstack(0).size());
    same(DType.I32, Tensor.concat(0, D.of(new byte[] {1}), D.of(new int[] {2})), shape(2), 1, 2);
    fails(ShapeException.class, "add up", () -> x.splitSizes(0, 1, 2));
    fails(ShapeException.class, "equal parts", () -> x.split(2, 1));
    fails(ShapeException.class, "concat: shapes", () -> Tensor.concat(0, x, x.mT()));
    fails(DTypeException.class, "concat", () -> Tensor.concat(0, range(1), D.of(new int[] {2})));
    fails(ShapeException.class, "no tensors", () -> Tensor.stack(0, List.of()));
  }

  @Test
  void windows() {
    Tensor w = range(6).windows(new long[] {2}, new long[] {1}, new long[] {3});
    same(w, shape(3, 2), 0, 3, 1, 4, 2, 5);
    fails(ShapeException.class, "does not fit", () -> range(3).windows(shape(2), shape(1), shape(3)));
    fails(ShapeException.class, "as many", () -> range(3).windows(shape(2), shape(1, 1), shape(1)));
  }
}
