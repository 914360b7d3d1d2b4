package dev.tenzan.schedule;

import dev.tenzan.ir.BinaryOp;
import dev.tenzan.ir.Op;
import dev.tenzan.ir.UnaryOp;
import dev.tenzan.scalar.ReduceOp;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Replaces operations that consist of others by these, before anything is fused. A graph keeps them whole, because each node of a graph costs
 * about 200 ns at every evaluation, and its program is made once.
 */
final class Composites {
  private final Graph g;
  private final List<Graph.Entry> entries = new ArrayList<>();
  private final Map<Graph.Entry, Integer> shared = new HashMap<>();

  private Composites(Graph g) {
    this.g = g;
  }

  /** The graph without such operations; the same one where there are none. */
  static Graph expand(Graph g) {
    return g.entries().stream().anyMatch(e -> e.op() instanceof Op.ArgReduce) ? new Composites(g).run() : g;
  }

  private Graph run() {
    int[] numbers = new int[g.size()];
    for (int v = 0; v < numbers.length; v++) {
      Graph.Entry e = g.get(v);
      List<Integer> inputs = e.inputs().stream().map(i -> numbers[i]).toList();
      if (e.isLeaf()) {
        // Leaves are counted, so that equal ones stay apart.
        numbers[v] = entries.size();
        entries.add(e);
      } else if (e.op() instanceof Op.ArgReduce r) {
        numbers[v] = argReduce(r, inputs.getFirst(), e.shape());
      } else {
        numbers[v] = add(e.op(), inputs, e.dtype(), e.shape());
      }
    }
    return new Graph(entries, g.outputs().stream().map(i -> numbers[i]).toList());
  }

  private int add(Op op, List<Integer> inputs, DType dtype, Shape shape) {
    Graph.Entry e = new Graph.Entry(op, inputs, dtype, shape, null);
    Integer known = shared.putIfAbsent(e, entries.size());
    if (known != null) {
      return known;
    }
    entries.add(e);
    return entries.size() - 1;
  }

  /** The least index of an element that equals the extreme one, or is NaN. */
  private int argReduce(Op.ArgReduce r, int x, Shape result) {
    DType dtype = entries.get(x).dtype();
    Shape s = entries.get(x).shape();
    long[] kept = s.dims();
    kept[r.axis()] = 1;
    int extreme = add(new Op.Reduce(r.op(), List.of(r.axis())), List.of(x), dtype, result);
    int hit = add(new Op.Binary(BinaryOp.EQUAL), List.of(x, stretched(reshaped(extreme, Shape.of(kept)), s)), DType.BOOL, s);
    if (dtype.isFloat()) {
      int nan = add(new Op.Unary(UnaryOp.IS_NAN), List.of(x), DType.BOOL, s);
      hit = add(new Op.Binary(BinaryOp.OR), List.of(hit, nan), DType.BOOL, s);
    }
    int index = add(new Op.Iota(s, r.axis()), List.of(), DType.I64, s);
    int none = stretched(add(new Op.Constant(DType.I64, s.dim(r.axis())), List.of(), DType.I64, Shape.SCALAR), s);
    int place = add(new Op.Where(), List.of(hit, index, none), DType.I64, s);
    return add(new Op.Reduce(ReduceOp.MIN, List.of(r.axis())), List.of(place), DType.I64, result);
  }

  private int reshaped(int v, Shape shape) {
    Graph.Entry e = entries.get(v);
    return e.shape().equals(shape) ? v : add(new Op.Reshape(shape), List.of(v), e.dtype(), shape);
  }

  private int stretched(int v, Shape shape) {
    Graph.Entry e = entries.get(v);
    return e.shape().equals(shape) ? v : add(new Op.Broadcast(shape), List.of(v), e.dtype(), shape);
  }
}
