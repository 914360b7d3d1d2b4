package dev.tenzan;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;

import dev.tenzan.ir.Node;
import dev.tenzan.schedule.Graph;
import dev.tenzan.type.DType;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Programs of small graphs are found for graphs of the same structure, and for no others. */
class KnownGraphsTest {
  private static final long SEED = 20261128;

  private final Device d = Devices.get("reference");
  private final Tensor a = d.of(new float[] {1, 2, 3, 4, 5, 6}, 2, 3);
  private final Tensor b = d.of(new float[] {10, 20, 30, 40, 50, 60}, 2, 3);
  private final Tensor square = d.of(new float[] {1, 2, 3, 4}, 2, 2);
  private final Tensor ints = d.of(new int[] {1, 2, 3, 4, 5, 6}, 2, 3);
  private final Tensor flipped = square.permuteDims(1, 0).eval();

  private static KnownGraphs.@Nullable Walk walk(Tensor... asked) {
    List<Node> nodes = new ArrayList<>();
    for (Tensor t : asked) {
      nodes.add(t.node());
    }
    return KnownGraphs.Walk.of(nodes);
  }

  private static Engine.Compiled keep(KnownGraphs known, Tensor... asked) {
    KnownGraphs.Walk walk = walk(asked);
    assertNotNull(walk);
    List<Node> nodes = new ArrayList<>();
    for (Tensor t : asked) {
      nodes.add(t.node());
    }
    Graph.Capture capture = Graph.capture(nodes, v -> ((Storage.View) v).layout());
    Engine.Compiled program = asked[0].device().engine().compile(capture.graph());
    known.keep(walk, capture, program);
    return program;
  }

  /** Graphs of which no two have the same structure. */
  private List<Supplier<Tensor[]>> different() {
    return List.of(
        () -> new Tensor[] {a.add(b)},
        () -> new Tensor[] {a.add(a)},
        () -> new Tensor[] {a.sub(b)},
        () -> new Tensor[] {a.cast(DType.F64).add(b.cast(DType.F64))},
        () -> new Tensor[] {ints.add(ints)},
        () -> new Tensor[] {ints.bitcast(DType.F32).add(b)},
        () -> new Tensor[] {square.add(square)},
        () -> new Tensor[] {square.add(flipped)},
        () -> new Tensor[] {flipped.add(square)},
        () -> new Tensor[] {square.sum(0)},
        () -> new Tensor[] {square.sum(1)},
        () -> new Tensor[] {a.add(b).mul(a)},
        () -> new Tensor[] {a.add(b).mul(b)},
        () -> new Tensor[] {a.add(1)},
        () -> new Tensor[] {a.add(2)},
        () -> new Tensor[] {a.neg(), b.exp()},
        () -> new Tensor[] {b.neg(), a.exp()},
        () -> {
          Tensor sum = a.add(b);
          return new Tensor[] {sum, sum.mul(a)};
        },
        () -> {
          Tensor sum = a.add(b);
          return new Tensor[] {sum.mul(a), sum};
        },
        () -> {
          Tensor e = a.exp();
          return new Tensor[] {e, e.neg()};
        },
        () -> {
          Tensor e = a.exp();
          return new Tensor[] {e.neg(), e};
        },
        () -> new Tensor[] {a.exp().neg()},
        () -> new Tensor[] {a.exp().add(a.exp())},
        () -> {
          Tensor e = a.exp();
          return new Tensor[] {e.add(e)};
        });
  }

  @Test
  void findsEachStructureAndNoOther() {
    List<Supplier<Tensor[]>> graphs = different();
    for (int i = 0; i < graphs.size(); i++) {
      // All have the same place, so that what tells them apart is not their hash.
      KnownGraphs known = new KnownGraphs(1);
      Engine.Compiled program = keep(known, graphs.get(i).get());
      for (int j = 0; j < graphs.size(); j++) {
        KnownGraphs.Walk walk = walk(graphs.get(j).get());
        assertNotNull(walk);
        // The order in which two unlike operands' leaves are asked for is no structure: 15 and 16 differ by their tensors alone.
        boolean same = i == j || Math.min(i, j) == 15 && Math.max(i, j) == 16;
        if (same) {
          assertSame(program, known.find(walk), "graph " + j + " where " + i + " is known");
        } else {
          assertNull(known.find(walk), "graph " + j + " where " + i + " is known");
        }
      }
    }
  }

  @Test
  void leavesAreInTheOrderOfTheCapture() {
    for (Supplier<Tensor[]> graph : different()) {
      Tensor[] asked = graph.get();
      KnownGraphs known = new KnownGraphs();
      keep(known, asked);
      KnownGraphs.Walk walk = walk(asked);
      assertNotNull(walk);
      assertNotNull(known.find(walk), "kept, so its capture has the same leaves");
      List<Node> nodes = new ArrayList<>();
      for (Tensor t : asked) {
        nodes.add(t.node());
      }
      List<Storage> leaves = new ArrayList<>();
      Graph.capture(nodes, v -> ((Storage.View) v).layout()).values().forEach(v -> leaves.add(Engine.storage(v)));
      assertEquals(leaves, walk.leaves());
    }
  }

  @Test
  void largeGraphsAreLeftToTheCapture() {
    Tensor sum = a;
    for (int i = 0; i < 23; i++) {
      assertNotNull(walk(sum), "nodes: " + (i + 1));
      sum = sum.add(a);
    }
    assertNotNull(walk(sum));
    assertNull(walk(sum.add(a)));
    Tensor[] many = new Tensor[30];
    for (int i = 0; i < many.length; i++) {
      many[i] = a.exp();
    }
    assertNull(walk(Tensor.concat(0, many)));
  }

  @Test
  void wideOperationsAreKnownToo() {
    Tensor[] parts = new Tensor[20];
    for (int i = 0; i < parts.length; i++) {
      parts[i] = i % 2 == 0 ? a : b;
    }
    KnownGraphs known = new KnownGraphs();
    Engine.Compiled program = keep(known, Tensor.concat(0, parts));
    KnownGraphs.Walk same = walk(Tensor.concat(0, parts));
    assertNotNull(same);
    assertSame(program, known.find(same));
    parts[7] = a;
    KnownGraphs.Walk other = walk(Tensor.concat(0, parts));
    assertNotNull(other);
    assertNull(known.find(other));
  }

  /** Small random graphs, each evaluated with other operands in turn: what is found must compute what a fresh one does. */
  @Test
  void randomGraphsComputeWhatTheyShould() {
    System.out.println("seed " + SEED);
    Random random = new Random(SEED);
    for (int round = 0; round < 400; round++) {
      int[] recipe = random.ints(3 * (1 + random.nextInt(6)), 0, 1 << 16).toArray();
      boolean two = random.nextBoolean();
      for (int again = 0; again < 3; again++) {
        float[][] leaves = new float[3][4];
        for (float[] leaf : leaves) {
          for (int i = 0; i < leaf.length; i++) {
            leaf[i] = random.nextInt(-8, 9);
          }
        }
        try (TensorScope _ = TensorScope.open()) {
          List<Tensor> tensors = new ArrayList<>();
          List<float[]> expected = new ArrayList<>();
          for (float[] leaf : leaves) {
            // Every other time the last leaf lies the other way round.
            boolean turned = two && tensors.size() == 2;
            float[] laid = turned ? new float[] {leaf[0], leaf[2], leaf[1], leaf[3]} : leaf;
            Tensor t = d.of(laid, 2, 2);
            tensors.add(turned ? t.permuteDims(1, 0).eval() : t);
            expected.add(leaf);
          }
          for (int r = 0; r < recipe.length; r += 3) {
            int x = recipe[r + 1] % tensors.size();
            int y = recipe[r + 2] % tensors.size();
            int op = recipe[r] % 3;
            Tensor p = tensors.get(x);
            Tensor q = tensors.get(y);
            tensors.add(op == 0 ? p.add(q) : op == 1 ? p.sub(q) : p.maximum(q));
            float[] e = new float[4];
            for (int i = 0; i < 4; i++) {
              float u = expected.get(x)[i];
              float v = expected.get(y)[i];
              e[i] = op == 0 ? u + v : op == 1 ? u - v : Math.max(u, v);
            }
            expected.add(e);
          }
          int last = tensors.size() - 1;
          if (recipe.length > 3) {
            Tensor.eval(tensors.get(last), tensors.get(last - 1));
            assertArrayEquals(expected.get(last - 1), tensors.get(last - 1).toFloats(), "round " + round);
          }
          assertArrayEquals(expected.get(last), tensors.get(last).toFloats(), "round " + round);
        }
      }
    }
  }
}
