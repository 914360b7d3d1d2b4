package dev.tenzan.cpu.loop;

import dev.tenzan.scalar.Instr;
import dev.tenzan.scalar.ReduceOp;
import dev.tenzan.scalar.ScalarOp;
import dev.tenzan.type.Affine;
import dev.tenzan.type.DType;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.classfile.TypeKind;
import java.lang.constant.ClassDesc;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;

/**
 * Emits the vector form of one pass. Constants are broadcast before the rows and row-invariant values before the columns; vectors live in
 * locals only, and no method but the Vector API's takes or returns one, or C2 would put them on the heap.
 *
 * <p>The columns that are left over are done by one more vector that ends at the last column and overlaps the one before: the same values
 * are stored again. (A masked or scalar rest is slower.) That does not work where a pass combines into accumulators; then the caller has
 * the rest done by scalar code. The block must be as wide as a vector.
 */
final class VectorPassEmitter extends PassEmitter {
  /** The most instructions of the copies of a program that combines rows in registers. */
  static final int LANES_IN_REGISTERS = 112;

  private static final ClassDesc LANE_TABLES = ClassDesc.of(LaneTables.class.getName());

  /**
   * Up to so many instructions the last vector of a row has a copy of the program. It could take another turn of the loop, but C2 does not
   * count the turns of a loop that is entered twice: then it neither checks all addresses beforehand nor unrolls.
   */
  private static final int WRITTEN_TWICE = 40;

  final VectorOps ops;
  private final NarrowFloats narrows;
  final int lanes;
  private final boolean[] asVectors;

  /** The JVM local of each value that is at hand as a vector, or -1. */
  private final int[] vector;

  /** For each BOOL value its masks, by the type whose lanes they select. */
  private final Map<Integer, Map<DType, Integer>> masks = new HashMap<>();

  /** For each address of an index value the vector of its lanes' distances. */
  private final Map<Integer, Integer> ramps = new HashMap<>();

  /** By element type the vector of the lanes that a load of {@link LoopBody#PAIRS} selects. */
  private final Map<DType, Integer> pairs = new EnumMap<>(DType.class);

  /** By element type the vector of the lanes that a load of {@link LoopBody#REPEATED} selects. */
  private final Map<DType, Integer> repeated = new EnumMap<>(DType.class);

  /** For each gather with a row-invariant index the byte offset. */
  private final Map<Integer, Integer> gatherOffsets = new HashMap<>();

  VectorPassEmitter(CodeBuilder cb, PassPlan plan, PassPlan.Pass pass) {
    super(cb, plan, pass);
    this.lanes = plan.lanes;
    this.ops = new VectorOps(cb, lanes);
    this.narrows = new NarrowFloats(cb, ops);
    this.asVectors = plan.asVectors(pass);
    this.vector = new int[body.code().size()];
    Arrays.fill(vector, -1);
  }

  /** Whether the vectors leave the last columns of a row to scalar code, because they may not be computed twice. */
  static boolean leavesRest(PassPlan.Pass pass) {
    return pass.outs().stream().anyMatch(o -> o instanceof LoopBody.ToAccumulators);
  }

  @Override
  void beforeRows() {
    for (int v = 0; v < vector.length; v++) {
      if (asVectors[v] && body.code().get(v) instanceof Instr.Const && body.type(v) != DType.BOOL) {
        broadcastScalar(v);
      }
    }
    for (int v : pass.varying()) {
      if (body.code().get(v) instanceof Instr.Index x && !plan.fromScratch(pass, v)) {
        ramp(LoopBody.number(x.value()), LoopBody.move(x.value()));
      }
      if (body.code().get(v) instanceof Instr.Load l && !plan.fromScratch(pass, v)) {
        if (LoopBody.move(l.address()) == LoopBody.PAIRS) {
          pairs.computeIfAbsent(bits(l.storage()), type -> laneTable(type, "PAIRS", lanes));
        } else if (LoopBody.move(l.address()) == LoopBody.REPEATED) {
          repeated.computeIfAbsent(bits(l.storage()), type -> laneTable(type, "REPEATED", 0));
        }
      }
    }
  }

  private void broadcastScalar(int v) {
    ops.species(body.type(v));
    pushScalar(v);
    ops.broadcast(body.type(v));
    vector[v] = vector[v] < 0 ? cb.allocateLocal(TypeKind.REFERENCE) : vector[v];
    cb.astore(vector[v]);
  }

  private int laneTable(DType type, String name, int at) {
    ops.species(type);
    ClassDesc array = ScalarOps.desc(type).arrayType();
    cb.getstatic(LANE_TABLES, (type == DType.I64 ? "LONG_" : "INT_") + name, array).loadConstant(at);
    ops.fromArray(type);
    int local = cb.allocateLocal(TypeKind.REFERENCE);
    cb.astore(local);
    return local;
  }

  private void ramp(int address, int move) {
    if (!ramps.containsKey(address)) {
      ops.iota();
      if (move == LoopBody.STRIDED) {
        ops.binaryOperator(ScalarOp.MUL);
        cb.lload(strideLocal(address));
        ops.binaryScalar(DType.I64);
      }
      int local = cb.allocateLocal(TypeKind.REFERENCE);
      cb.astore(local);
      ramps.put(address, local);
    }
  }

  @Override
  void emitRow() {
    for (int v : pass.fixed()) {
      if (asVectors[v] && body.type(v) != DType.BOOL) {
        broadcastScalar(v);
      }
    }
    for (int v : pass.varying()) {
      if (body.code().get(v) instanceof Instr.Gather g && !plan.fromScratch(pass, v)) {
        int local = gatherOffsets.computeIfAbsent(v, _ -> cb.allocateLocal(TypeKind.LONG));
        pushGatherOffset(g);
        cb.lstore(local);
      }
    }
    LoopBody.ToLanes row = lanesOutput();
    if (row != null) {
      new LanesEmitter(this, row).emit();
      return;
    }
    LoopBody.ToFirst first = firstOutput();
    if (first != null) {
      new SearchEmitter(this, first).emit();
      return;
    }
    int limit = cb.allocateLocal(TypeKind.INT);
    cb.iload(n).loadConstant(-lanes).iand().istore(limit);
    cb.iconst_0().istore(column);
    Label again = cb.newLabel();
    Label done = cb.newLabel();
    cb.labelBinding(again);
    columnLoop(limit, lanes, this::emitPoint);
    if (!leavesRest(pass)) {
      cb.iload(limit).iload(n).if_icmpeq(done);
      cb.iload(n).loadConstant(lanes).isub().istore(column);
      if (pass.varying().length <= WRITTEN_TWICE) {
        emitPoint();
      } else {
        cb.iload(n).istore(limit);
        cb.goto_(again);
      }
      cb.labelBinding(done);
    }
  }

  /** Computes the values of the current vector of points. */
  void computeVarying() {
    masks.clear();
    for (int v : pass.varying()) {
      compute(v);
    }
  }

  private void emitPoint() {
    computeVarying();
    for (int v : pass.kept()) {
      pushForArray(v);
      cb.aload(scratchLocal(v));
      pushColumn();
      ops.intoArray(body.type(v));
    }
    for (LoopBody.Out out : pass.outs()) {
      write(out);
    }
  }

  private void write(LoopBody.Out out) {
    DType type = body.type(out.value());
    switch (out) {
      case LoopBody.ToMemory m -> store(m);
      case LoopBody.ToResults r -> {
        pushForArray(r.value());
        cb.aload(resultsLocal("out", type));
        pushAt(at());
        ops.intoArray(type);
      }
      case LoopBody.ToAccumulators a -> {
        ops.species(type);
        cb.aload(resultsLocal("out", type));
        pushAt(at());
        ops.fromArray(type);
        ops.binaryOperator(combination(a.op(), type));
        pushForArray(a.value());
        ops.binary(type);
        cb.aload(resultsLocal("out", type));
        pushAt(at());
        ops.intoArray(type);
      }
      case LoopBody.ToLanes _ -> throw new IllegalStateException("rows are combined by LanesEmitter");
      case LoopBody.ToFirst _ -> throw new IllegalStateException("rows are searched by SearchEmitter");
    }
  }

  private void store(LoopBody.ToMemory m) {
    boolean narrow = !PassPlan.isComputeType(m.storage());
    if (narrow) {
      narrows.pushRaw(m.storage(), () -> pushForArray(m.value()));
    } else {
      cb.aload(vector[m.value()]);
    }
    pushPlace(m.buffer(), m.address(), m.move(), m.storage().byteSize());
    if (narrow) {
      ops.narrowIntoMemory(m.storage().byteSize());
    } else {
      ops.intoMemory(m.storage());
    }
  }

  /** The operation that combines values in arrays, where a truth value is an int. */
  static ScalarOp combination(ReduceOp op, DType type) {
    if (type == DType.BOOL) {
      return op == ReduceOp.MAX ? ScalarOp.OR : ScalarOp.AND;
    }
    return op.combine();
  }

  /** Emits a loop over the whole vectors that are left of a row, and once more over one that ends at the last column; they may overlap. */
  void restOfRow(int limit, Runnable point) {
    cb.iload(n).loadConstant(-lanes).iand().istore(limit);
    columnLoop(limit, lanes, point);
    Label done = cb.newLabel();
    cb.iload(column).iload(n).if_icmpge(done);
    cb.iload(n).loadConstant(lanes).isub().istore(column);
    point.run();
    cb.labelBinding(done);
  }

  /** Pushes a value as a vector of what an array holds. */
  void pushForArray(int v) {
    if (body.type(v) == DType.BOOL) {
      ops.maskToVector(DType.I32, mask(v, DType.I32));
    } else {
      cb.aload(vector[v]);
    }
  }

  /** The local with a BOOL value's mask for the lanes of a type; emits the cast where it is not at hand. */
  int mask(int v, DType type) {
    Map<DType, Integer> known = masks.computeIfAbsent(v, _ -> new EnumMap<>(DType.class));
    Integer local = known.get(type);
    if (local != null) {
      return local;
    }
    if (plan.fixed[v]) {
      ops.species(type);
      pushScalar(v);
      ops.maskAll();
    } else {
      cb.aload(known.values().iterator().next());
      ops.castMask(type);
    }
    return keepMask(v, type);
  }

  private int keepMask(int v, DType type) {
    int local = cb.allocateLocal(TypeKind.REFERENCE);
    cb.astore(local);
    masks.computeIfAbsent(v, _ -> new EnumMap<>(DType.class)).put(type, local);
    return local;
  }

  private void keep(int v) {
    vector[v] = vector[v] < 0 ? cb.allocateLocal(TypeKind.REFERENCE) : vector[v];
    cb.astore(vector[v]);
  }

  private void compute(int v) {
    DType type = body.type(v);
    if (plan.fromScratch(pass, v)) {
      ops.species(type);
      cb.aload(scratchLocal(v));
      pushColumn();
      loadArray(v, type);
      return;
    }
    switch (body.code().get(v)) {
      case Instr.Load l -> load(v, l.storage(), l.slot(), l.address());
      case Instr.Gather g -> load(v, g.storage(), g.slot(), g.address());
      case Instr.Index x -> {
        cb.aload(Objects.requireNonNull(ramps.get(LoopBody.number(x.value()))));
        ops.binaryOperator(ScalarOp.ADD);
        pushIndex(LoopBody.number(x.value()), LoopBody.move(x.value()));
        ops.binaryScalar(DType.I64);
        keep(v);
      }
      case Instr.Reduced r -> {
        ops.species(type);
        cb.aload(resultsLocal("red", r.type()));
        pushAt(redAt());
        loadArray(v, type);
      }
      case Instr.Unary u -> unary(v, u);
      case Instr.Binary b -> binary(v, b);
      case Instr.Ternary t -> ternary(v, t);
      case Instr.Convert c -> convert(v, c);
      case Instr.Bitcast c -> {
        cb.aload(vector[c.a()]);
        ops.reinterpret(body.type(c.a()), type);
        keep(v);
      }
      case Instr.Narrow n -> narrow(v, n);
      case Instr.Const c -> throw new IllegalStateException("a constant does not vary: " + c);
    }
  }

  /** Selects every other element of two vectors; the second ends at the last element that is wanted, which may be the last there is. */
  private void loadPairs(int v, DType storage, int slot, int address) {
    int bytes = storage.byteSize();
    DType bits = bits(storage);
    cb.aload(Objects.requireNonNull(pairs.get(bits)));
    for (int half = 0; half < 2; half++) {
      ops.species(bits);
      pushPlace(slot, address, LoopBody.PAIRS, bytes);
      if (half == 1) {
        cb.loadConstant((lanes - 1L) * bytes).ladd();
      }
      ops.fromMemory(bits);
    }
    ops.selectFromTwo(bits);
    if (bits != storage) {
      ops.reinterpret(bits, storage);
    }
    keep(v);
  }

  /** Loads as many elements as half a vector has, and puts each into two lanes. */
  private void loadRepeated(int v, DType storage, int slot, int address) {
    DType bits = bits(storage);
    cb.aload(Objects.requireNonNull(repeated.get(bits)));
    ops.halfSpecies(bits);
    pushPlace(slot, address, LoopBody.REPEATED, storage.byteSize());
    ops.fromMemory(bits);
    ops.widen(bits);
    ops.selectFrom(bits);
    if (bits != storage) {
      ops.reinterpret(bits, storage);
    }
    keep(v);
  }

  /** The integers of a type's size. */
  static DType bits(DType type) {
    return type.byteSize() == 8 ? DType.I64 : DType.I32;
  }

  private void load(int v, DType storage, int slot, Affine address) {
    if (LoopBody.move(address) == LoopBody.PAIRS) {
      loadPairs(v, storage, slot, LoopBody.number(address));
      return;
    }
    if (LoopBody.move(address) == LoopBody.REPEATED) {
      loadRepeated(v, storage, slot, LoopBody.number(address));
      return;
    }
    boolean narrow = !PassPlan.isComputeType(storage);
    if (narrow) {
      ops.narrowSpecies(storage.byteSize());
    } else {
      ops.species(storage);
    }
    pushPlace(slot, LoopBody.number(address), LoopBody.move(address), storage.byteSize());
    Integer offset = gatherOffsets.get(v);
    if (offset != null) {
      cb.lload(offset).ladd();
    }
    if (!narrow) {
      ops.fromMemory(storage);
      keep(v);
      return;
    }
    ops.intsFromMemory(storage.byteSize(), storage != DType.U8);
    if (storage == DType.BOOL) {
      ops.binaryOperator(ScalarOp.NE);
      cb.iconst_0();
      ops.compareScalar(DType.I32);
      keepMask(v, DType.I32);
    } else {
      narrows.widen(storage);
      keep(v);
    }
  }

  /** Species, array and index on the stack: keeps what is there. */
  private void loadArray(int v, DType type) {
    ops.fromArray(type);
    if (type == DType.BOOL) {
      ops.binaryOperator(ScalarOp.NE);
      cb.iconst_0();
      ops.compareScalar(DType.I32);
      keepMask(v, DType.I32);
    } else {
      keep(v);
    }
  }

  private void unary(int v, Instr.Unary u) {
    if (u.type() == DType.BOOL) {
      DType family = family(u.a());
      cb.aload(mask(u.a(), family));
      ops.maskOp("not");
      keepMask(v, family);
    } else {
      cb.aload(vector[u.a()]);
      ops.unary(u.op(), u.type());
      keep(v);
    }
  }

  /** A type for whose lanes a BOOL value has a mask already. */
  DType family(int v) {
    Map<DType, Integer> known = masks.get(v);
    return known == null || known.isEmpty() ? DType.I32 : known.keySet().iterator().next();
  }

  private void binary(int v, Instr.Binary b) {
    DType operand = body.type(b.a());
    if (operand == DType.BOOL) {
      binaryBool(v, b);
      return;
    }
    cb.aload(vector[b.a()]);
    ops.binaryOperator(b.op());
    boolean shift = b.op() == ScalarOp.SHL || b.op() == ScalarOp.SHR || b.op() == ScalarOp.USHR;
    if (shift && plan.fixed[b.b()]) {
      pushScalar(b.b()); // an amount for all lanes is an instruction of its own
      ops.binaryScalar(operand);
      keep(v);
      return;
    }
    cb.aload(vector[b.b()]);
    if (b.op().isComparison()) {
      ops.compare(operand);
      keepMask(v, operand);
    } else {
      ops.binary(operand);
      keep(v);
    }
  }

  private void binaryBool(int v, Instr.Binary b) {
    DType family = plan.fixed[b.a()] ? family(b.b()) : family(b.a());
    int x = mask(b.a(), family);
    int y = mask(b.b(), family);
    switch (b.op()) {
      case AND, MIN, MUL -> masks(x, y, "and");
      case OR, MAX -> masks(x, y, "or");
      case XOR, NE -> masks(x, y, "xor");
      case EQ -> masks(x, y, "eq");
      case LT -> masks(y, x, "andNot");
      case LE -> {
        masks(x, y, "andNot");
        ops.maskOp("not");
      }
      case NEG, ABS, SQRT, NOT, ADD, SUB, DIV, REM, SHL, SHR, USHR, FMA, SELECT ->
          throw new IllegalArgumentException(b.op() + " is not defined for " + DType.BOOL);
    }
    keepMask(v, family);
  }

  private void masks(int x, int y, String name) {
    cb.aload(x).aload(y);
    ops.maskOp(name);
  }

  private void ternary(int v, Instr.Ternary t) {
    if (t.op() == ScalarOp.FMA) {
      cb.aload(vector[t.a()]).aload(vector[t.b()]).aload(vector[t.c()]);
      ops.fma(t.type());
      keep(v);
    } else if (t.type() == DType.BOOL) {
      DType family = family(t.a());
      int c = mask(t.a(), family);
      int x = mask(t.b(), family);
      int y = mask(t.c(), family);
      masks(x, c, "and");
      masks(y, c, "andNot");
      ops.maskOp("or");
      keepMask(v, family);
    } else {
      int c = mask(t.a(), t.type());
      cb.aload(vector[t.c()]).aload(vector[t.b()]).aload(c);
      ops.blend(t.type());
      keep(v);
    }
  }

  private void convert(int v, Instr.Convert c) {
    DType from = body.type(c.a());
    if (from == c.type()) {
      if (from == DType.BOOL) {
        DType family = family(c.a());
        cb.aload(mask(c.a(), family));
        keepMask(v, family);
      } else {
        cb.aload(vector[c.a()]);
        keep(v);
      }
    } else if (from == DType.BOOL) {
      ops.maskToVector(c.type(), mask(c.a(), c.type()));
      keep(v);
    } else if (c.type() == DType.BOOL) {
      cb.aload(vector[c.a()]);
      ops.binaryOperator(ScalarOp.NE);
      ScalarOps.constant(cb, from, 0);
      ops.compareScalar(from);
      keepMask(v, from);
    } else {
      cb.aload(vector[c.a()]);
      ops.convert(from, c.type());
      keep(v);
    }
  }

  private void narrow(int v, Instr.Narrow narrow) {
    switch (narrow.storage()) {
      case I8, I16, U8 -> {
        cb.aload(vector[narrow.a()]);
        ops.wrap(narrow.storage());
      }
      case F16, BF16 -> narrows.round(narrow.storage(), vector[narrow.a()]);
      case F64, F32, I64, I32, BOOL -> cb.aload(vector[narrow.a()]);
    }
    keep(v);
  }
}
