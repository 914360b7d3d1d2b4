package dev.tenzan.schedule;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tenzan.ir.BinaryOp;
import dev.tenzan.ir.Node;
import dev.tenzan.ir.Op;
import dev.tenzan.ir.UnaryOp;
import dev.tenzan.kernel.AttentionRun;
import dev.tenzan.kernel.MatMulKernel;
import dev.tenzan.scalar.ReduceOp;
import dev.tenzan.type.DType;
import dev.tenzan.type.Layout;
import dev.tenzan.type.Shape;
import java.util.HashSet;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Which kernels of a program are attention. */
class AttentionRunsTest {
  private final Node q = parameter(2, 3, 20, 8);
  private final Node k = parameter(2, 3, 8, 30);
  private final Node v = parameter(2, 3, 30, 5);

  private static Node parameter(long... dims) {
    return Node.parameter(DType.F32, Shape.of(dims));
  }

  private static Node product(Node a, Node b) {
    return Node.of(new Op.MatMul(DType.F32), a, b);
  }

  private static Node unary(UnaryOp op, Node a) {
    return Node.of(new Op.Unary(op), a);
  }

  private static Node binary(BinaryOp op, Node a, Node b) {
    return Node.of(new Op.Binary(op), a, b);
  }

  private static Node broadcast(Node a, Node like) {
    return Node.of(new Op.Broadcast(like.shape()), a);
  }

  private static Node overSums(Node s) {
    long[] dims = s.shape().dims();
    dims[3] = 1;
    Node sums = Node.of(new Op.Reshape(Shape.of(dims)), Node.of(new Op.Reduce(ReduceOp.SUM, List.of(3)), s));
    return binary(BinaryOp.DIV, s, broadcast(sums, s));
  }

  private static AttentionRuns find(Node... outputs) {
    Graph.Capture c = Graph.capture(List.of(outputs), v -> Layout.rowMajor(Shape.SCALAR));
    return AttentionRuns.of(Scheduler.schedule(c.graph()));
  }

  /** The only run of a program, or null where it has none. */
  private static AttentionRuns.@Nullable Found only(Node... outputs) {
    AttentionRuns runs = find(outputs);
    List<AttentionRuns.Found> all =
        IntStream.range(0, runs.program().steps().size()).mapToObj(runs::at).filter(f -> f != null).toList();
    assertTrue(all.size() <= 1, all.toString());
    return all.isEmpty() ? null : all.getFirst();
  }

  @Test
  void productsAndTheLoopsBetweenThemAreOne() {
    AttentionRuns.Found found = only(product(overSums(product(q, k)), v));
    assertNotNull(found);
    AttentionRun run = found.run();
    assertEquals(found.steps(), run.loops().size() + 2);
    assertEquals(3, run.dims());
    assertEquals(4, run.buffers(), "q, k, v and the result");
    assertEquals(4, new HashSet<>(found.buffers()).size());
    assertTrue(run.localRowBytes().containsAll(List.of(4 * 30L, 4L)), "scores, and a sum: " + run.localRowBytes());
    assertEquals(4 * 30L, run.localRowBytes().get(run.weightsAt() - run.buffers()));
    long[] bytes = run.bytes();
    assertEquals(4 * 2 * 3 * 20 * 8, bytes[AttentionRun.QUERIES]);
    assertEquals(4 * 2 * 3 * 8 * 30, bytes[AttentionRun.KEYS]);
    assertEquals(4 * 2 * 3 * 30 * 5, bytes[AttentionRun.VALUES]);
    assertEquals(4 * 2 * 3 * 20 * 5, bytes[AttentionRun.OUTPUT]);
  }

  @Test
  void loopsReadOtherThings() {
    Node mask = parameter(2, 1, 1, 30);
    Node s = product(q, k);
    AttentionRuns.Found found = only(product(overSums(binary(BinaryOp.ADD, s, broadcast(mask, s))), v));
    assertNotNull(found);
    assertEquals(5, found.run().buffers());
    assertEquals(4 * 2 * 30, found.run().bytes()[4]);
  }

  @Test
  void whatStandsInBetweenIsMovedAhead() {
    Node x = parameter(2, 3, 30, 7);
    Node made = product(x, parameter(2, 3, 7, 5)); // scheduled behind the loops, which come first in the last product
    AttentionRuns runs = find(product(overSums(product(q, k)), made));
    int at = IntStream.range(0, runs.program().steps().size()).filter(s -> runs.at(s) != null).findFirst().orElse(-1);
    assertEquals(1, at, runs.program().toString());
    assertTrue(runs.program().steps().getFirst().kernel() instanceof MatMulKernel m && m.k() == 7);
    assertEquals(runs.program().steps().size(), new HashSet<>(runs.program().steps()).size());
  }

  @Test
  void weightsThatSomebodyElseWantsAreNoneOfIt() {
    Node w = overSums(product(q, k));
    assertNull(only(product(w, v), w), "an output");
    assertNull(only(product(w, v), unary(UnaryOp.SQRT, unary(UnaryOp.SQRT, w))), "read by another kernel");
    Node s = product(q, k);
    assertNull(only(product(overSums(s), v), s), "scores");
  }

  @Test
  void rowsMustKeepApart() {
    Node s = product(q, k);
    Node acrossRows = Node.of(new Op.Reduce(ReduceOp.SUM, List.of(2)), s);
    long[] dims = s.shape().dims();
    dims[2] = 1;
    Node columns = broadcast(Node.of(new Op.Reshape(Shape.of(dims)), acrossRows), s);
    assertNull(only(product(binary(BinaryOp.DIV, s, columns), v)), "sums of columns");
    Node turned = Node.of(new Op.Permute(List.of(0, 1, 3, 2)), unary(UnaryOp.SQRT, s));
    assertNull(only(product(turned, parameter(2, 3, 20, 5))), "weights turned");
    assertNull(only(product(parameter(2, 3, 4, 20), unary(UnaryOp.SQRT, s))), "scores are the second operand");
    Node heads = Node.of(new Op.Permute(List.of(1, 0, 2, 3)), unary(UnaryOp.SQRT, s));
    assertNull(only(product(heads, parameter(3, 2, 30, 5))), "batches that change places");
  }

  @Test
  void otherProductsAreNone() {
    assertNull(only(product(q, k)));
    assertNull(only(product(unary(UnaryOp.SQRT, product(parameter(2, 15, 8), parameter(2, 8, 30))), parameter(2, 30, 5))), "few rows");
    Node one = product(q, k);
    assertNull(only(product(unary(UnaryOp.SQRT, one), unary(UnaryOp.SQRT, Node.of(new Op.Permute(List.of(0, 1, 3, 2)), one)))), "values are scores too");
  }
}
