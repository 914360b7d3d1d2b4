package dev.tenzan.schedule;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.tenzan.ir.BinaryOp;
import dev.tenzan.ir.Node;
import dev.tenzan.ir.Op;
import dev.tenzan.ir.UnaryOp;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Captures of graphs, on both sides of the size from which on maps find their nodes. */
class GraphTest {
  private static Graph.Capture capture(Node... outputs) {
    return Graph.capture(List.of(outputs), _ -> {
      throw new IllegalStateException("parameters have no value");
    });
  }

  private static Node parameter() {
    return Node.parameter(DType.F32, Shape.of(3));
  }

  private static Node add(Node a, Node b) {
    return Node.of(new Op.Binary(BinaryOp.ADD), a, b);
  }

  private static Node neg(Node a) {
    return Node.of(new Op.Unary(UnaryOp.NEG), a);
  }

  /** Two branches that are alike share their entries, whatever the size. */
  @Test
  void equalEntriesAreShared() {
    for (int length = 1; length <= 40; length++) {
      Node x = parameter();
      Node a = x;
      Node b = x;
      for (int k = 0; k < length; k++) {
        a = neg(a);
        b = neg(b);
      }
      Graph.Capture c = capture(add(a, b));
      assertEquals(length + 2, c.graph().size(), "x, " + length + " negations and a sum");
      assertEquals(List.of(length, length), c.graph().entries().getLast().inputs());
      assertEquals(List.of(x), c.leaves());
    }
  }

  /** The same graph has the same key, alone and beside another output, and its leaves are in the order of their entries. */
  @Test
  void orderDoesNotDependOnTheSize() {
    for (int length = 1; length <= 40; length++) {
      Graph.Capture[] captures = new Graph.Capture[2];
      for (int copy = 0; copy < 2; copy++) {
        Node x = parameter();
        Node y = parameter();
        Node sum = add(x, y);
        for (int k = 1; k < length; k++) {
          sum = add(k % 2 == 0 ? x : sum, k % 2 == 0 ? sum : y);
        }
        captures[copy] = capture(sum, neg(y), sum);
        assertEquals(List.of(y, x), captures[copy].leaves());
      }
      Graph graph = captures[0].graph();
      assertEquals(graph, captures[1].graph());
      assertEquals(List.of(length + 1, length + 2, length + 1), graph.outputs());
      for (int k = 2; k < length + 2; k++) {
        int sum = k == 2 ? 1 : k - 1;
        assertEquals(k % 2 == 0 ? List.of(1, k == 2 ? 0 : sum) : List.of(sum, 0), graph.get(k).inputs(), "sum " + k + " of " + length);
      }
    }
  }
}
