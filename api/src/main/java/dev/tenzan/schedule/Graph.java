package dev.tenzan.schedule;

import dev.tenzan.ir.Node;
import dev.tenzan.ir.Op;
import dev.tenzan.type.DType;
import dev.tenzan.type.Layout;
import dev.tenzan.type.Shape;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * An expression graph as a plain value: entries in topological order, equal ones shared. Two graphs that are equal run the same
 * program, so a graph is the key of the program cache.
 *
 * @param entries the operations; operands come before their use
 * @param outputs the entries whose values are asked for
 */
public record Graph(List<Entry> entries, List<Integer> outputs) {
  /**
   * One operation.
   *
   * @param op the operation
   * @param inputs the numbers of the operands' entries
   * @param dtype the result's type
   * @param shape the result's shape
   * @param layout where a leaf's elements lie in its buffer; null for all else
   */
  public record Entry(Op op, List<Integer> inputs, DType dtype, Shape shape, @Nullable Layout layout) {
    /** Whether the elements are in memory before the program runs. */
    public boolean isLeaf() {
      return layout != null;
    }
  }

  /**
   * A captured graph with what belongs to this one evaluation.
   *
   * @param graph the structure
   * @param leaves the node behind each leaf entry, in the order of the leaf entries
   * @param values what each leaf held when the graph was captured; null for a parameter
   */
  public record Capture(Graph graph, List<Node> leaves, List<Node.@Nullable Value> values) {}

  /** Copies the lists. */
  public Graph {
    entries = List.copyOf(entries);
    outputs = List.copyOf(outputs);
  }

  /** Looks at the operations and the shapes alone, which tell most graphs apart. */
  @Override
  public int hashCode() {
    int hash = outputs.size();
    for (int i = 0; i < entries.size(); i++) {
      Entry e = entries.get(i);
      hash = 31 * (31 * hash + e.op.hashCode()) + e.shape.hashCode();
    }
    return hash;
  }

  /** One entry. */
  public Entry get(int i) {
    return entries.get(i);
  }

  /** The number of entries. */
  public int size() {
    return entries.size();
  }

  /**
   * Captures the unevaluated graph behind some nodes.
   *
   * @param outputs the nodes whose values are asked for
   * @param layoutOf the layout of an evaluated node's value
   */
  public static Capture capture(List<Node> outputs, Function<Node.Value, Layout> layoutOf) {
    Capture single = outputs.size() == 1 ? captureSingle(outputs.getFirst(), layoutOf) : null;
    if (single != null) {
      return single;
    }
    Capture few = new Few(layoutOf).capture(outputs);
    return few != null ? few : captureMany(outputs, layoutOf);
  }

  private static Capture captureMany(List<Node> outputs, Function<Node.Value, Layout> layoutOf) {
    Map<Node, Integer> numbers = new IdentityHashMap<>();
    Map<Entry, Integer> shared = new HashMap<>();
    List<Entry> entries = new ArrayList<>();
    List<Node> leaves = new ArrayList<>();
    List<Node.@Nullable Value> values = new ArrayList<>();
    Map<Node, Node.State> open = new IdentityHashMap<>();
    Deque<Node> stack = new ArrayDeque<>();
    for (Node output : outputs) {
      stack.push(output);
      while (!stack.isEmpty()) {
        Node n = stack.peek();
        if (numbers.containsKey(n)) {
          stack.pop();
          continue;
        }
        Node.State s = open.get(n);
        if (s == null) {
          s = n.state();
          open.put(n, s);
          for (Node in : s.inputs()) {
            if (!numbers.containsKey(in)) {
              stack.push(in);
            }
          }
          if (stack.peek() != n) {
            continue;
          }
        }
        stack.pop();
        numbers.put(n, number(n, s, numbers, shared, entries, leaves, values, layoutOf));
      }
    }
    return new Capture(new Graph(entries, outputs.stream().map(numbers::get).toList()), leaves, values);
  }

  /** The capture of one operation whose operands are in memory, without the bookkeeping that larger graphs need; null for others. */
  private static @Nullable Capture captureSingle(Node output, Function<Node.Value, Layout> layoutOf) {
    Node.State s = output.state();
    int size = s.inputs().size();
    if (s.value() != null || size == 0 || size > 3) {
      return null;
    }
    List<Entry> entries = new ArrayList<>(size + 1);
    List<Node> leaves = new ArrayList<>(size);
    List<Node.@Nullable Value> values = new ArrayList<>(size);
    Integer[] inputs = new Integer[size];
    // From the last operand to the first, as the general capture meets them.
    for (int i = size - 1; i >= 0; i--) {
      Node n = s.inputs().get(i);
      int known = leaves.indexOf(n);
      if (known >= 0) {
        inputs[i] = known;
        continue;
      }
      Node.State leaf = n.state();
      Node.Value value = leaf.value();
      if (value == null) {
        return null;
      }
      inputs[i] = entries.size();
      leaves.add(n);
      values.add(value);
      entries.add(new Entry(leaf.op(), List.of(), n.dtype(), n.shape(), layoutOf.apply(value)));
    }
    entries.add(new Entry(s.op(), List.of(inputs), output.dtype(), output.shape(), null));
    return new Capture(new Graph(entries, List.of(entries.size() - 1)), leaves, values);
  }

  private static int number(
      Node n,
      Node.State s,
      Map<Node, Integer> numbers,
      Map<Entry, Integer> shared,
      List<Entry> entries,
      List<Node> leaves,
      List<Node.@Nullable Value> values,
      Function<Node.Value, Layout> layoutOf) {
    Node.Value value = s.value();
    if (s.op() instanceof Op.Input) {
      Layout layout = value == null ? Layout.rowMajor(n.shape()) : layoutOf.apply(value);
      leaves.add(n);
      values.add(value);
      entries.add(new Entry(s.op(), List.of(), n.dtype(), n.shape(), layout));
      return entries.size() - 1;
    }
    List<Integer> inputs = new ArrayList<>(s.inputs().size());
    for (Node in : s.inputs()) {
      Integer i = numbers.get(in);
      if (i == null) {
        throw new IllegalStateException("operand of " + n + " was not numbered");
      }
      inputs.add(i);
    }
    Entry e = new Entry(s.op(), List.copyOf(inputs), n.dtype(), n.shape(), null);
    Integer known = shared.putIfAbsent(e, entries.size());
    if (known != null) {
      return known;
    }
    entries.add(e);
    return entries.size() - 1;
  }

  /** Captures a graph of few nodes, which are found sooner by looking at each than in maps. */
  private static final class Few {
    private static final int MOST = 24;

    private final Function<Node.Value, Layout> layoutOf;
    private final Node[] nodes = new Node[MOST];
    private final Integer[] numbers = new Integer[MOST];
    private int known;
    private int visited;
    private final List<Entry> entries = new ArrayList<>();
    private final List<Node> leaves = new ArrayList<>();
    private final List<Node.@Nullable Value> values = new ArrayList<>();

    Few(Function<Node.Value, Layout> layoutOf) {
      this.layoutOf = layoutOf;
    }

    /** The capture, or null where there are too many nodes. */
    @Nullable Capture capture(List<Node> outputs) {
      List<Integer> results = new ArrayList<>(outputs.size());
      for (Node n : outputs) {
        Integer number = number(n);
        if (number == null) {
          return null;
        }
        results.add(number);
      }
      return new Capture(new Graph(entries, results), leaves, values);
    }

    /** The number of a node's entry, from the last operand to the first, as the general capture meets them; null for one too many. */
    private @Nullable Integer number(Node n) {
      for (int k = 0; k < known; k++) {
        if (nodes[k] == n) {
          return numbers[k];
        }
      }
      if (++visited > MOST) {
        return null;
      }
      Node.State s = n.state();
      Integer number;
      if (s.op() instanceof Op.Input) {
        Node.Value value = s.value();
        Layout layout = value == null ? Layout.rowMajor(n.shape()) : layoutOf.apply(value);
        leaves.add(n);
        values.add(value);
        number = entries.size();
        entries.add(new Entry(s.op(), List.of(), n.dtype(), n.shape(), layout));
      } else {
        Integer[] inputs = new Integer[s.inputs().size()];
        for (int i = inputs.length - 1; i >= 0; i--) {
          Integer input = number(s.inputs().get(i));
          if (input == null) {
            return null;
          }
          inputs[i] = input;
        }
        number = shared(new Entry(s.op(), List.of(inputs), n.dtype(), n.shape(), null));
      }
      nodes[known] = n;
      numbers[known++] = number;
      return number;
    }

    private Integer shared(Entry entry) {
      int same = entries.indexOf(entry);
      if (same < 0) {
        same = entries.size();
        entries.add(entry);
      }
      return same;
    }
  }
}
