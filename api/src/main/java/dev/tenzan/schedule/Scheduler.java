package dev.tenzan.schedule;

import dev.tenzan.ir.Op;
import dev.tenzan.kernel.ConvolutionKernel;
import dev.tenzan.kernel.CustomKernel;
import dev.tenzan.kernel.KernelSpec;
import dev.tenzan.kernel.LoopKernel;
import dev.tenzan.kernel.MatMulKernel;
import dev.tenzan.kernel.ScanKernel;
import dev.tenzan.kernel.ScatterKernel;
import dev.tenzan.kernel.SortKernel;
import dev.tenzan.scalar.Instr;
import dev.tenzan.type.DType;
import dev.tenzan.type.Layout;
import dev.tenzan.type.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Schedules a {@link Graph}: plans the fusion, then emits one kernel for each group and each operation with a kernel of its own. */
public final class Scheduler {
  private final Graph g;
  private final Fusion fusion;
  private final int[] leafBuffer;
  private final int[] ownBuffer;
  private final List<Long> bytes = new ArrayList<>();
  private final List<Program.Step> steps = new ArrayList<>();
  private int leaves;

  private Scheduler(Graph g) {
    this.g = g;
    this.fusion = Fusion.plan(g);
    this.leafBuffer = new int[g.size()];
    this.ownBuffer = new int[g.size()];
    Arrays.fill(leafBuffer, -1);
    Arrays.fill(ownBuffer, -1);
  }

  /** The program of a graph. */
  public static Program schedule(Graph g) {
    return new Scheduler(Composites.expand(g)).run();
  }

  private Program run() {
    for (int v = 0; v < g.size(); v++) {
      if (g.get(v).isLeaf()) {
        leafBuffer[v] = leaves++;
      }
    }
    for (int v = 0; v < g.size(); v++) {
      if (fusion.buffered(v)) {
        Graph.Entry e = g.get(v);
        ownBuffer[v] = leaves + bytes.size();
        bytes.add(Math.multiplyExact(e.shape().size(), (long) e.dtype().byteSize()));
        emit(v, e);
      }
    }
    return new Program(leaves, bytes, steps, g.outputs().stream().map(this::placed).toList());
  }

  /** Where an entry lies in memory, or null where it has no buffer. */
  private Program.@Nullable Placed place(int v) {
    Graph.Entry e = g.get(v);
    if (fusion.buffered(v)) {
      return new Program.Placed(ownBuffer[v], Layout.rowMajor(e.shape()));
    }
    if (e.layout() != null) {
      return new Program.Placed(leafBuffer[v], e.layout());
    }
    Fusion.View view = fusion.view(v);
    if (view == null) {
      return null;
    }
    if (!view.dense() && g.get(view.base()).isLeaf()) {
      return new Program.Placed(leafBuffer[view.base()], view.layout());
    }
    return new Program.Placed(placed(view.base()).buffer(), view.layout());
  }

  private Program.Placed placed(int v) {
    Program.Placed p = place(v);
    if (p == null) {
      throw new IllegalStateException("fusion gave no buffer to " + g.get(v));
    }
    return p;
  }

  private void emit(int v, Graph.Entry e) {
    if (e.op() instanceof Op.Pad p && !e.shape().isEmpty() && !fusion.groups(v).getFirst().space.equals(e.shape())) {
      fill(v, e, p.bits());
    }
    for (Fusion.Group group : fusion.groups(v)) {
      if (!group.space.isEmpty()) {
        Lowering.Lowered l = Lowering.lower(g, group, x -> group.node == x && x == v && g.get(x).isLeaf() ? leaf(x) : place(x));
        step(l.kernel(), l.buffers(), v);
      }
    }
    if (e.shape().isEmpty() || e.isLeaf()) {
      return;
    }
    KernelSpec kernel = kernel(e);
    if (kernel != null) {
      step(kernel, e.inputs().stream().map(i -> placed(i).buffer()).toList(), v);
    }
  }

  private Program.Placed leaf(int v) {
    Layout layout = g.get(v).layout();
    if (layout == null) {
      throw new IllegalStateException(g.get(v) + " is not a leaf");
    }
    return new Program.Placed(leafBuffer[v], layout);
  }

  private void step(KernelSpec kernel, List<Integer> inputs, int target) {
    List<Integer> buffers = new ArrayList<>(inputs);
    buffers.add(ownBuffer[target]);
    steps.add(new Program.Step(kernel, List.copyOf(buffers)));
  }

  private void fill(int v, Graph.Entry e, long bits) {
    List<Instr> code = List.of(new Instr.Const(e.dtype().compute(), bits));
    LoopKernel.Store store = new LoopKernel.Store(0, Layout.rowMajor(e.shape()).address(), 0);
    step(LoopKernel.map(e.shape(), List.of(), List.of(e.dtype()), code, List.of(store)), List.of(), v);
  }

  /** The kernel of an operation that is not a loop, or null. */
  private @Nullable KernelSpec kernel(Graph.Entry e) {
    return switch (e.op()) {
      case Op.MatMul m -> matmul(e, m);
      case Op.Convolution c -> convolution(e, c);
      case Op.Scatter s -> {
        long[] axis = around(e.shape(), s.axis());
        long count = g.get(e.inputs().get(1)).shape().size();
        yield new ScatterKernel(e.dtype(), s.combine(), axis[0], axis[1], axis[2], count);
      }
      case Op.Scan s -> {
        long[] axis = around(e.shape(), s.axis());
        yield new ScanKernel(s.op(), e.dtype(), axis[0], axis[1], axis[2]);
      }
      case Op.Sort s -> {
        Graph.Entry in = g.get(e.inputs().getFirst());
        long[] axis = around(in.shape(), s.axis());
        yield new SortKernel(in.dtype(), s.descending(), s.indices(), axis[0], axis[1], axis[2], s.count());
      }
      case Op.Custom c -> {
        List<DType> types = e.inputs().stream().map(i -> g.get(i).dtype()).toList();
        List<Shape> shapes = e.inputs().stream().map(i -> g.get(i).shape()).toList();
        yield new CustomKernel(c.name(), types, shapes, c.dtype(), c.shape(), c.body());
      }
      case Op.Input _, Op.Constant _, Op.Iota _, Op.RandomBits _, Op.Unary _, Op.Binary _, Op.Where _, Op.Fma _,
          Op.Cast _, Op.Bitcast _, Op.Reduce _, Op.ArgReduce _, Op.Reshape _, Op.Permute _, Op.Slice _, Op.Broadcast _, Op.Window _,
          Op.Pad _, Op.Concat _, Op.Gather _ ->
          null;
    };
  }

  private KernelSpec matmul(Graph.Entry e, Op.MatMul m) {
    int a = e.inputs().get(0);
    int b = e.inputs().get(1);
    Shape x = g.get(a).shape();
    int r = x.rank();
    return new MatMulKernel(
        g.get(a).dtype(),
        m.output(),
        x.subShape(0, r - 2),
        x.dim(r - 2),
        e.shape().dim(r - 1),
        x.dim(r - 1),
        placed(a).layout().address(),
        placed(b).layout().address(),
        m.numerics());
  }

  private KernelSpec convolution(Graph.Entry e, Op.Convolution c) {
    int x = e.inputs().get(0);
    int w = e.inputs().get(1);
    Shape xs = g.get(x).shape();
    Shape ws = g.get(w).shape();
    return new ConvolutionKernel(
        e.dtype(),
        xs.dim(0),
        xs.dim(1),
        ws.dim(0),
        c.groups(),
        xs.subShape(2, xs.rank()),
        ws.subShape(2, ws.rank()),
        e.shape().subShape(2, xs.rank()),
        c.stride(),
        c.padLow(),
        c.inputDilation(),
        c.windowDilation(),
        placed(x).layout().address(),
        placed(w).layout().address(),
        c.numerics());
  }

  /** The product of the extents before an axis, its extent, and the product of those behind it. */
  private static long[] around(Shape s, int axis) {
    return new long[] {s.subShape(0, axis).size(), s.dim(axis), s.subShape(axis + 1, s.rank()).size()};
  }
}
