package dev.tenzan.schedule;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import dev.tenzan.ir.BinaryOp;
import dev.tenzan.ir.Node;
import dev.tenzan.ir.Op;
import dev.tenzan.ir.UnaryOp;
import dev.tenzan.kernel.RowRun;
import dev.tenzan.scalar.ReduceOp;
import dev.tenzan.type.DType;
import dev.tenzan.type.Layout;
import dev.tenzan.type.Shape;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Which kernels of a program are walked together. */
class RowRunsTest {
  private static final long ROWS = 1000;
  private static final long COLUMNS = 1200;

  private final Node x = Node.parameter(DType.F32, Shape.of(ROWS, COLUMNS));

  private static Node reduce(ReduceOp op, Node a, int axis) {
    return Node.of(new Op.Reduce(op, List.of(axis)), a);
  }

  private static Node alongRows(Node stat, Node like) {
    long[] dims = like.shape().dims();
    Node column = Node.of(new Op.Reshape(Shape.of(dims[0], 1)), stat);
    return Node.of(new Op.Broadcast(like.shape()), column);
  }

  private static Node binary(BinaryOp op, Node a, Node b) {
    return Node.of(new Op.Binary(op), a, b);
  }

  /** The powers of two, so that they are stored, over their sums. */
  private static Node softmax(Node a) {
    Node e = Node.of(new Op.Unary(UnaryOp.SQRT), binary(BinaryOp.SUB, a, alongRows(reduce(ReduceOp.MAX, a, 1), a)));
    Node powers = Node.of(new Op.Unary(UnaryOp.SQRT), Node.of(new Op.Unary(UnaryOp.SQRT), binary(BinaryOp.MUL, e, e)));
    return binary(BinaryOp.DIV, powers, alongRows(reduce(ReduceOp.SUM, powers, 1), powers));
  }

  private static Program schedule(Node... outputs) {
    Graph.Capture c = Graph.capture(List.of(outputs), v -> Layout.rowMajor(Shape.SCALAR));
    return Scheduler.schedule(c.graph());
  }

  private static List<RowRuns.Piece> divide(Node... outputs) {
    Program program = schedule(outputs);
    RowRuns runs = new RowRuns(program);
    List<RowRuns.Piece> pieces = new ArrayList<>();
    for (int s = 0; s < program.steps().size(); ) {
      RowRuns.Piece piece = runs.from(s);
      pieces.add(piece);
      s += piece.steps();
    }
    return pieces;
  }

  @Test
  void statisticsOfRowsAndWhatUsesThemAreOneRun() {
    List<RowRuns.Piece> pieces = divide(softmax(x));
    assertEquals(1, pieces.size());
    RowRun run = pieces.getFirst().run();
    assertNotNull(run);
    assertEquals(ROWS, run.rows());
    assertEquals(schedule(softmax(x)).steps().size(), run.parts().size());
    assertEquals(2, run.buffers(), "x and the result");
    // Statistics of a row, and the row that is stored in between.
    assertEquals(List.of(4L, 4L, 4 * COLUMNS), run.localRowBytes().stream().sorted().toList());
    assertEquals(2 * 4 * COLUMNS + 2 * 4 + 4 * COLUMNS, run.rowBytes());
  }

  @Test
  void whatIsWantedOutsideIsNoLocalBuffer() {
    Node max = reduce(ReduceOp.MAX, x, 1);
    List<RowRuns.Piece> pieces = divide(binary(BinaryOp.SUB, x, alongRows(max, x)), max);
    assertEquals(1, pieces.size());
    RowRun run = pieces.getFirst().run();
    assertNotNull(run);
    assertEquals(3, run.buffers());
    assertEquals(List.of(), run.localRowBytes());
  }

  @Test
  void reductionsOfColumnsAreNot() {
    Node sums = reduce(ReduceOp.SUM, x, 0);
    Node y = binary(BinaryOp.SUB, x, Node.of(new Op.Broadcast(x.shape()), sums));
    divide(y).forEach(p -> assertNull(p.run()));
  }

  @Test
  void readingAnotherRowEndsARun() {
    Node wide = Node.parameter(DType.F32, Shape.of(ROWS, ROWS));
    Node norm = softmax(wide);
    Node turned = Node.of(new Op.Permute(List.of(1, 0)), norm);
    Node result = binary(BinaryOp.ADD, turned, alongRows(reduce(ReduceOp.SUM, norm, 1), norm));
    List<RowRuns.Piece> pieces = divide(result);
    RowRuns.Piece last = pieces.getLast();
    assertEquals(1, last.steps(), "the transposed sum reads columns");
    assertNull(last.run());
  }

  @Test
  void savesWhatIsWrittenOrReadAgain() {
    RowRun run = divide(softmax(x)).getFirst().run();
    assertNotNull(run);
    // x is read twice instead of once; the stored row is not written, and not read twice; each statistic is not written, and not read.
    assertEquals(ROWS * (4 * COLUMNS + 3 * 4 * COLUMNS + 2 * 2 * 4), run.savedBytes());
  }

  @Test
  void rowsAreAsShortAsTheyCanBe() {
    Node batched = Node.parameter(DType.F32, Shape.of(8, 30, 50));
    Node e = Node.of(new Op.Unary(UnaryOp.SQRT), Node.of(new Op.Unary(UnaryOp.SQRT), binary(BinaryOp.MUL, batched, batched)));
    Node sums = Node.of(new Op.Broadcast(e.shape()), Node.of(new Op.Reshape(Shape.of(8, 30, 1)), reduce(ReduceOp.SUM, e, 2)));
    RowRun run = divide(binary(BinaryOp.DIV, e, sums)).getFirst().run();
    assertNotNull(run);
    assertEquals(240, run.rows());
    run.parts().forEach(p -> assertEquals(240, p.kernel().space().dim(0)));
  }

  /** Places among what is reduced are the same in every row; places of results are not. */
  @Test
  void placesInARow() {
    Node batched = Node.parameter(DType.F32, Shape.of(8, 30, 50));
    RowRun run = divide(Node.of(new Op.ArgReduce(ReduceOp.MAX, 2), batched)).getFirst().run();
    assertNotNull(run);
    assertEquals(240, run.rows());
    assertEquals(2, run.parts().size());
    Node places = Node.of(new Op.Cast(DType.F32), Node.of(new Op.Iota(Shape.of(ROWS, COLUMNS), 0)));
    for (RowRuns.Piece p : divide(softmax(binary(BinaryOp.ADD, x, places)))) {
      List<RowRun.Part> parts = p.run() == null ? List.of() : p.run().parts();
      parts.forEach(part -> assertFalse(RowRun.usesIndices(part.kernel())));
    }
  }

  @Test
  void fewRowsAreLeftAlone() {
    Node few = Node.parameter(DType.F32, Shape.of(15, 10_000));
    divide(softmax(few)).forEach(p -> assertNull(p.run()));
  }

  @Test
  void allStepsAreKeptInOrder() {
    Node product = Node.of(new Op.MatMul(DType.F32), softmax(x), Node.parameter(DType.F32, Shape.of(COLUMNS, COLUMNS)));
    Node result = softmax(product);
    int next = 0;
    for (RowRuns.Piece p : divide(result)) {
      assertEquals(next, p.first());
      next += p.steps();
    }
    assertEquals(schedule(result).steps().size(), next);
  }
}
