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
}
