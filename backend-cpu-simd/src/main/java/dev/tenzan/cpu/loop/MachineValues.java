package dev.tenzan.cpu.loop;

import static dev.tenzan.cpu.machine.Assembler.ALL;

import dev.tenzan.cpu.machine.Assembler;
import dev.tenzan.cpu.machine.LaneOp;
import dev.tenzan.cpu.machine.MaskOp;
import dev.tenzan.cpu.machine.Shift;
import dev.tenzan.cpu.machine.Source;
import dev.tenzan.cpu.machine.VectorOp;
import dev.tenzan.scalar.Instr;
import dev.tenzan.scalar.ReduceOp;
import dev.tenzan.scalar.ScalarOp;
import dev.tenzan.type.DType;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * The values of a body in registers, and the instructions that compute them. Values are in the order of the body's program, each in a
 * register of its own from its instruction to the last one that reads it; there is no spilling. Truth values are masks.
 *
 * <p>Constants that are read where an instruction takes a number from memory stay there, unless registers are left over.
 */
final class MachineValues {
  /** The mask of the lanes of a vector that is not whole. */
  static final int TAIL = 1;

  // What constants of comparisons mean (VCMPPS, VPCMPD).
  static final int EQUAL = 0;
  static final int LESS = 1;
  static final int LESS_OR_EQUAL = 2;
  static final int UNORDERED = 3;
  static final int NOT_EQUAL = 4;
  static final int INTEGERS_NOT_LESS = 5;
  static final int INTEGERS_GREATER = 6;
  static final int FLOATS_NOT_LESS = 13;
  static final int FLOATS_GREATER = 14;

  // What constants of VRANGEPS mean, with the sign of the result.
  private static final int LESSER = 4;
  private static final int GREATER = 5;

  /** Rounding to nearest even (VCVTPS2PH). */
  private static final int NEAREST = 0;

  private static final int WORD = 16;
  private static final int BF16_HALF = 0x7fff;

  final Assembler a;
  final VectorRegisters vectors = new VectorRegisters(0, 32);
  final VectorRegisters masks = new VectorRegisters(TAIL + 1, 8);

  private final LoopBody body;
  private final boolean wide;
  private final boolean[] fixed;

  /** For each value the one whose register it shares: bits do not change where only their type does. */
  private final int[] same;

  private final int[] register;

  /** How often a value is still read by what follows. */
  private final int[] remaining;

  /** Values that keep their registers for all points of a row. */
  private final boolean[] sticky;

  /** The registers of constants, by bits. */
  private final Map<Long, Integer> hoisted = new HashMap<>();

  private final Set<Integer> temporary = new HashSet<>();
  private final Loads loads;

  /** Emits the loads. */
  interface Loads {
    /** Emits a load of the current point's, or of the current row's; returns the register. */
    int load(int value, Instr.Load load, boolean fixed);

    /** Emits the load of a reduction's result. */
    int reduced(int value, Instr.Reduced reduced);
  }

  MachineValues(LoopBody body, boolean wide, Assembler a, Loads loads) {
    this.body = body;
    this.wide = wide;
    this.a = a;
    this.loads = loads;
    this.fixed = body.rowInvariant();
    int size = body.code().size();
    this.same = new int[size];
    this.register = new int[size];
    this.remaining = new int[size];
    this.sticky = new boolean[size];
    for (int v = 0; v < size; v++) {
      same[v] = isSame(v) ? same[body.operands(v)[0]] : v;
    }
    for (int v = 0; v < size; v++) {
      if (!fixed[v] && same[v] == v) {
        for (int operand : body.operands(v)) {
          sticky[same[operand]] |= fixed[operand];
        }
      }
    }
    for (LoopBody.Out out : body.outs()) {
      sticky[same[out.value()]] |= fixed[out.value()];
    }
  }

  /** Whether a value is its operand, seen otherwise. */
  private boolean isSame(int v) {
    return switch (body.code().get(v)) {
      case Instr.Bitcast _ -> true;
      case Instr.Convert c -> c.type() == body.type(c.a());
      case Instr.Narrow n -> n.storage().compute() == n.storage();
      default -> false;
    };
  }

  private Instr instr(int v) {
    return body.code().get(same[v]);
  }

  private boolean isConstant(int v) {
    return instr(v) instanceof Instr.Const;
  }

  private long bits(int v) {
    return ((Instr.Const) instr(v)).bits();
  }

  /** The numbers that vectors read, most often read first. */
  Map<Long, Integer> constants() {
    Map<Long, Integer> counts = new LinkedHashMap<>();
    for (int v = 0; v < same.length; v++) {
      if (!fixed[v] && same[v] == v) {
        for (int operand : body.operands(v)) {
          if (isConstant(operand) && body.type(operand) != DType.BOOL) {
            counts.merge(bits(operand), 1, Integer::sum);
          }
        }
      }
    }
    return counts;
  }

  /** Keeps a number in a register from here on. */
  void hoist(long bits) {
    int r = vectors.take();
    lanes(LaneOp.BROADCAST, r, 0, new Source.Constant(bits));
    hoisted.put(bits, r);
  }

  /** Computes what is the same for all points of a row. */
  void fixedValues() {
    Arrays.fill(remaining, 0);
    for (int v = 0; v < same.length; v++) {
      if (fixed[v] && same[v] == v) {
        for (int operand : body.operands(v)) {
          remaining[same[operand]]++;
        }
      }
    }
    computeAll(true);
  }

  /** Computes the values of the current point. */
  void varyingValues() {
    Arrays.fill(remaining, 0);
    for (int v = 0; v < same.length; v++) {
      if (!fixed[v] && same[v] == v) {
        for (int operand : body.operands(v)) {
          remaining[same[operand]]++;
        }
      }
    }
    for (LoopBody.Out out : body.outs()) {
      remaining[same[out.value()]]++;
    }
    computeAll(false);
  }

  private void computeAll(boolean ofRow) {
    for (int v = 0; v < same.length; v++) {
      if (fixed[v] == ofRow && same[v] == v && !isConstant(v)) {
        register[v] = compute(v);
      }
    }
  }

  // Operands.

  /** The vector register with a value; a constant is loaded into one for this instruction. */
  int vector(int v) {
    if (!isConstant(v)) {
      return register[same[v]];
    }
    Integer known = hoisted.get(bits(v));
    return known != null ? known : temporary(bits(v));
  }

  private int temporary(long bits) {
    int r = vectors.take();
    temporary.add(r);
    lanes(LaneOp.BROADCAST, r, 0, new Source.Constant(bits));
    return r;
  }

  /** A value as an instruction's last source. */
  Source source(int v) {
    if (isConstant(v) && !hoisted.containsKey(bits(v))) {
      return new Source.Constant(bits(v));
    }
    return new Source.Register(vector(v));
  }

  /** The mask register with a truth value. */
  int mask(int v) {
    if (!isConstant(v)) {
      return register[same[v]];
    }
    int k = masks.take();
    a.masks(bits(v) == 0 ? MaskOp.XOR : MaskOp.XNOR, k, k, k);
    temporaryMasks.add(k);
    return k;
  }

  private final Set<Integer> temporaryMasks = new HashSet<>();

  /** Frees the registers of values that are read for the last time. */
  void release(int... values) {
    for (int v : values) {
      int s = same[v];
      if (--remaining[s] == 0 && !sticky[s] && !isConstant(s)) {
        (body.type(s) == DType.BOOL ? masks : vectors).free(register[s]);
      }
    }
    temporary.forEach(vectors::free);
    temporary.clear();
    temporaryMasks.forEach(masks::free);
    temporaryMasks.clear();
  }

  /** Whether nothing reads a value behind the instruction with these operands. */
  private boolean dies(int v, int... operands) {
    int s = same[v];
    long reads = Arrays.stream(operands).filter(o -> same[o] == s).count();
    return !isConstant(s) && !sticky[s] && remaining[s] == reads;
  }

  private void lanes(LaneOp op, int to, int first, Source second) {
    a.lanes(op, wide, to, first, second);
  }

  private static Source.Register register(int number) {
    return new Source.Register(number);
  }

  // Instructions.

  private int compute(int v) {
    return switch (body.code().get(v)) {
      case Instr.Load l -> loads.load(v, l, fixed[v]);
      case Instr.Reduced r -> loads.reduced(v, r);
      case Instr.Unary u -> unary(u);
      case Instr.Binary b when body.type(b.a()) == DType.BOOL -> binaryMasks(b);
      case Instr.Binary b when b.op().isComparison() -> comparison(b);
      case Instr.Binary b -> binary(b);
      case Instr.Ternary t when t.op() == ScalarOp.FMA -> fma(t);
      case Instr.Ternary t -> select(t);
      case Instr.Convert c -> convert(c);
      case Instr.Narrow n -> narrow(n);
      case Instr.Const _, Instr.Gather _, Instr.Index _, Instr.Bitcast _ ->
          throw new IllegalStateException("not computed here: " + body.code().get(v));
    };
  }

  private long sign() {
    return wide ? Long.MIN_VALUE : Integer.MIN_VALUE;
  }

  private int unary(Instr.Unary u) {
    if (u.type() == DType.BOOL) {
      int x = mask(u.a());
      release(u.a());
      int k = masks.take();
      a.masks(MaskOp.NOT, k, 0, x);
      return k;
    }
    int x = vector(u.a());
    boolean isFloat = u.type().isFloat();
    if (u.op() == ScalarOp.NEG && !isFloat) {
      int to = vectors.take();
      a.clear(to);
      lanes(LaneOp.SUBTRACT_INTEGERS, to, to, register(x));
      release(u.a());
      return to;
    }
    release(u.a());
    int to = vectors.take();
    switch (u.op()) {
      case NEG -> lanes(LaneOp.XOR, to, x, new Source.Constant(sign()));
      case ABS -> {
        if (isFloat) {
          lanes(LaneOp.AND, to, x, new Source.Constant(~sign()));
        } else {
          lanes(LaneOp.ABS_INTEGERS, to, 0, register(x));
        }
      }
      case SQRT -> lanes(LaneOp.SQUARE_ROOT, to, 0, register(x));
      case NOT -> lanes(LaneOp.XOR, to, x, new Source.Constant(-1));
      default -> throw new IllegalStateException("not unary: " + u.op());
    }
    return to;
  }

  private int binaryMasks(Instr.Binary b) {
    int x = mask(b.a());
    int y = mask(b.b());
    release(b.a(), b.b());
    int k = masks.take();
    switch (b.op()) {
      case AND, MIN, MUL -> a.masks(MaskOp.AND, k, x, y);
      case OR, MAX -> a.masks(MaskOp.OR, k, x, y);
      case XOR, NE -> a.masks(MaskOp.XOR, k, x, y);
      case EQ -> a.masks(MaskOp.XNOR, k, x, y);
      case LT -> a.masks(MaskOp.AND_NOT, k, x, y);
      case LE -> {
        a.masks(MaskOp.AND_NOT, k, y, x);
        a.masks(MaskOp.NOT, k, 0, k);
      }
      default -> throw new IllegalStateException(b.op() + " is not defined for " + DType.BOOL);
    }
    return k;
  }

  private int comparison(Instr.Binary b) {
    boolean isFloat = body.type(b.a()).isFloat();
    boolean turned = isConstant(b.a());
    int x = vector(turned ? b.b() : b.a());
    Source y = source(turned ? b.a() : b.b());
    int how =
        switch (b.op()) {
          case EQ -> EQUAL;
          case NE -> NOT_EQUAL;
          case LT -> turned ? isFloat ? FLOATS_GREATER : INTEGERS_GREATER : LESS;
          case LE -> turned ? isFloat ? FLOATS_NOT_LESS : INTEGERS_NOT_LESS : LESS_OR_EQUAL;
          default -> throw new IllegalStateException("no comparison: " + b.op());
        };
    release(b.a(), b.b());
    int k = masks.take();
    a.lanes(isFloat ? LaneOp.COMPARE : LaneOp.COMPARE_INTEGERS, wide, k, x, y, ALL, false, how);
    return k;
  }

  private int binary(Instr.Binary b) {
    boolean isFloat = b.type().isFloat();
    if (isFloat && (b.op() == ScalarOp.MIN || b.op() == ScalarOp.MAX)) {
      return extreme(b);
    }
    if (b.op() == ScalarOp.SHL || b.op() == ScalarOp.SHR || b.op() == ScalarOp.USHR) {
      return shift(b);
    }
    boolean commutes = b.op() != ScalarOp.SUB && b.op() != ScalarOp.DIV;
    boolean turned = commutes && isConstant(b.a());
    int x = vector(turned ? b.b() : b.a());
    Source y = source(turned ? b.a() : b.b());
    release(b.a(), b.b());
    int to = vectors.take();
    lanes(plain(b.op(), isFloat), to, x, y);
    return to;
  }

  /** The instruction of an operation that is one. */
  static LaneOp plain(ScalarOp op, boolean isFloat) {
    return switch (op) {
      case ADD -> isFloat ? LaneOp.ADD : LaneOp.ADD_INTEGERS;
      case SUB -> isFloat ? LaneOp.SUBTRACT : LaneOp.SUBTRACT_INTEGERS;
      case MUL -> isFloat ? LaneOp.MULTIPLY : LaneOp.MULTIPLY_INTEGERS;
      case DIV -> LaneOp.DIVIDE;
      case MIN -> LaneOp.MIN_INTEGERS;
      case MAX -> LaneOp.MAX_INTEGERS;
      case AND -> LaneOp.AND;
      case OR -> LaneOp.OR;
      case XOR -> LaneOp.XOR;
      default -> throw new IllegalStateException("more than one instruction: " + op);
    };
  }

  private int shift(Instr.Binary b) {
    int width = wide ? Long.SIZE : Integer.SIZE;
    int x = vector(b.a());
    if (isConstant(b.b())) {
      int count = (int) bits(b.b()) & width - 1;
      release(b.a(), b.b());
      int to = vectors.take();
      Shift shift = b.op() == ScalarOp.SHL ? Shift.LEFT : b.op() == ScalarOp.SHR ? Shift.RIGHT_SIGNED : Shift.RIGHT;
      a.shift(shift, wide, to, register(x), count);
      return to;
    }
    int to = vectors.take();
    lanes(LaneOp.AND, to, vector(b.b()), new Source.Constant(width - 1));
    LaneOp op = b.op() == ScalarOp.SHL ? LaneOp.SHIFT_LEFT : b.op() == ScalarOp.SHR ? LaneOp.SHIFT_SIGN : LaneOp.SHIFT_RIGHT;
    lanes(op, to, x, register(to));
    release(b.a(), b.b());
    return to;
  }

  private int extreme(Instr.Binary b) {
    boolean least = b.op() == ScalarOp.MIN;
    int number = isConstant(b.a()) ? b.a() : b.b();
    if (isConstant(number) && isSimpleBound(bits(number), least)) {
      int bound = vector(number);
      int x = vector(number == b.a() ? b.b() : b.a());
      release(b.a(), b.b());
      int to = vectors.take();
      lanes(least ? LaneOp.MIN : LaneOp.MAX, to, bound, register(x)); // NaN is the second source, which wins
      if (!least && bits(number) == 0) {
        lanes(LaneOp.ADD, to, to, new Source.Constant(0)); // -0 becomes +0
      }
      return to;
    }
    int to = vectors.take();
    extreme(least, to, vector(b.a()), source(b.b()), ALL);
    release(b.a(), b.b());
    return to;
  }

  /** Whether a bound is no NaN, and zeros of the other sign are no lesser, or greater, than it. */
  private boolean isSimpleBound(long bits, boolean least) {
    double bound = wide ? Double.longBitsToDouble(bits) : Float.intBitsToFloat((int) bits);
    return !Double.isNaN(bound) && !(least && bound == 0 && bits != 0);
  }

  /** The lesser or greater of two floats, of the lanes of a mask; the target is none of the sources. */
  void extreme(boolean least, int to, int x, Source y, int mask) {
    int k = masks.take();
    a.lanes(LaneOp.COMPARE, wide, k, x, y, mask, false, UNORDERED);
    a.lanes(LaneOp.RANGE, wide, to, x, y, ALL, false, least ? LESSER : GREATER);
    a.lanes(LaneOp.ADD, wide, to, x, y, k, false);
    masks.free(k);
  }

  private int fma(Instr.Ternary t) {
    int[] all = {t.a(), t.b(), t.c()};
    int to;
    if (dies(t.c(), all) && same[t.c()] != same[t.a()] && same[t.c()] != same[t.b()]) {
      boolean turned = isConstant(t.a());
      to = vector(t.c());
      lanes(LaneOp.FMA231, to, vector(turned ? t.b() : t.a()), source(turned ? t.a() : t.b()));
      return keep(to, all);
    }
    for (int turn = 0; turn < 2; turn++) {
      int x = turn == 0 ? t.a() : t.b();
      int y = turn == 0 ? t.b() : t.a();
      if (dies(x, all) && same[x] != same[t.c()]) {
        to = vector(x);
        if (isConstant(y)) {
          lanes(LaneOp.FMA132, to, vector(t.c()), source(y));
        } else {
          lanes(LaneOp.FMA213, to, vector(y), source(t.c()));
        }
        return keep(to, all);
      }
    }
    to = vectors.take();
    copy(to, t.c());
    boolean turned = isConstant(t.a());
    lanes(LaneOp.FMA231, to, vector(turned ? t.b() : t.a()), source(turned ? t.a() : t.b()));
    release(all);
    return to;
  }

  /** Releases operands but for the register of one, which has the result now. */
  private int keep(int register, int... operands) {
    release(operands);
    vectors.claim(register);
    return register;
  }

  /** Copies a value to a register. */
  private void copy(int to, int v) {
    Source from = source(v);
    if (from instanceof Source.Constant) {
      lanes(LaneOp.BROADCAST, to, 0, from);
    } else {
      lanes(LaneOp.LOAD, to, 0, from);
    }
  }

  private int select(Instr.Ternary t) {
    int k = mask(t.a());
    if (t.type() == DType.BOOL) {
      int x = mask(t.b());
      int y = mask(t.c());
      int to = masks.take();
      int other = masks.take();
      a.masks(MaskOp.AND, to, k, x);
      a.masks(MaskOp.AND_NOT, other, k, y);
      a.masks(MaskOp.OR, to, to, other);
      masks.free(other);
      release(t.a(), t.b(), t.c());
      return to;
    }
    Source x = source(t.b());
    int y = vector(t.c());
    release(t.a(), t.b(), t.c());
    int to = vectors.take();
    a.lanes(LaneOp.BLEND, wide, to, y, x, k, false);
    return to;
  }

  /** The vector with a number where a mask is set, and 0 elsewhere. */
  int numberWhere(int mask, long bits) {
    int to = vectors.take();
    a.lanes(LaneOp.BROADCAST, wide, to, 0, new Source.Constant(bits), mask, true);
    return to;
  }

  private int convert(Instr.Convert c) {
    DType from = body.type(c.a());
    if (from == DType.BOOL) {
      int k = mask(c.a());
      release(c.a());
      return numberWhere(k, ReduceOp.PROD.identity(c.type()));
    }
    int x = vector(c.a());
    if (c.type() == DType.BOOL) {
      release(c.a());
      int k = masks.take();
      if (from.isFloat()) {
        a.lanes(LaneOp.COMPARE, wide, k, x, new Source.Constant(0), ALL, false, NOT_EQUAL);
      } else {
        lanes(LaneOp.TEST, k, x, register(x));
      }
      return k;
    }
    int to = vectors.take();
    if (from.isFloat()) {
      int k = masks.take();
      long tooLarge = wide ? Double.doubleToRawLongBits(0x1p63) : Float.floatToRawIntBits(0x1p31f);
      a.vector(wide ? VectorOp.VCVTTPD2QQ : VectorOp.VCVTTPS2DQ, to, register(x), ALL, false);
      a.lanes(LaneOp.COMPARE, wide, k, x, new Source.Constant(tooLarge), ALL, false, FLOATS_NOT_LESS);
      a.lanes(LaneOp.BROADCAST, wide, to, 0, new Source.Constant(~sign()), k, false);
      a.lanes(LaneOp.COMPARE, wide, k, x, register(x), ALL, false, UNORDERED);
      a.lanes(LaneOp.XOR, wide, to, to, register(to), k, false);
      masks.free(k);
    } else {
      a.vector(wide ? VectorOp.VCVTQQ2PD : VectorOp.VCVTDQ2PS, to, register(x), ALL, false);
    }
    release(c.a());
    return to;
  }

  private int narrow(Instr.Narrow n) {
    int x = vector(n.a());
    int to = vectors.take();
    switch (n.storage()) {
      case U8 -> lanes(LaneOp.AND, to, x, new Source.Constant(255));
      case I8, I16 -> {
        int count = Integer.SIZE - Byte.SIZE * n.storage().byteSize();
        a.shift(Shift.LEFT, false, to, register(x), count);
        a.shift(Shift.RIGHT_SIGNED, false, to, register(to), count);
      }
      case F16 -> {
        a.vector(VectorOp.VCVTPS2PH, x, register(to), ALL, false, NEAREST);
        a.vector(VectorOp.VCVTPH2PS, to, register(to), ALL, false);
      }
      case BF16 -> {
        int k = masks.take();
        a.shift(Shift.RIGHT, false, to, register(x), WORD);
        lanes(LaneOp.AND, to, to, new Source.Constant(1));
        lanes(LaneOp.ADD_INTEGERS, to, to, new Source.Constant(BF16_HALF));
        lanes(LaneOp.ADD_INTEGERS, to, to, register(x));
        lanes(LaneOp.AND, to, to, new Source.Constant(-1 << WORD));
        a.lanes(LaneOp.COMPARE, false, k, x, register(x), ALL, false, UNORDERED);
        a.lanes(LaneOp.BROADCAST, false, to, 0, new Source.Constant(Float.floatToRawIntBits(Float.NaN)), k, false);
        masks.free(k);
      }
      default -> throw new IllegalStateException("not narrow: " + n.storage());
    }
    release(n.a());
    return to;
  }

  // Elements of other types in memory.

  /** Loads elements from memory for the lanes of a mask; the result is a vector, or a mask for BOOL. */
  int load(DType storage, Source.Memory from, int mask) {
    int to = vectors.take();
    switch (storage) {
      case F32, I32, F64, I64 -> a.lanes(LaneOp.LOAD, wide, to, 0, from, mask, mask != ALL);
      case F16 -> a.vector(VectorOp.VCVTPH2PS, to, from, mask, mask != ALL);
      case BF16 -> {
        a.vector(VectorOp.VPMOVZXWD, to, from, mask, mask != ALL);
        a.shift(Shift.LEFT, false, to, register(to), WORD);
      }
      case I16 -> a.vector(VectorOp.VPMOVSXWD, to, from, mask, mask != ALL);
      case I8 -> a.vector(VectorOp.VPMOVSXBD, to, from, mask, mask != ALL);
      case U8 -> a.vector(VectorOp.VPMOVZXBD, to, from, mask, mask != ALL);
      case BOOL -> a.vector(wide ? VectorOp.VPMOVZXBQ : VectorOp.VPMOVZXBD, to, from, mask, mask != ALL);
    }
    return storage == DType.BOOL ? toMask(to) : to;
  }

  /** The mask of the lanes that are not 0; frees the vector. */
  int toMask(int vector) {
    int k = masks.take();
    lanes(LaneOp.TEST, k, vector, register(vector));
    vectors.free(vector);
    return k;
  }

  /** Loads one element for all lanes. */
  int loadForAll(DType storage, Source.Memory from) {
    int to = vectors.take();
    switch (storage) {
      case F32, I32, F64, I64 -> lanes(LaneOp.BROADCAST, to, 0, from);
      case F16 -> {
        a.vector(VectorOp.VPBROADCASTW, to, from, ALL, false);
        a.vector(VectorOp.VCVTPH2PS, to, register(to), ALL, false);
      }
      case BF16, I16 -> {
        a.vector(VectorOp.VPBROADCASTW, to, from, ALL, false);
        if (storage == DType.I16) {
          a.shift(Shift.RIGHT_SIGNED, false, to, register(to), WORD);
        } else {
          a.shift(Shift.LEFT, false, to, register(to), WORD);
        }
      }
      case I8, U8, BOOL -> {
        a.vector(VectorOp.VPBROADCASTB, to, from, ALL, false);
        Shift shift = storage == DType.I8 ? Shift.RIGHT_SIGNED : Shift.RIGHT;
        a.shift(shift, false, to, register(to), Integer.SIZE - Byte.SIZE);
      }
    }
    return storage == DType.BOOL ? toMask(to) : to;
  }

  /** Stores a value's elements for the lanes of a mask. */
  void store(DType storage, int v, Source.Memory to, int mask) {
    switch (storage) {
      case F32, I32, F64, I64 -> a.lanes(LaneOp.STORE, wide, vector(v), 0, to, mask, false);
      case F16 -> a.vector(VectorOp.VCVTPS2PH, vector(v), to, mask, false, NEAREST);
      case BF16 -> {
        int t = vectors.take();
        a.shift(Shift.RIGHT, false, t, register(vector(v)), WORD);
        a.vector(VectorOp.STORE_LOWER_WORDS, t, to, mask, false);
        vectors.free(t);
      }
      case I16 -> a.vector(VectorOp.STORE_LOWER_WORDS, vector(v), to, mask, false);
      case I8, U8 -> a.vector(VectorOp.STORE_LOWER_BYTES, vector(v), to, mask, false);
      case BOOL -> {
        int t = numberWhere(mask(v), 1);
        a.vector(wide ? VectorOp.STORE_LOWER_BYTES_OF_LONGS : VectorOp.STORE_LOWER_BYTES, t, to, mask, false);
        vectors.free(t);
      }
    }
  }
}
