package dev.tenzan;

import dev.tenzan.ir.Node;
import dev.tenzan.ir.Op;
import dev.tenzan.schedule.Graph;
import dev.tenzan.type.DType;
import dev.tenzan.type.Layout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Programs of small graphs, found by walking them. The cache of all programs needs a {@link Graph} as its key, which took half of the time of a small
 * operation. Each program has one place, which a later one may take from it. Not thread-safe.
 */
final class KnownGraphs {
  private static final int MOST_NODES = 24;
  private static final int PLACES = 256;

  private final @Nullable Known[] known;

  /**
   * A program and the walk that leads to it.
   *
   * @param ops those of all nodes; operands come before their use
   * @param dtypes those of leaves, else null
   * @param layouts where the elements of leaves lie, else null
   * @param inputs the numbers of all nodes' operands in turn
   * @param outputs the numbers of the nodes whose values are asked for
   */
  private record Known(
      Op[] ops, @Nullable DType[] dtypes, @Nullable Layout[] layouts, byte[] inputs, byte[] outputs, Engine.Compiled program) {}

  /**
   * A graph that was walked. It is made for each evaluation: the collector notes every young object that is written into an old one, which would take
   * longer than to allocate this.
   */
  static final class Walk {
    private final List<Node> asked;
    private final List<Storage> leaves = new ArrayList<>(4);
    private Node[] nodes = new Node[8];
    private Node.State[] states = new Node.State[8];
    private byte[] inputs = new byte[16];
    private int opened;
    private int nodeCount;
    private int inputCount;
    private int hash;

    private Walk(List<Node> asked) {
      this.asked = asked;
    }

    /** The graph behind some nodes, or null where it is too large or a leaf has no value. */
    static @Nullable Walk of(List<Node> asked) {
      Walk walk = new Walk(asked);
      for (int i = 0; i < asked.size(); i++) {
        if (!walk.add(asked.get(i))) {
          return null;
        }
      }
      return walk;
    }

    /** The memory of its leaves, in the order in which a capture of it numbers them. */
    List<Storage> leaves() {
      return leaves;
    }

    /** Numbers a node after its operands, from the last to the first; false where there is no room or no value. */
    private boolean add(Node node) {
      if (indexOf(node) >= 0) {
        return true;
      }
      Node.State state = node.state();
      List<Node> operands = state.inputs();
      // Before the operands are looked at: graphs are up to a thousand nodes deep.
      if (++opened > MOST_NODES || operands.size() > MOST_NODES) {
        return false;
      }
      for (int i = operands.size() - 1; i >= 0; i--) {
        if (!add(operands.get(i))) {
          return false;
        }
      }
      number(operands);
      if (state.op() instanceof Op.Input) {
        if (!(state.value() instanceof Storage.View view)) {
          return false;
        }
        leaves.add(Engine.storage(view));
        hash = 31 * hash + node.shape().hashCode();
      } else {
        hash = 31 * hash + state.op().hashCode();
      }
      if (nodeCount == nodes.length) {
        nodes = Arrays.copyOf(nodes, MOST_NODES);
        states = Arrays.copyOf(states, MOST_NODES);
      }
      nodes[nodeCount] = node;
      states[nodeCount++] = state;
      return true;
    }

    private void number(List<Node> operands) {
      int count = operands.size();
      if (inputCount + count > inputs.length) {
        inputs = Arrays.copyOf(inputs, 2 * inputCount + count);
      }
      for (int i = 0; i < count; i++) {
        inputs[inputCount++] = (byte) indexOf(operands.get(i));
      }
    }

    private int indexOf(Node node) {
      int i = nodeCount - 1;
      while (i >= 0 && nodes[i] != node) {
        i--;
      }
      return i;
    }

    private @Nullable Layout layout(int i) {
      return states[i].value() instanceof Storage.View view ? view.layout() : null;
    }

    /** Whether it has the structure of a known one. Equal operations have as many operands. */
    private boolean isLike(Known k) {
      if (k.ops.length != nodeCount || k.inputs.length != inputCount || k.outputs.length != asked.size()) {
        return false;
      }
      for (int i = 0; i < inputCount; i++) {
        if (k.inputs[i] != inputs[i]) {
          return false;
        }
      }
      for (int i = 0; i < k.outputs.length; i++) {
        if (nodes[k.outputs[i]] != asked.get(i)) {
          return false;
        }
      }
      for (int i = 0; i < nodeCount; i++) {
        Layout layout = layout(i);
        boolean same = layout == null
            ? k.ops[i].equals(states[i].op())
            : k.dtypes[i] == nodes[i].dtype() && Objects.equals(layout, k.layouts[i]);
        if (!same) {
          return false;
        }
      }
      return true;
    }

    private Known with(Engine.Compiled program) {
      Op[] ops = new Op[nodeCount];
      @Nullable DType[] dtypes = new DType[nodeCount];
      @Nullable Layout[] layouts = new Layout[nodeCount];
      for (int i = 0; i < nodeCount; i++) {
        ops[i] = states[i].op();
        layouts[i] = layout(i);
        dtypes[i] = layouts[i] == null ? null : nodes[i].dtype();
      }
      byte[] outputs = new byte[asked.size()];
      for (int i = 0; i < outputs.length; i++) {
        outputs[i] = (byte) indexOf(asked.get(i));
      }
      return new Known(ops, dtypes, layouts, Arrays.copyOf(inputs, inputCount), outputs, program);
    }

    /** Whether a capture met the leaves in the same order. */
    private boolean agrees(Graph.Capture capture) {
      int leaf = 0;
      for (int i = 0; i < nodeCount; i++) {
        if (layout(i) != null && (leaf == capture.leaves().size() || capture.leaves().get(leaf++) != nodes[i])) {
          return false;
        }
      }
      return leaf == capture.leaves().size();
    }
  }

  KnownGraphs() {
    this(PLACES);
  }

  /** With so many places, a power of two. */
  KnownGraphs(int places) {
    this.known = new Known[places];
  }

  private int place(Walk walk) {
    int hash = walk.hash;
    return (hash ^ hash >>> 8 ^ hash >>> 16 ^ hash >>> 24) & known.length - 1;
  }

  /** The program of a graph, or null where it is not known. */
  Engine.@Nullable Compiled find(Walk walk) {
    Known k = known[place(walk)];
    return k != null && walk.isLike(k) ? k.program : null;
  }

  /** Keeps the program of a graph, unless its capture has the leaves in another order. */
  void keep(Walk walk, Graph.Capture capture, Engine.Compiled program) {
    if (walk.agrees(capture)) {
      known[place(walk)] = walk.with(program);
    }
  }
}
