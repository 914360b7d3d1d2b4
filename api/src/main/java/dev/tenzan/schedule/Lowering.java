package dev.tenzan.schedule;

import dev.tenzan.ir.Op;
import dev.tenzan.kernel.LoopKernel;
import dev.tenzan.scalar.Instr;
import dev.tenzan.scalar.Philox;
import dev.tenzan.scalar.ScalarBuilder;
import dev.tenzan.scalar.ScalarProgram;
import dev.tenzan.type.Affine;
import dev.tenzan.type.DType;
import dev.tenzan.type.Layout;
import dev.tenzan.type.Shape;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Turns one fused group into a {@link LoopKernel}: every entry becomes scalar instructions, every buffer an input slot. */
final class Lowering {
  /** Finds where an entry lies in memory, or null where it is computed in the loop. */
  interface Placement {
    Program.@Nullable Placed of(int entry);
  }

  /** A kernel and the buffers behind its inputs. */
  record Lowered(LoopKernel kernel, List<Integer> buffers) {}

  private record Slot(int buffer, DType storage) {}

  private record Key(int entry, IndexMap map) {}

  private final Graph g;
  private final Fusion.Group group;
  private final Placement placement;
  private final List<Slot> slots = new ArrayList<>();

  private Lowering(Graph g, Fusion.Group group, Placement placement) {
    this.g = g;
    this.group = group;
    this.placement = placement;
  }

  static Lowered lower(Graph g, Fusion.Group group, Placement placement) {
    return new Lowering(g, group, placement).run();
  }

  private Lowered run() {
    DType out = g.get(group.target).dtype();
    Stage last = new Stage(0);
    int value = last.value(group.node, group.map, true);
    LoopKernel.Store store = new LoopKernel.Store(0, group.store, value);
    ScalarProgram body = last.builder.build();
    ScalarProgram epilogue = ScalarProgram.EMPTY;
    LoopKernel.Reduction reduction = null;
    if (group.reduce >= 0) {
      Graph.Entry e = g.get(group.reduce);
      Op.Reduce r = (Op.Reduce) e.op();
      int in = e.inputs().getFirst();
      Stage first = new Stage(1);
      IndexMap map = Fusion.reduceInput(last.reduceMap(), r, g.get(in).shape(), group);
      reduction = new LoopKernel.Reduction(r.op(), first.value(in, map, false));
      epilogue = body;
      body = first.builder.build();
    }
    List<DType> inputs = slots.stream().map(Slot::storage).toList();
    LoopKernel kernel =
        new LoopKernel(
            group.space, group.reduced, inputs, List.of(out), body, reduction, epilogue, List.of(store));
    return new Lowered(kernel, slots.stream().map(Slot::buffer).toList());
  }

  private int slot(int buffer, DType storage) {
    Slot s = new Slot(buffer, storage);
    int i = slots.indexOf(s);
    if (i < 0) {
      slots.add(s);
      i = slots.size() - 1;
    }
    return i;
  }

  /** One program of the kernel: stage 0 runs for each point of the space, stage 1 for each point of the reduced dimensions. */
  private final class Stage {
    final ScalarBuilder builder = new ScalarBuilder();
    private final int loops;
    private final Map<Key, Integer> known = new HashMap<>();
    private @Nullable IndexMap reduceMap;

    Stage(int stage) {
      this.loops = group.loops(stage).rank();
    }

    IndexMap reduceMap() {
      if (reduceMap == null) {
        throw new IllegalStateException("the reduction is not used by its group");
      }
      return reduceMap;
    }

    /** The value of an entry; {@code compute} where it is what the group writes, so that its own buffer is not read. */
    int value(int entry, IndexMap map, boolean compute) {
      Key key = new Key(entry, map);
      Integer k = known.get(key);
      if (k != null) {
        return k;
      }
      int v = lower(entry, map, compute && entry == group.target);
      known.put(key, v);
      return v;
    }

    private int lower(int entry, IndexMap map, boolean compute) {
      Graph.Entry e = g.get(entry);
      if (entry == group.reduce) {
        reduceMap = map;
        return builder.narrow(e.dtype(), builder.add(new Instr.Reduced(e.dtype().compute())));
      }
      Program.Placed placed = placement.of(entry);
      if (compute && e.layout() == null) {
        placed = null;
      }
      if (placed != null) {
        int slot = slot(placed.buffer(), e.dtype());
        return builder.add(new Instr.Load(e.dtype(), slot, map.address(placed.layout(), loops)));
      }
      if (Fusion.isMovement(e.op())) {
        int in = e.inputs().getFirst();
        IndexMap through = map.through(e.op(), g.get(in).shape(), e.shape(), loops);
        if (through == null) {
          throw new IllegalStateException("fusion left a reshape without a buffer: " + e);
        }
        return value(in, through, false);
      }
      return operation(e, map);
    }

    private int operation(Graph.Entry e, IndexMap map) {
      DType t = e.dtype();
      return switch (e.op()) {
        case Op.Constant c -> builder.constBits(c.dtype().compute(), c.bits());
        case Op.Iota i -> builder.index(map.get(i.axis()));
        case Op.RandomBits r -> random(e, r, map);
        case Op.Unary u -> ScalarLowering.unary(builder, u.op(), g.get(e.inputs().getFirst()).dtype(), operand(e, 0, map));
        case Op.Binary b ->
            ScalarLowering.binary(
                builder, b.op(), g.get(e.inputs().getFirst()).dtype(), operand(e, 0, map), operand(e, 1, map));
        case Op.Where _ -> builder.select(operand(e, 0, map), operand(e, 1, map), operand(e, 2, map));
        case Op.Fma _ -> builder.narrow(t, builder.fma(operand(e, 0, map), operand(e, 1, map), operand(e, 2, map)));
        case Op.Cast _ -> ScalarLowering.cast(builder, g.get(e.inputs().getFirst()).dtype(), t, operand(e, 0, map));
        case Op.Bitcast _ -> builder.bitcast(t, operand(e, 0, map));
        case Op.Gather ga -> gather(e, ga, map);
        case Op.Input _, Op.Reduce _, Op.ArgReduce _, Op.Scan _, Op.Reshape _, Op.Permute _, Op.Slice _, Op.Broadcast _, Op.Window _,
            Op.Pad _, Op.Concat _, Op.Scatter _, Op.MatMul _, Op.Convolution _, Op.Sort _, Op.Custom _ ->
            throw new IllegalStateException("fusion left " + e.op().label() + " without a buffer");
      };
    }

    private int operand(Graph.Entry e, int i, IndexMap map) {
      return value(e.inputs().get(i), map, false);
    }

    private int random(Graph.Entry e, Op.RandomBits r, IndexMap map) {
      Affine linear = map.address(Layout.rowMajor(r.shape()), loops);
      int key = value(e.inputs().getFirst(), IndexMap.identity(0, loops), false);
      return Philox.randomWords(builder, builder.index(linear), key)[r.word()];
    }

    private int gather(Graph.Entry e, Op.Gather ga, IndexMap map) {
      int source = e.inputs().get(0);
      int index = e.inputs().get(1);
      Program.Placed placed = placement.of(source);
      if (placed == null) {
        throw new IllegalStateException("fusion left the source of take without a buffer");
      }
      int rank = g.get(index).shape().rank();
      int at = value(index, new IndexMap(map.axes().subList(ga.axis(), ga.axis() + rank)), false);
      Shape s = g.get(source).shape();
      Affine address = new Affine(placed.layout().offset(), new long[loops]);
      for (int i = 0; i < s.rank(); i++) {
        if (i != ga.axis()) {
          Affine axis = map.get(i < ga.axis() ? i : i + rank - 1);
          address = IndexMap.plus(address, axis, placed.layout().stride(i));
        }
      }
      int slot = slot(placed.buffer(), e.dtype());
      return builder.add(
          new Instr.Gather(
              e.dtype(), slot, address, at, placed.layout().stride(ga.axis()), s.dim(ga.axis())));
    }
  }
}
