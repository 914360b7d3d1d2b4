package dev.tenzan.ir;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tenzan.error.ShapeException;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Attributes that do not fit are typed errors, whatever their values. */
class ShapeInferenceTest {
  private static void fails(String part, Op op, Node... operands) {
    String message = assertThrows(ShapeException.class, () -> Node.of(op, operands)).getMessage();
    assertTrue(message.contains(part), message);
  }

  private static Node parameter(DType dtype, long... shape) {
    return Node.parameter(dtype, Shape.of(shape));
  }

  @Test
  void randomWord() {
    Node key = parameter(DType.I64);
    Node.of(new Op.RandomBits(Shape.of(2), 3), key);
    fails("word 4", new Op.RandomBits(Shape.of(2), 4), key);
    fails("word -1", new Op.RandomBits(Shape.of(2), -1), key);
  }

  @Test
  void sliceBeyondALong() {
    Node x = parameter(DType.F32, 10);
    long half = 1L << 62;
    fails("slice: 5 elements", new Op.Slice(List.of(0L), List.of(half), Shape.of(5)), x);
    fails("slice: 5 elements", new Op.Slice(List.of(9L), List.of(-half), Shape.of(5)), x);
    fails("slice: 3 elements", new Op.Slice(List.of(0L), List.of(Long.MIN_VALUE), Shape.of(3)), x);
    fails("slice: 2 elements", new Op.Slice(List.of(5L), List.of(5L), Shape.of(2)), x);
    fails("step of axis 0", new Op.Slice(List.of(0L), List.of(0L), Shape.of(2)), x);
    Node.of(new Op.Slice(List.of(9L), List.of(-3L), Shape.of(4)), x);
    Node.of(new Op.Slice(List.of(0L), List.of(9L), Shape.of(2)), x);
    Node.of(new Op.Slice(List.of(4L), List.of(Long.MIN_VALUE), Shape.of(1)), x);
    Node.of(new Op.Slice(List.of(40L), List.of(1L), Shape.of(0)), x);
  }

  @Test
  void sortedElements() {
    Node x = parameter(DType.F32, 3, 10);
    assertEquals(Shape.of(3, 4), Node.of(new Op.Sort(1, true, false, 4), x).shape());
    assertEquals(Shape.of(3, 0), Node.of(new Op.Sort(1, true, true, 0), x).shape());
    fails("argsort: the first 11 elements of axis 1", new Op.Sort(1, true, true, 11), x);
    fails("sort: the first -1 elements", new Op.Sort(0, true, false, -1), x);
  }

  @Test
  void windowLists() {
    Node x = parameter(DType.F32, 4, 4);
    Shape two = Shape.of(2, 2);
    fails("window: strides", new Op.Window(two, List.of(1L), List.of(1L, 1L)), x);
    fails("window: dilations", new Op.Window(two, List.of(1L, 1L), List.of(1L, 1L, 1L)), x);
    fails("does not fit", new Op.Window(Shape.of(5), List.of(1L), List.of(1L << 62)), x);
  }

  @Test
  void convolutionLists() {
    Node x = parameter(DType.F32, 1, 1, 4, 4);
    Node w = parameter(DType.F32, 1, 1, 2, 2);
    List<Long> one = List.of(1L, 1L);
    List<Long> no = List.of(0L, 0L);
    Node.of(new Op.Convolution(one, no, no, one, one, 1), x, w);
    fails("conv: stride", new Op.Convolution(List.of(1L), no, no, one, one, 1), x, w);
    fails("conv: low", new Op.Convolution(one, List.of(), no, one, one, 1), x, w);
    fails("conv: high", new Op.Convolution(one, no, List.of(0L), one, one, 1), x, w);
    fails("conv: input", new Op.Convolution(one, no, no, List.of(1L), one, 1), x, w);
    fails("conv: window", new Op.Convolution(one, no, no, one, List.of(1L, 1L, 1L), 1), x, w);
  }
}
