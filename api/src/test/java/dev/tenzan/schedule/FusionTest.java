package dev.tenzan.schedule;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.tenzan.ir.BinaryOp;
import dev.tenzan.ir.Node;
import dev.tenzan.ir.Op;
import dev.tenzan.ir.UnaryOp;
import dev.tenzan.scalar.ReduceOp;
import dev.tenzan.type.DType;
import dev.tenzan.type.Layout;
import dev.tenzan.type.Shape;
import java.util.List;
import org.junit.jupiter.api.Test;

/** How many kernels, and which, a graph becomes. */
class FusionTest {
  private final Node x = Node.parameter(DType.F32, Shape.of(8, 16));
  private final Node row = Node.parameter(DType.F32, Shape.of(16));

  private static Node add(Node a, Node b) {
    return Node.of(new Op.Binary(BinaryOp.ADD), a, b);
  }

  private static Node neg(Node a) {
    return Node.of(new Op.Unary(UnaryOp.NEG), a);
  }

  private static Node sum(Node a, Integer... axes) {
    return Node.of(new Op.Reduce(ReduceOp.SUM, List.of(axes)), a);
  }

  private static Node broadcast(Node a, long... shape) {
    return Node.of(new Op.Broadcast(Shape.of(shape)), a);
  }

  private static Node reshape(Node a, long... shape) {
    return Node.of(new Op.Reshape(Shape.of(shape)), a);
  }

  private static Node transpose(Node a) {
    return Node.of(new Op.Permute(List.of(1, 0)), a);
  }

  private static Program schedule(Node... outputs) {
    Graph.Capture c = Graph.capture(List.of(outputs), v -> Layout.rowMajor(Shape.SCALAR));
    return Scheduler.schedule(c.graph());
  }

  private static void kernels(String expected, Node... outputs) {
    List<String> names = schedule(outputs).steps().stream().map(s -> s.kernel().name()).toList();
    assertEquals(expected, String.join(" ", names));
  }

  @Test
  void elementwiseChainIsOneLoop() {
    kernels("loop", neg(add(add(x, broadcast(row, 8, 16)), x)));
  }

  @Test
  void reductionTakesPrologueAndEpilogue() {
    kernels("reduce", neg(sum(neg(x), 1)));
  }

  @Test
  void broadcastReductionIsMaterialisedOnce() {
    Node mean = sum(x, 1);
    kernels("reduce loop", add(x, broadcast(reshape(mean, 8, 1), 8, 16)));
  }

  @Test
  void sharedValueOfTwoKernelsIsMaterialised() {
    Node y = neg(x);
    kernels("loop reduce reduce", sum(y, 0), sum(y, 1));
  }

  @Test
  void comparisonOfBuffersIsComputedAnew() {
    kernels("reduce reduce loop", tiesOfMaximum(x));
    kernels("loop reduce reduce loop", tiesOfMaximum(neg(x)));
  }

  private static Node tiesOfMaximum(Node a) {
    Node max = Node.of(new Op.Reduce(ReduceOp.MAX, List.of(1)), a);
    Node ties = Node.of(new Op.Binary(BinaryOp.EQUAL), a, broadcast(reshape(max, 8, 1), 8, 16));
    Node count = broadcast(reshape(sum(Node.of(new Op.Cast(DType.F32), ties), 1), 8, 1), 8, 16);
    return Node.of(new Op.Where(), ties, count, neg(count));
  }

  @Test
  void differenceFromARowsMeanIsComputedAnew() {
    kernels("reduce reduce loop", scaledDifference(x));
    kernels("loop reduce reduce loop", scaledDifference(neg(x)));
  }

  private static Node scaledDifference(Node a) {
    Node mean = broadcast(reshape(sum(a, 1), 8, 1), 8, 16);
    Node difference = Node.of(new Op.Binary(BinaryOp.SUB), a, mean);
    Node squares = sum(Node.of(new Op.Binary(BinaryOp.MUL), difference, difference), 1);
    return Node.of(new Op.Binary(BinaryOp.MUL), difference, broadcast(reshape(squares, 8, 1), 8, 16));
  }

  @Test
  void sumOfTwoFullOperandsIsMaterialised() {
    Node both = add(x, Node.parameter(DType.F32, Shape.of(8, 16)));
    kernels("loop reduce reduce", sum(both, 0), sum(both, 1));
  }

  @Test
  void comparisonOfWhatIsComputedForItIsMaterialised() {
    Node below = Node.of(new Op.Binary(BinaryOp.LESS), neg(x), x);
    kernels(
        "loop reduce reduce", sum(Node.of(new Op.Cast(DType.F32), below), 0), sum(Node.of(new Op.Cast(DType.F64), below), 1));
  }

  @Test
  void viewsTakeNoKernel() {
    kernels("", transpose(x));
    kernels("", reshape(x, 16, 8));
    kernels("matmul", Node.of(new Op.MatMul(DType.F32), x, transpose(x)));
  }

  @Test
  void reshapeThatMergesATransposeCopiesOnce() {
    kernels("loop", reshape(transpose(x), 128));
  }

  @Test
  void equalSubgraphsAreShared() {
    kernels("matmul loop", add(Node.of(new Op.MatMul(DType.F32), x, transpose(x)), Node.of(new Op.MatMul(DType.F32), x, transpose(x))));
  }

  @Test
  void concatStoresIntoParts() {
    kernels("loop loop", Node.of(new Op.Concat(0), neg(x), x));
  }

  @Test
  void longChainsAreCut() {
    Node y = x;
    for (int i = 0; i < 40; i++) {
      y = Node.of(new Op.Unary(UnaryOp.EXP), y);
    }
    int loops = schedule(y).steps().size();
    assertEquals(4, loops, "forty exponentials at 24 instructions each, 260 at most in a loop");
  }

  @Test
  void emptyShapesLaunchNothing() {
    kernels("", neg(Node.parameter(DType.F32, Shape.of(0, 3))));
  }
}
