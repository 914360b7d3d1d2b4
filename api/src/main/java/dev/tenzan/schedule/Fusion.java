package dev.tenzan.schedule;

import dev.tenzan.ir.BinaryOp;
import dev.tenzan.ir.Op;
import dev.tenzan.ir.UnaryOp;
import dev.tenzan.type.Affine;
import dev.tenzan.type.Layout;
import dev.tenzan.type.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Decides which entries of a graph get a buffer and which are computed inside the loop of their consumer.
 *
 * <p>Entries are visited from the outputs backwards, so all uses of an entry are known at its turn. A use is either the need for a
 * buffer, or a place in a {@link Group} (a kernel to be): a stage of it, and the {@link IndexMap} under which its loops address
 * the entry. The rules:
 *
 * <ul>
 *   <li>Constants and iota are computed wherever they are used.
 *   <li>A movement operation (reshape, permute, slice, broadcast, window) vanishes: it composes the map, or it becomes a layout
 *       over its operand's buffer.
 *   <li>An elementwise operation joins its consumer when all uses are the same group, stage and map, and no element would be
 *       computed twice; otherwise it gets a group of its own. A comparison of what lies in memory anyway joins all its consumers: to
 *       compare again costs less than to store truth values and to load them. So does a sum, difference or product that reads one full
 *       operand from memory: it is read instead of the result, and the result is never stored.
 *   <li>A reduction takes the elementwise operations behind it as its epilogue, one reduction to a group, and those before it as
 *       its prologue.
 *   <li>Pad and concat get a buffer into which each operand's group stores its part.
 *   <li>All other operations get a buffer and need buffers as operands.
 * </ul>
 */
final class Fusion {
  /** Above this many instructions a group takes no further operation in: generated code must stay compilable. */
  private static final int COST_LIMIT = 260;

  private static final int TRANSCENDENTAL_COST = 24;

  /** A loop kernel to be. */
  static final class Group {
    final int node;
    final IndexMap map;
    final Shape space;
    final int target;
    final Affine store;
    int reduce = -1;
    Shape reduced = Shape.SCALAR;
    private int cost;

    Group(int node, IndexMap map, Shape space, int target, Affine store) {
      this.node = node;
      this.map = map;
      this.space = space;
      this.target = target;
      this.store = store;
    }

    Shape loops(int stage) {
      return stage == 0 ? space : space.concat(reduced);
    }
  }

  /**
   * An entry that is read from another entry's buffer.
   *
   * @param base the entry whose buffer it is
   * @param layout where the elements lie in it
   * @param dense whether the base is to be its dense form, where a leaf's own layout is not dense
   */
  record View(int base, Layout layout, boolean dense) {}

  private record Use(Group group, int stage, IndexMap map) {}

  /** What is known of the uses of an entry before its turn. */
  private static final class Uses {
    final List<Use> fused = new ArrayList<>();
    boolean strided;
    boolean dense;
    boolean output;

    boolean needsBuffer() {
      return strided || dense || output;
    }

    boolean none() {
      return fused.isEmpty() && !needsBuffer();
    }

    @Nullable Use onlyOne() {
      Use first = fused.getFirst();
      for (Use u : fused) {
        if (u.group != first.group || u.stage != first.stage || !u.map.equals(first.map)) {
          return null;
        }
      }
      return first;
    }
  }

  private final Graph g;
  private final Uses[] uses;

  /** For each entry how many others, or outputs, take it. */
  private final int[] consumers;

  private final boolean[] buffered;
  private final @Nullable View[] views;
  private final List<List<Group>> groups = new ArrayList<>();

  private Fusion(Graph g) {
    this.g = g;
    int n = g.size();
    this.uses = new Uses[n];
    this.consumers = new int[n];
    this.buffered = new boolean[n];
    this.views = new View[n];
    for (int i = 0; i < n; i++) {
      uses[i] = new Uses();
      groups.add(new ArrayList<>());
    }
    for (int i = 0; i < n; i++) {
      for (int in : Set.copyOf(g.get(i).inputs())) {
        consumers[in]++;
      }
    }
    g.outputs().forEach(o -> consumers[o]++);
  }

  static Fusion plan(Graph g) {
    Fusion f = new Fusion(g);
    for (int o : g.outputs()) {
      f.uses[o].output = true;
    }
    for (int v = g.size() - 1; v >= 0; v--) {
      Layout leaf = g.get(v).layout();
      if (leaf != null) {
        if (f.uses[v].dense && !isDense(leaf)) {
          f.own(v);
        }
      } else if (!f.uses[v].none()) {
        f.decide(v);
      }
    }
    return f;
  }

  /** Whether the program makes a dense buffer for an entry. */
  boolean buffered(int v) {
    return buffered[v];
  }

  /** How an entry is read as a layout over another's buffer, or null where it is not. */
  @Nullable View view(int v) {
    return views[v];
  }

  /** The loop kernels that write an entry's buffer. */
  List<Group> groups(int v) {
    return groups.get(v);
  }

  /** Whether an operation only says where elements lie. */
  static boolean isMovement(Op op) {
    return op instanceof Op.Reshape
        || op instanceof Op.Permute
        || op instanceof Op.Slice
        || op instanceof Op.Broadcast
        || op instanceof Op.Window;
  }

  /** Whether an entry is its operand's memory under another type: no scalar instruction takes 8- or 16-bit patterns apart. */
  static boolean isMemoryCast(Graph.Entry e) {
    return e.op() instanceof Op.Bitcast && e.dtype().byteSize() < 4;
  }

  /** The layout of a movement operation's result over its operand's layout, or null where no strides describe it. */
  static @Nullable Layout layoutThrough(Graph.Entry e, Layout from) {
    return switch (e.op()) {
      case Op.Reshape r -> from.reshape(r.shape()).orElse(null);
      case Op.Permute p -> from.permute(p.axes().stream().mapToInt(Integer::intValue).toArray());
      case Op.Slice s ->
          from.slice(
              s.starts().stream().mapToLong(Long::longValue).toArray(),
              s.steps().stream().mapToLong(Long::longValue).toArray(),
              s.shape());
      case Op.Broadcast b -> from.broadcast(b.shape());
      case Op.Window w -> windowLayout(w, from, e.shape());
      case Op.Bitcast _ -> from;
      default -> throw new IllegalArgumentException(e.op().label() + " is not a view");
    };
  }

  private static Layout windowLayout(Op.Window w, Layout from, Shape to) {
    int spatial = w.size().rank();
    int lead = from.shape().rank() - spatial;
    long[] s = new long[to.rank()];
    for (int i = 0; i < from.shape().rank(); i++) {
      s[i] = i < lead ? from.stride(i) : from.stride(i) * w.strides().get(i - lead);
    }
    for (int i = 0; i < spatial; i++) {
      s[from.shape().rank() + i] = from.stride(lead + i) * w.dilations().get(i);
    }
    return new Layout(to, s, from.offset());
  }

  private void decide(int v) {
    Graph.Entry e = g.get(v);
    if (isMovement(e.op()) || isMemoryCast(e)) {
      movement(v, e);
      return;
    }
    switch (e.op()) {
      case Op.Constant _, Op.Iota _ -> {
        if (uses[v].needsBuffer()) {
          own(v);
        }
      }
      case Op.RandomBits _, Op.Unary _, Op.Binary _, Op.Where _, Op.Fma _, Op.Cast _, Op.Bitcast _, Op.Gather _ ->
          elementwise(v, e);
      case Op.Reduce r -> reduce(v, r);
      case Op.Concat c -> concat(v, e, c.axis());
      case Op.Pad p -> pad(v, e, p);
      case Op.MatMul _, Op.Convolution _ -> {
        buffered[v] = true;
        e.inputs().forEach(i -> uses[i].strided = true);
      }
      case Op.Scatter _, Op.Scan _, Op.Sort _, Op.Custom _ -> {
        buffered[v] = true;
        e.inputs().forEach(i -> uses[i].dense = true);
      }
      case Op.Input _, Op.ArgReduce _, Op.Reshape _, Op.Permute _, Op.Slice _, Op.Broadcast _, Op.Window _ ->
          throw new IllegalStateException(e.op().label() + " is decided elsewhere");
    }
  }

  /** Gives an entry a buffer and a group that writes it; returns the use that the group makes of the entry. */
  private Use own(int v) {
    Shape s = g.get(v).shape();
    IndexMap identity = IndexMap.identity(s.rank(), s.rank());
    Group group = new Group(v, identity, s, v, Layout.rowMajor(s).address());
    buffered[v] = true;
    groups.get(v).add(group);
    return new Use(group, 0, identity);
  }

  private void movement(int v, Graph.Entry e) {
    int in = e.inputs().getFirst();
    boolean reinterprets = e.op() instanceof Op.Reshape || isMemoryCast(e);
    Uses u = uses[v];
    if (u.needsBuffer()) {
      if (view(v, u.dense)) {
        return;
      }
      if (reinterprets) {
        reinterpret(v, in);
        return;
      }
      u.fused.clear();
      u.fused.add(own(v));
    }
    for (Use use : u.fused) {
      IndexMap through =
          isMemoryCast(e)
              ? null
              : use.map.through(e.op(), g.get(in).shape(), e.shape(), use.group.loops(use.stage).rank());
      if (through != null) {
        uses[in].fused.add(new Use(use.group, use.stage, through));
      } else {
        if (!view(v, false)) {
          reinterpret(v, in);
        }
        return;
      }
    }
  }

  /** Tries to read a movement operation as a layout over the buffer at the end of its chain, and asks for that buffer. */
  private boolean view(int v, boolean dense) {
    List<Integer> chain = new ArrayList<>();
    int b = v;
    while (isMovement(g.get(b).op()) || isMemoryCast(g.get(b))) {
      chain.add(b);
      b = g.get(b).inputs().getFirst();
    }
    Graph.Entry base = g.get(b);
    if (base.op() instanceof Op.Constant || base.op() instanceof Op.Iota) {
      return false;
    }
    Layout leaf = base.layout();
    boolean computed = leaf == null && isElementwise(base.op());
    if (computed && base.shape().size() > g.get(v).shape().size()) {
      return false;
    }
    Layout layout = leaf != null ? leaf : Layout.rowMajor(base.shape());
    for (int i = chain.size() - 1; i >= 0; i--) {
      Layout next = layoutThrough(g.get(chain.get(i)), layout);
      if (next == null) {
        return false;
      }
      layout = next;
    }
    if (dense && !isDense(layout)) {
      return false;
    }
    views[v] = new View(b, layout, false);
    if (leaf == null) {
      uses[b].dense = true;
    }
    return true;
  }

  /** Reads a reshape or a memory cast from its operand's dense buffer. */
  private void reinterpret(int v, int in) {
    uses[in].dense = true;
    views[v] = new View(in, Layout.rowMajor(g.get(v).shape()), true);
  }

  private static boolean isDense(Layout l) {
    return l.isContiguous() && l.offset() == 0;
  }

  private static boolean isElementwise(Op op) {
    return op instanceof Op.Unary
        || op instanceof Op.Binary
        || op instanceof Op.Where
        || op instanceof Op.Fma
        || op instanceof Op.Cast
        || op instanceof Op.Bitcast
        || op instanceof Op.Gather
        || op instanceof Op.RandomBits;
  }

  private static int cost(Graph.Entry e) {
    int narrow = e.dtype().compute() == e.dtype() ? 0 : 1;
    return narrow
        + switch (e.op()) {
          case Op.Unary u when u.op().compareTo(UnaryOp.EXP) >= 0 -> TRANSCENDENTAL_COST;
          case Op.Binary b ->
              switch (b.op()) {
                case POW, ATAN2 -> 3 * TRANSCENDENTAL_COST;
                case FLOOR_DIVIDE, REMAINDER -> TRANSCENDENTAL_COST / 2;
                default -> 1;
              };
          case Op.RandomBits _ -> 3 * TRANSCENDENTAL_COST;
          default -> 1;
        };
  }

  private void elementwise(int v, Graph.Entry e) {
    Uses u = uses[v];
    if (isComputedAnew(e, u)) {
      for (Use use : u.fused.stream().distinct().toList()) {
        use.group.cost += cost(e);
        for (int in : e.inputs()) {
          uses[in].fused.add(use);
        }
      }
      return;
    }
    Use use = u.needsBuffer() ? null : u.onlyOne();
    if (use == null
        || use.map.repeats(e.shape(), use.group.loops(use.stage))
        || use.group.cost + cost(e) > COST_LIMIT) {
      use = own(v);
    }
    use.group.cost += cost(e);
    int loops = use.group.loops(use.stage).rank();
    switch (e.op()) {
      case Op.Gather ga -> {
        uses[e.inputs().get(0)].strided = true;
        int index = e.inputs().get(1);
        int rank = g.get(index).shape().rank();
        uses[index].fused.add(
            new Use(use.group, use.stage, new IndexMap(use.map.axes().subList(ga.axis(), ga.axis() + rank))));
      }
      case Op.RandomBits _ ->
          uses[e.inputs().getFirst()].fused.add(new Use(use.group, use.stage, IndexMap.identity(0, loops)));
      default -> {
        for (int in : e.inputs()) {
          uses[in].fused.add(new Use(use.group, use.stage, use.map));
        }
      }
    }
  }

  /** Whether an entry is to be computed by each of several groups for itself, because that costs less than to store and load it. */
  private boolean isComputedAnew(Graph.Entry e, Uses u) {
    if (!(e.op() instanceof Op.Binary b) || u.needsBuffer() || u.onlyOne() != null) {
      return false;
    }
    for (Use use : u.fused) {
      if (use.map.repeats(e.shape(), use.group.loops(use.stage)) || use.group.cost + cost(e) > COST_LIMIT) {
        return false;
      }
    }
    if (b.op().isComparison()) {
      return e.inputs().stream().allMatch(this::isAtHand);
    }
    boolean cheap = b.op() == BinaryOp.ADD || b.op() == BinaryOp.SUB || b.op() == BinaryOp.MUL;
    return cheap && e.inputs().stream().filter(v -> !isSmall(v, e)).allMatch(this::isAtHand) && e.inputs().stream().anyMatch(v -> isSmall(v, e));
  }

  /** Whether an operand is read again and again, or is a constant: it hardly counts beside a full one. */
  private boolean isSmall(int v, Graph.Entry e) {
    int b = v;
    while (isMovement(g.get(b).op())) {
      b = g.get(b).inputs().getFirst();
    }
    return g.get(b).op() instanceof Op.Constant || 2 * g.get(b).shape().size() <= e.shape().size();
  }

  /** Whether the elements of an entry are in memory or constants, were it computed in its only consumer's loop or not. */
  private boolean isAtHand(int v) {
    int b = v;
    while (isMovement(g.get(b).op()) && consumers[b] == 1) {
      b = g.get(b).inputs().getFirst();
    }
    return consumers[b] > 1 || g.get(b).layout() != null || !isElementwise(g.get(b).op());
  }

  private void reduce(int v, Op.Reduce r) {
    Graph.Entry e = g.get(v);
    Uses u = uses[v];
    Use use = u.needsBuffer() ? null : u.onlyOne();
    if (use == null
        || use.stage != 0
        || use.group.reduce >= 0
        || use.group.target != use.group.node
        || !use.map.isIdentity(e.shape(), use.group.space)) {
      use = own(v);
    }
    Group group = use.group;
    int in = e.inputs().getFirst();
    Shape from = g.get(in).shape();
    long[] reduced = new long[r.axes().size()];
    for (int i = 0; i < reduced.length; i++) {
      reduced[i] = from.dim(r.axes().get(i));
    }
    group.reduce = v;
    group.reduced = Shape.of(reduced);
    uses[in].fused.add(new Use(group, 1, reduceInput(use.map, r, from, group)));
  }

  /** The map of a reduction's operand: its kept axes under the result's map, its reduced axes under the reduced loops. */
  static IndexMap reduceInput(IndexMap result, Op.Reduce r, Shape from, Group group) {
    int space = group.space.rank();
    int loops = space + group.reduced.rank();
    List<Affine> axes = new ArrayList<>();
    int kept = 0;
    for (int i = 0; i < from.rank(); i++) {
      int position = r.axes().indexOf(i);
      if (position >= 0) {
        axes.add(IndexMap.loop(space + position, loops));
      } else {
        Affine a = result.get(kept++);
        axes.add(new Affine(a.offset(), Arrays.copyOf(a.strides(), loops)));
      }
    }
    return new IndexMap(axes);
  }

  private void concat(int v, Graph.Entry e, int axis) {
    buffered[v] = true;
    Layout whole = Layout.rowMajor(e.shape());
    long at = 0;
    for (int in : e.inputs()) {
      Shape part = g.get(in).shape();
      Affine store = new Affine(at * whole.stride(axis), whole.strides());
      IndexMap identity = IndexMap.identity(part.rank(), part.rank());
      addPart(v, new Group(in, identity, part, v, store));
      at += part.dim(axis);
    }
  }

  private void pad(int v, Graph.Entry e, Op.Pad p) {
    buffered[v] = true;
    int in = e.inputs().getFirst();
    Shape from = g.get(in).shape();
    int rank = from.rank();
    long[] whole = e.shape().rowMajorStrides();
    long[] extents = new long[rank];
    long[] strides = new long[rank];
    long offset = 0;
    List<Affine> axes = new ArrayList<>();
    for (int i = 0; i < rank; i++) {
      long low = p.low().get(i);
      long step = p.interior().get(i) + 1;
      long first = low < 0 ? Math.ceilDiv(-low, step) : 0;
      long last = Math.min(from.dim(i) - 1, Math.floorDiv(e.shape().dim(i) - 1 - low, step));
      extents[i] = Math.max(0, last - first + 1);
      strides[i] = whole[i] * step;
      offset += (low + first * step) * whole[i];
      Affine loop = IndexMap.loop(i, rank);
      axes.add(new Affine(first, loop.strides()));
    }
    addPart(v, new Group(in, new IndexMap(axes), Shape.of(extents), v, new Affine(offset, strides)));
  }

  private void addPart(int v, Group group) {
    groups.get(v).add(group);
    if (!group.space.isEmpty()) {
      uses[group.node].fused.add(new Use(group, 0, group.map));
    }
  }
}
