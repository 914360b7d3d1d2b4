package dev.tenzan.cpu.loop;

import static dev.tenzan.cpu.machine.Assembler.ALL;
import static dev.tenzan.cpu.machine.Assembler.RDI;

import dev.tenzan.cpu.machine.Assembler;
import dev.tenzan.cpu.machine.LaneOp;
import dev.tenzan.cpu.machine.MaskOp;
import dev.tenzan.cpu.machine.Source;
import dev.tenzan.cpu.machine.VectorForm;
import dev.tenzan.cpu.machine.VectorSet;
import dev.tenzan.scalar.Instr;
import dev.tenzan.scalar.ReduceOp;
import dev.tenzan.scalar.ScalarOp;
import dev.tenzan.type.DType;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;

/**
 * The values of a body in registers, and the instructions that compute them. Values are in the order of the body's program, each in a
 * register of its own from its instruction to the last one that reads it. Where registers are too few, some values that are the same for all points of a
 * row lie in memory. Truth values are masks.
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

  private static final int IN_REGISTER = -1;

  /** What a constant of VPTERNLOGD means: the target, or what both sources have in common. */
  private static final int OR_OF_AND = 0xF8;

  /** The bits of a word. */
  static final int WORD = 16;

  final Assembler a;
  final VectorRegisters vectors;

  /** The same as those of vectors where masks are vectors. */
  final VectorRegisters masks;

  private final LoopBody body;

  /** The lanes of all vectors. */
  private final int lanes;

  private final boolean halved;
  private final boolean[] fixed;

  /** For each value the one whose register it shares: bits do not change where only their type does. */
  private final int[] same;

  private final int[] register;

  /** How often a value is still read by what follows. */
  private final int[] remaining;

  /** Values that keep their registers for all points of a row, or their places in memory. */
  private final boolean[] sticky;

  /** Where such values lie that have none: how far behind the arguments, in bytes; or {@link #IN_REGISTER}. */
  private final int[] beside;

  private int besideBytes;

  /** The registers of constants. */
  private final Map<Constant, Integer> hoisted = new HashMap<>();

  /** Registers that are freed with the operands of the current instruction. */
  private final Set<Integer> temporary = new HashSet<>();

  private final Set<Integer> temporaryMasks = new HashSet<>();
  private final MachineMemory memory;
  private final MachineConversions conversions;
  private final MachineIntegers integers;
  private final MachineMasks truths;
  final MachineFloats floats;
  private final MachineIdioms idioms;
  private final MachineQuotients quotients;

  /** A number as it lies in lanes. */
  record Constant(boolean wide, long bits) {}

  /**
   * The values of a body.
   *
   * @param inMemory how many values that are the same for all points of a row lie in memory, as far as there are as many
   */
  MachineValues(LoopBody body, VectorSet set, int lanes, Assembler a, MachineMemory memory, MachineIdioms idioms, int inMemory) {
    this.body = body;
    this.lanes = lanes;
    this.halved = lanes * Integer.SIZE < set.bits();
    this.vectors = VectorRegisters.ofVectors(set, MachineCoverage.isWide(body));
    this.masks = set.hasMaskRegisters() ? VectorRegisters.ofMasks() : vectors;
    this.a = a;
    this.conversions = new MachineConversions(a, this);
    this.integers = new MachineIntegers(a, this);
    this.truths = new MachineMasks(a, this);
    this.floats = new MachineFloats(a, this);
    this.memory = memory;
    this.idioms = idioms;
    this.quotients = new MachineQuotients(a, this);
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
        for (int operand : idioms.operands(v)) {
          sticky[same[operand]] |= fixed[operand];
        }
      }
    }
    for (LoopBody.Out out : body.outs()) {
      sticky[same[out.value()]] |= fixed[out.value()];
    }
    this.beside = new int[size];
    Arrays.fill(beside, IN_REGISTER);
    BitSet registers = wantRegisters();
    int each = lanes * (MachineCoverage.isWide(body) ? Long.BYTES : Integer.BYTES);
    for (int v = 0; v < size && besideBytes < inMemory * each; v++) {
      if (sticky[v] && same[v] == v && !isConstant(v) && body.type(v) != DType.BOOL && !registers.get(v)) {
        beside[v] = besideBytes;
        besideBytes += each;
      }
    }
  }

  /** Values that what is computed for a row reads in their registers. */
  private BitSet wantRegisters() {
    BitSet found = new BitSet();
    for (int v = 0; v < same.length; v++) {
      MachineIdioms.Idiom idiom = idioms.of(v);
      if (idiom != null && idiom.kind() == MachineIdioms.Kind.QUOTIENT) {
        found.set(same[idiom.operands()[1]]);
      }
    }
    return found;
  }

  /** The bytes behind the arguments in which values lie. */
  int besideBytes() {
    return besideBytes;
  }

  private boolean isBeside(int v) {
    return beside[same[v]] != IN_REGISTER;
  }

  private Source.Memory beside(int v) {
    return new Source.Memory(RDI, memory.behind() + beside[same[v]]);
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

  boolean isConstant(int v) {
    return instr(v) instanceof Instr.Const;
  }

  long bits(int v) {
    return ((Instr.Const) instr(v)).bits();
  }

  private Constant number(int v) {
    return new Constant(body.type(v).byteSize() == Long.BYTES, bits(v));
  }

  /** The numbers that vectors read. */
  Set<Constant> constants() {
    Set<Constant> numbers = new LinkedHashSet<>();
    for (int v = 0; v < same.length; v++) {
      if (!fixed[v] && same[v] == v) {
        for (int operand : idioms.operands(v)) {
          if (isConstant(operand) && body.type(operand) != DType.BOOL) {
            numbers.add(number(operand));
          }
        }
      }
    }
    return numbers;
  }

  /** Keeps a number in a register from here on. */
  void hoist(Constant number) {
    hoisted.put(number, broadcast(number));
  }

  private int broadcast(Constant n) {
    int r = vectors.take();
    a.lanes(LaneOp.BROADCAST, new VectorForm(n.wide, lanes), r, 0, new Source.Constant(n.bits));
    return r;
  }

  /** Computes what is the same for all points of a row. */
  void fixedValues() {
    countReads(true);
    computeAll(true);
    for (int v = 0; v < same.length; v++) {
      if (body.code().get(v) instanceof Instr.Gather g && !fixed[v] && fixed[g.index()]) {
        memory.placeGather(this, g);
        release(); // a constant index
      }
      MachineIdioms.Idiom idiom = idioms.of(v);
      if (idiom != null && idiom.kind() == MachineIdioms.Kind.QUOTIENT && !idioms.isUnread(v)) {
        int divisor = same[idiom.operands()[1]];
        if (!quotients.knows(divisor)) {
          quotients.divisor(divisor, isConstant(divisor) ? broadcast(number(divisor)) : register[divisor], body.type(v));
        }
      }
    }
  }

  /** Computes the values of the current point. */
  void varyingValues() {
    countReads(false);
    for (LoopBody.Out out : body.outs()) {
      remaining[same[out.value()]]++;
    }
    computeAll(false);
  }

  private void countReads(boolean ofRow) {
    Arrays.fill(remaining, 0);
    for (int v = 0; v < same.length; v++) {
      if (fixed[v] == ofRow && same[v] == v) {
        for (int operand : idioms.operands(v)) {
          remaining[same[operand]]++;
        }
      }
    }
  }

  private void computeAll(boolean ofRow) {
    for (int v = 0; v < same.length; v++) {
      if (fixed[v] == ofRow && same[v] == v && !isConstant(v) && !idioms.isUnread(v)) {
        register[v] = compute(v);
        if (isBeside(v)) {
          a.lanes(LaneOp.STORE, form(body.type(v)), register[v], 0, beside(v), ALL, false);
          vectors.free(register[v]);
        }
      }
    }
  }

  // Operands.

  /** The vector register with a value; a constant is loaded into one for this instruction. */
  int vector(int v) {
    if (isBeside(v)) {
      int r = vectors.take();
      a.lanes(LaneOp.LOAD, form(body.type(v)), r, 0, beside(v));
      return temporary(r);
    }
    if (!isConstant(v)) {
      return register[same[v]];
    }
    Integer known = hoisted.get(number(v));
    return known != null ? known : temporary(broadcast(number(v)));
  }

  /** Frees a register with the operands of this instruction. */
  int temporary(int register) {
    temporary.add(register);
    return register;
  }

  /** A value as an instruction's last source. */
  Source source(int v) {
    if (isConstant(v) && !hoisted.containsKey(number(v))) {
      return new Source.Constant(bits(v));
    }
    // With AVX2, operations that are several instructions, or have a mask, do not read memory.
    return isBeside(v) && masks != vectors ? beside(v) : new Source.Register(vector(v));
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
  boolean dies(int v, int... operands) {
    int s = same[v];
    long reads = Arrays.stream(operands).filter(o -> same[o] == s).count();
    return !isConstant(s) && !sticky[s] && remaining[s] == reads;
  }

  /** Whether two values share a register. */
  boolean areSame(int v, int other) {
    return same[v] == same[other];
  }

  /** The vectors of a type. */
  VectorForm form(DType type) {
    return new VectorForm(type.byteSize() == Long.BYTES, lanes);
  }

  /** Whether vectors of 32 bits a lane are half as long as those of 64 bits. */
  boolean halved() {
    return halved;
  }

  void lanes(LaneOp op, DType type, int to, int first, Source second) {
    a.lanes(op, form(type), to, first, second);
  }

  static Source.Register register(int number) {
    return new Source.Register(number);
  }

  // Instructions.

  private int compute(int v) {
    MachineIdioms.Idiom idiom = idioms.of(v);
    if (idiom != null) {
      return compute(v, idiom);
    }
    return switch (body.code().get(v)) {
      case Instr.Load l -> memory.load(this, l, fixed[v]);
      case Instr.Reduced r -> memory.reduced(this, r);
      case Instr.Unary u -> unary(u);
      case Instr.Binary b when body.type(b.a()) == DType.BOOL -> truths.binary(b);
      case Instr.Binary b when b.op().isComparison() -> comparison(b);
      case Instr.Binary b -> binary(b);
      case Instr.Ternary t when t.op() == ScalarOp.FMA -> floats.fma(t);
      case Instr.Ternary t -> select(t);
      case Instr.Convert c -> conversions.convert(c, body.type(c.a()));
      case Instr.Narrow n -> conversions.narrow(n);
      case Instr.Index x -> memory.index(this, x, fixed[v]);
      case Instr.Gather g -> {
        int to = memory.gather(this, g, fixed[v], fixed[g.index()]);
        release(g.index());
        yield to;
      }
      case Instr.Const _, Instr.Bitcast _ ->
          throw new IllegalStateException("not computed here: " + body.code().get(v));
    };
  }

  static long sign(DType type) {
    return type.byteSize() == Long.BYTES ? Long.MIN_VALUE : Integer.MIN_VALUE;
  }

  private int unary(Instr.Unary u) {
    if (u.type() == DType.BOOL) {
      return truths.not(u.a());
    }
    int x = vector(u.a());
    boolean isFloat = u.type().isFloat();
    if (u.op() == ScalarOp.NEG && !isFloat) {
      int to = vectors.take();
      a.clear(to);
      lanes(LaneOp.SUBTRACT_INTEGERS, u.type(), to, to, register(x));
      release(u.a());
      return to;
    }
    release(u.a());
    int to = vectors.take();
    switch (u.op()) {
      case NEG -> lanes(LaneOp.XOR, u.type(), to, x, new Source.Constant(sign(u.type())));
      case ABS -> {
        if (isFloat) {
          lanes(LaneOp.AND, u.type(), to, x, new Source.Constant(~sign(u.type())));
        } else {
          lanes(LaneOp.ABS_INTEGERS, u.type(), to, 0, register(x));
        }
      }
      case SQRT -> lanes(LaneOp.SQUARE_ROOT, u.type(), to, 0, register(x));
      case NOT -> lanes(LaneOp.XOR, u.type(), to, x, new Source.Constant(-1));
      default -> throw new IllegalStateException("not unary: " + u.op());
    }
    return to;
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
    a.lanes(isFloat ? LaneOp.COMPARE : LaneOp.COMPARE_INTEGERS, form(body.type(b.a())), k, x, y, ALL, false, how);
    return k;
  }

  private int binary(Instr.Binary b) {
    boolean isFloat = b.type().isFloat();
    if (isFloat && (b.op() == ScalarOp.MIN || b.op() == ScalarOp.MAX)) {
      return floats.extreme(b);
    }
    if (b.op() == ScalarOp.SHL || b.op() == ScalarOp.SHR || b.op() == ScalarOp.USHR) {
      return integers.shift(b);
    }
    if (!isFloat && (b.op() == ScalarOp.DIV || b.op() == ScalarOp.REM)) {
      return integers.divide(b);
    }
    boolean commutes = b.op() != ScalarOp.SUB && b.op() != ScalarOp.DIV;
    boolean turned = commutes && isConstant(b.a());
    int x = vector(turned ? b.b() : b.a());
    Source y = source(turned ? b.a() : b.b());
    release(b.a(), b.b());
    int to = vectors.take();
    lanes(plain(b.op(), isFloat), b.type(), to, x, y);
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

  /** Releases operands but for the register of one, which has the result now. */
  int keep(int register, int... operands) {
    release(operands);
    vectors.claim(register);
    return register;
  }

  /** Copies a value to a register. */
  void copy(int to, int v) {
    Source from = source(v);
    if (from instanceof Source.Constant) {
      lanes(LaneOp.BROADCAST, body.type(v), to, 0, from);
    } else {
      lanes(LaneOp.LOAD, body.type(v), to, 0, from);
    }
  }

  private int select(Instr.Ternary t) {
    if (t.type() == DType.BOOL) {
      return truths.select(t);
    }
    int k = mask(t.a());
    Source x = source(t.b());
    int y = vector(t.c());
    release(t.a(), t.b(), t.c());
    int to = vectors.take();
    a.lanes(LaneOp.BLEND, form(t.type()), to, y, x, k, false);
    return to;
  }

  private int compute(int v, MachineIdioms.Idiom idiom) {
    int[] of = idiom.operands();
    DType type = body.type(v);
    return switch (idiom.kind()) {
      case LESSER -> two(LaneOp.MIN, type, of);
      case GREATER -> two(LaneOp.MAX, type, of);
      case SCALED -> two(LaneOp.SCALE, type, of);
      case WITH_BITS -> {
        int x = vector(of[1]);
        Source bits = source(of[2]);
        boolean reuses = dies(of[0], of) && same[of[0]] != same[of[1]];
        int to = reuses ? vector(of[0]) : vectors.take();
        if (!reuses) {
          copy(to, of[0]);
        }
        a.lanes(LaneOp.TERNARY_LOGIC, form(type), to, x, bits, ALL, false, OR_OF_AND);
        if (reuses) {
          yield keep(to, of);
        }
        release(of);
        yield to;
      }
      case QUOTIENT -> {
        int to = quotients.divide(same[of[1]], vector(of[0]), type);
        release(of);
        yield to;
      }
    };
  }

  /** One instruction of two operands. */
  private int two(LaneOp op, DType type, int... operands) {
    int x = vector(operands[0]);
    Source y = source(operands[1]);
    release(operands);
    int to = vectors.take();
    lanes(op, type, to, x, y);
    return to;
  }

  /** The vector with 1 of a type where a mask is set, and 0 elsewhere. */
  int oneWhere(int mask, DType type) {
    int to = vectors.take();
    a.lanes(LaneOp.BROADCAST, form(type), to, 0, new Source.Constant(ReduceOp.PROD.identity(type)), mask, true);
    return to;
  }

  /** The mask of the lanes of ints that are not 0; frees the vector. */
  int toMask(int vector) {
    int k = masks.take();
    lanes(LaneOp.TEST, DType.I32, k, vector, register(vector));
    vectors.free(vector);
    return k;
  }
}
