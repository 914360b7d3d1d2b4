package dev.tenzan.cpu.loop;

import dev.tenzan.cpu.OffHeap;
import dev.tenzan.kernel.ReductionTree;
import dev.tenzan.scalar.Instr;
import dev.tenzan.type.DType;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.classfile.TypeKind;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Emits the scalar form of one pass as the body of a static method {@code (Frame)}: a loop over the rows and a loop over the columns
 * with the program between. The vector form replaces the inner loop.
 */
class PassEmitter {
  private static final ClassDesc ARRAYS = ClassDesc.of("java.util.Arrays");
  static final ClassDesc FRAME = ClassDesc.of(Frame.class.getName());
  private static final ClassDesc OFF_HEAP = ClassDesc.of(OffHeap.class.getName());
  private static final MethodTypeDesc CAST = MethodTypeDesc.of(ConstantDescs.CD_Object, ConstantDescs.CD_Object);
  private static final ClassDesc LONGS = ConstantDescs.CD_long.arrayType();
  private static final String[] KIND_NAMES = {"F", "D", "I", "L"};
  private static final String[] SCRATCH_NAMES = {"f", "d", "i", "l"};
  private static final TypeKind[] KINDS = {TypeKind.FLOAT, TypeKind.DOUBLE, TypeKind.INT, TypeKind.LONG};

  final CodeBuilder cb;
  final PassPlan plan;
  final LoopBody body;
  final PassPlan.Pass pass;
  final int frame;

  /** The JVM local of each value that is at hand as a scalar, or -1. */
  final int[] scalar;

  /** For each buffer the local with its segment, or with its address where {@link OffHeap#MEMORY} is there. */
  private final Map<Integer, Integer> segments = new HashMap<>();
  final Map<Integer, Integer> bases = new HashMap<>();
  private final Map<Integer, Integer> strides = new HashMap<>();
  private final Map<Integer, Integer> params = new HashMap<>();
  private final Map<String, Integer> arrays = new HashMap<>();

  int from;
  int n;
  int column;

  /** The columns by which the point that is being written out lies ahead of the local. */
  private int ahead;

  private int rows;
  private int row;
  private int at = -1;
  private int redAt = -1;

  PassEmitter(CodeBuilder cb, PassPlan plan, PassPlan.Pass pass) {
    this.cb = cb;
    this.plan = plan;
    this.body = plan.body;
    this.pass = pass;
    this.frame = cb.parameterSlot(0);
    this.scalar = new int[body.code().size()];
    Arrays.fill(scalar, -1);
  }

  /** Emits the whole method. */
  final void emit() {
    prologue();
    beforeRows();
    Label top = cb.newLabel();
    Label end = cb.newLabel();
    cb.iconst_0().istore(row);
    cb.labelBinding(top).iload(row).iload(rows).if_icmpge(end);
    for (int v : pass.fixed()) {
      computeScalar(v);
    }
    emitRow();
    nextRow();
    cb.goto_(top).labelBinding(end).return_();
  }

  /** Emits what is the same for all rows. */
  void beforeRows() {}

  /** Emits the work of one row. */
  void emitRow() {
    LoopBody.ToLanes lanes = lanesOutput();
    if (lanes != null) {
      clearLanes(lanes);
    }
    cb.iload(from).istore(column);
    LoopBody.ToFirst first = firstOutput();
    if (first != null) {
      searchScalars(first);
      return;
    }
    columnLoop(n, 1, this::emitScalarPoint);
    if (lanes != null) {
      foldLanes(lanes, ReductionTree.LANES);
    }
  }

  /** The output that combines whole rows, or null; it is the only one of its pass. */
  final LoopBody.@Nullable ToLanes lanesOutput() {
    return !pass.outs().isEmpty() && pass.outs().getFirst() instanceof LoopBody.ToLanes lanes ? lanes : null;
  }

  /** The output that searches rows, or null; it is the only one of its pass. */
  final LoopBody.@Nullable ToFirst firstOutput() {
    return !pass.outs().isEmpty() && pass.outs().getFirst() instanceof LoopBody.ToFirst first ? first : null;
  }

  private void searchScalars(LoopBody.ToFirst out) {
    Label found = cb.newLabel();
    columnLoop(
        n,
        1,
        () -> {
          for (int v : pass.varying()) {
            computeScalar(v);
          }
          pushScalar(out.value());
          cb.ifne(found);
        });
    cb.labelBinding(found).aload(resultsLocal("out", DType.BOOL)).iload(at).iload(column).iastore();
  }

  /** Sets all accumulators to the identity. */
  final void clearLanes(LoopBody.ToLanes out) {
    DType type = body.type(out.value());
    cb.aload(lanesLocal(type));
    ScalarOps.constant(cb, type, out.op().identity(type));
    cb.invokestatic(ARRAYS, "fill", MethodTypeDesc.of(ConstantDescs.CD_void, ScalarOps.desc(type).arrayType(), ScalarOps.desc(type)));
  }

  /** Folds the first accumulators, a power of two, and writes the row's result. */
  final void foldLanes(LoopBody.ToLanes out, int count) {
    DType type = body.type(out.value());
    cb.aload(resultsLocal("out", type)).iload(at);
    pushFold(out, type, 0, 1, count);
    cb.arrayStore(ScalarOps.kind(type));
  }

  /** Pushes what the lanes {@code lane}, {@code lane + step}, ... below {@code count} fold to. */
  private void pushFold(LoopBody.ToLanes out, DType type, int lane, int step, int count) {
    if (step == count) {
      cb.aload(lanesLocal(type)).loadConstant(lane).arrayLoad(ScalarOps.kind(type));
    } else {
      pushFold(out, type, lane, 2 * step, count);
      pushFold(out, type, lane + step, 2 * step, count);
      ScalarOps.combine(cb, out.op(), type);
    }
  }

  /**
   * Emits a loop over groups of points that are written out one after another: {@code point} emits the work of the group's k-th, which lies
   * {@code k * step} columns ahead. Each address is one sum plus a constant, so that C2
   * computes the sum once and not an index for each of them.
   */
  final void groupLoop(int limit, int step, int points, IntConsumer point) {
    columnLoop(
        limit,
        points * step,
        () -> {
          for (int k = 0; k < points; k++) {
            ahead = k * step;
            point.accept(k);
          }
          ahead = 0;
        });
  }

  /** Pushes the current column. */
  final void pushColumn() {
    cb.iload(column);
    if (ahead != 0) {
      cb.loadConstant(ahead).iadd();
    }
  }

  /** Pushes the index of the current column's accumulator. */
  final void pushLane() {
    pushColumn();
    cb.loadConstant(ReductionTree.LANES - 1).iand();
  }

  final int lanesLocal(DType type) {
    return resultsLocal("lane", type);
  }

  /** Emits a loop that runs {@code point} from the current column to the limit. */
  final void columnLoop(int limit, int step, Runnable point) {
    Label top = cb.newLabel();
    Label end = cb.newLabel();
    cb.labelBinding(top).iload(column).iload(limit).if_icmpge(end);
    point.run();
    cb.iinc(column, step);
    cb.goto_(top).labelBinding(end);
  }

  /** Emits the work of one point without vectors. */
  final void emitScalarPoint() {
    for (int v : pass.varying()) {
      computeScalar(v);
    }
    for (int v : pass.kept()) {
      cb.aload(scratchLocal(v)).iload(column);
      pushScalar(v);
      cb.arrayStore(ScalarOps.kind(body.type(v)));
    }
    for (LoopBody.Out out : pass.outs()) {
      writeScalar(out);
    }
  }

  private void writeScalar(LoopBody.Out out) {
    DType type = body.type(out.value());
    switch (out) {
      case LoopBody.ToMemory m -> {
        pushPlace(m.buffer(), m.address(), m.move(), m.storage().byteSize());
        pushScalar(m.value());
        ScalarOps.store(cb, m.storage());
      }
      case LoopBody.ToResults r -> {
        cb.aload(resultsLocal("out", type));
        pushAt(at);
        pushScalar(r.value());
        cb.arrayStore(ScalarOps.kind(type));
      }
      case LoopBody.ToAccumulators a -> {
        cb.aload(resultsLocal("out", type));
        pushAt(at);
        cb.dup2().arrayLoad(ScalarOps.kind(type));
        pushScalar(a.value());
        ScalarOps.combine(cb, a.op(), type);
        cb.arrayStore(ScalarOps.kind(type));
      }
      case LoopBody.ToLanes l -> {
        cb.aload(lanesLocal(type));
        pushLane();
        cb.dup2().arrayLoad(ScalarOps.kind(type));
        pushScalar(l.value());
        ScalarOps.combine(cb, l.op(), type);
        cb.arrayStore(ScalarOps.kind(type));
      }
      case LoopBody.ToFirst _ -> throw new IllegalStateException("rows are searched by searchScalars");
    }
  }

  /** Pushes the index of the current column in an array of results. */
  final void pushAt(int atLocal) {
    cb.iload(atLocal);
    pushColumn();
    cb.iadd();
  }

  final int at() {
    return at;
  }

  final int redAt() {
    return redAt;
  }

  /** Emits the scalar computation of a value into a local; row-invariant values ignore the column. */
  final void computeScalar(int v) {
    Instr instr = body.code().get(v);
    if (plan.fromScratch(pass, v)) {
      cb.aload(scratchLocal(v)).iload(column).arrayLoad(ScalarOps.kind(body.type(v)));
    } else {
      switch (instr) {
        case Instr.Load l -> {
          pushPlace(l.slot(), LoopBody.number(l.address()), LoopBody.move(l.address()), l.storage().byteSize());
          ScalarOps.load(cb, l.storage());
        }
        case Instr.Gather g -> {
          pushPlace(g.slot(), LoopBody.number(g.address()), LoopBody.move(g.address()), g.storage().byteSize());
          pushGatherOffset(g);
          cb.ladd();
          ScalarOps.load(cb, g.storage());
        }
        case Instr.Index x -> pushIndex(LoopBody.number(x.value()), LoopBody.move(x.value()));
        case Instr.Reduced r -> {
          cb.aload(resultsLocal("red", r.type()));
          pushAt(redAt);
          cb.arrayLoad(ScalarOps.kind(r.type()));
        }
        case Instr.Const _, Instr.Unary _, Instr.Binary _, Instr.Ternary _, Instr.Convert _, Instr.Bitcast _, Instr.Narrow _ -> {
          int[] operands = body.operands(v);
          for (int operand : operands) {
            pushScalar(operand);
          }
          ScalarOps.compute(cb, instr, body.type(operands[0]));
        }
      }
    }
    TypeKind kind = ScalarOps.kind(body.type(v));
    if (scalar[v] < 0) {
      scalar[v] = cb.allocateLocal(kind);
    }
    cb.storeLocal(kind, scalar[v]);
  }

  /** Pushes {@code index * stride} in bytes, the index checked against the extent. */
  final void pushGatherOffset(Instr.Gather g) {
    int first = (int) g.stride();
    pushScalar(g.index());
    cb.lload(Objects.requireNonNull(params.get(first + 1)));
    cb.invokestatic(
        ScalarOps.LOOP_MATH,
        "index",
        MethodTypeDesc.of(ConstantDescs.CD_long, ConstantDescs.CD_long, ConstantDescs.CD_long));
    cb.lload(Objects.requireNonNull(params.get(first))).lmul();
  }

  /** Pushes a value that is at hand as a scalar, or a constant. */
  final void pushScalar(int v) {
    if (body.code().get(v) instanceof Instr.Const c) {
      ScalarOps.constant(cb, c.type(), c.bits());
    } else {
      cb.loadLocal(ScalarOps.kind(body.type(v)), scalar[v]);
    }
  }

  /** Pushes a segment and the byte offset of the current column in it. */
  final void pushPlace(int buffer, int address, int move, int bytes) {
    int local = Objects.requireNonNull(segments.get(buffer));
    if (OffHeap.MEMORY == null) {
      cb.aload(local).lload(Objects.requireNonNull(bases.get(address)));
    } else {
      cb.getstatic(OFF_HEAP, "MEMORY", ScalarOps.SEGMENT);
      cb.lload(Objects.requireNonNull(bases.get(address))).lload(local).ladd();
    }
    pushDistance(address, move, bytes);
  }

  /** Pushes an index at the current column. */
  final void pushIndex(int address, int move) {
    cb.lload(Objects.requireNonNull(bases.get(address)));
    pushDistance(address, move, 1);
  }

  /** Adds the distance of the current column to what is on the stack. */
  private void pushDistance(int address, int move, int bytes) {
    if (move == LoopBody.UNIT) {
      cb.iload(column);
      addScaled(bytes, ahead);
    } else if (move == LoopBody.PAIRS) {
      cb.iload(column);
      addScaled(2L * bytes, ahead);
    } else if (move == LoopBody.REPEATED) {
      cb.iload(column).iconst_1().ishr();
      addScaled(bytes, ahead / 2); // steps are even
    } else if (move == LoopBody.STRIDED) {
      pushColumn();
      cb.i2l().lload(Objects.requireNonNull(strides.get(address))).lmul().ladd();
    }
  }

  /** Adds the int on the stack, times a number of bytes, and the bytes of some more, to the address below it. */
  private void addScaled(long bytes, int more) {
    cb.i2l();
    if (bytes > 1) {
      cb.loadConstant(bytes).lmul();
    }
    cb.ladd();
    if (more != 0) {
      cb.loadConstant(more * bytes).ladd();
    }
  }

  final int scratchLocal(int v) {
    return Objects.requireNonNull(arrays.get("scratch" + v));
  }

  final int resultsLocal(String prefix, DType type) {
    return Objects.requireNonNull(arrays.get(prefix + KIND_NAMES[PassPlan.kind(type)]));
  }

  /** Loads what the method needs from the frame into locals. */
  private void prologue() {
    rows = intField("rows");
    from = intField("from");
    n = intField("n");
    row = cb.allocateLocal(TypeKind.INT);
    column = cb.allocateLocal(TypeKind.INT);
    for (int v : pass.fixed()) {
      declare(v);
    }
    for (int v : pass.varying()) {
      if (plan.fromScratch(pass, v)) {
        scratchArray(v);
      } else {
        declare(v);
      }
    }
    for (int v : pass.kept()) {
      scratchArray(v);
    }
    for (LoopBody.Out out : pass.outs()) {
      if (out instanceof LoopBody.ToMemory m) {
        segment(m.buffer());
        address(m.address(), m.move());
      } else {
        resultArray("out", body.type(out.value()));
        if (out instanceof LoopBody.ToLanes) {
          resultArray("lane", body.type(out.value()));
        }
        at = at < 0 ? intField("at") : at;
      }
    }
  }

  private void declare(int v) {
    switch (body.code().get(v)) {
      case Instr.Load l -> {
        segment(l.slot());
        address(LoopBody.number(l.address()), LoopBody.move(l.address()));
      }
      case Instr.Gather g -> {
        segment(g.slot());
        address(LoopBody.number(g.address()), LoopBody.move(g.address()));
        for (int k = 0; k < 2; k++) {
          params.computeIfAbsent((int) g.stride() + k, p -> longElement("par", p));
        }
      }
      case Instr.Index x -> address(LoopBody.number(x.value()), LoopBody.move(x.value()));
      case Instr.Reduced r -> {
        resultArray("red", r.type());
        redAt = redAt < 0 ? intField("redAt") : redAt;
      }
      case Instr.Const _, Instr.Unary _, Instr.Binary _, Instr.Ternary _ -> {}
      case Instr.Convert _, Instr.Bitcast _, Instr.Narrow _ -> {}
    }
  }

  private int intField(String name) {
    int local = cb.allocateLocal(TypeKind.INT);
    cb.aload(frame).getfield(FRAME, name, ConstantDescs.CD_int).istore(local);
    return local;
  }

  private int longElement(String array, int index) {
    int local = cb.allocateLocal(TypeKind.LONG);
    cb.aload(frame).getfield(FRAME, array, LONGS).loadConstant(index).laload().lstore(local);
    return local;
  }

  private void segment(int buffer) {
    segments.computeIfAbsent(
        buffer,
        b -> {
          boolean addressed = OffHeap.MEMORY != null;
          int local = cb.allocateLocal(addressed ? TypeKind.LONG : TypeKind.REFERENCE);
          if (!addressed) {
            cb.getstatic(OFF_HEAP, "NATIVE", ConstantDescs.CD_Class);
          }
          cb.aload(frame).getfield(FRAME, "seg", ScalarOps.SEGMENT.arrayType()).loadConstant(b).aaload();
          if (addressed) {
            cb.invokeinterface(ScalarOps.SEGMENT, "address", MethodTypeDesc.of(ConstantDescs.CD_long)).lstore(local);
          } else {
            cb.invokevirtual(ConstantDescs.CD_Class, "cast", CAST).checkcast(ScalarOps.SEGMENT).astore(local);
          }
          return local;
        });
  }

  private void address(int number, int move) {
    bases.computeIfAbsent(number, a -> longElement("base", a));
    if (move == LoopBody.STRIDED) {
      strides.computeIfAbsent(number, a -> longElement("stride", a));
    }
  }

  /** The local with an address's stride along the innermost dimension, where it is not a unit. */
  final int strideLocal(int address) {
    return Objects.requireNonNull(strides.get(address));
  }

  private void resultArray(String prefix, DType type) {
    int kind = PassPlan.kind(type);
    String name = prefix + KIND_NAMES[kind];
    arrays.computeIfAbsent(
        name,
        field -> {
          int local = cb.allocateLocal(TypeKind.REFERENCE);
          cb.aload(frame).getfield(FRAME, field, KINDS[kind].upperBound().arrayType()).astore(local);
          return local;
        });
  }

  private void scratchArray(int v) {
    int kind = PassPlan.kind(body.type(v));
    arrays.computeIfAbsent(
        "scratch" + v,
        _ -> {
          int local = cb.allocateLocal(TypeKind.REFERENCE);
          ClassDesc arrays2 = KINDS[kind].upperBound().arrayType().arrayType();
          cb.aload(frame).getfield(FRAME, SCRATCH_NAMES[kind], arrays2).loadConstant(plan.scratch[v]);
          cb.aaload().astore(local);
          return local;
        });
  }

  /** Moves the addresses to the next row. */
  private void nextRow() {
    for (Map.Entry<Integer, Integer> base : bases.entrySet()) {
      cb.lload(base.getValue());
      cb.aload(frame).getfield(FRAME, "step", LONGS).loadConstant(base.getKey()).laload();
      cb.ladd().lstore(base.getValue());
    }
    if (at >= 0) {
      cb.iload(at).aload(frame).getfield(FRAME, "atStep", ConstantDescs.CD_int).iadd().istore(at);
    }
    if (redAt >= 0) {
      cb.iload(redAt).aload(frame).getfield(FRAME, "redStep", ConstantDescs.CD_int).iadd().istore(redAt);
    }
    cb.iinc(row, 1);
  }
}
