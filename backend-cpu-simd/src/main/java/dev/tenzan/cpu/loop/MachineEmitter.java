package dev.tenzan.cpu.loop;

import static dev.tenzan.cpu.machine.Assembler.ALL;
import static dev.tenzan.cpu.machine.Assembler.R10;
import static dev.tenzan.cpu.machine.Assembler.R11;
import static dev.tenzan.cpu.machine.Assembler.R8;
import static dev.tenzan.cpu.machine.Assembler.R9;
import static dev.tenzan.cpu.machine.Assembler.RAX;
import static dev.tenzan.cpu.machine.Assembler.RCX;
import static dev.tenzan.cpu.machine.Assembler.RDI;
import static dev.tenzan.cpu.machine.Assembler.RDX;
import static dev.tenzan.cpu.machine.Assembler.RSI;

import dev.tenzan.cpu.machine.Assembler;
import dev.tenzan.cpu.machine.LaneOp;
import dev.tenzan.cpu.machine.MachineCode;
import dev.tenzan.cpu.machine.Source;
import dev.tenzan.scalar.Instr;
import dev.tenzan.scalar.ReduceOp;
import dev.tenzan.scalar.ScalarOp;
import dev.tenzan.type.DType;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Writes a body's machine code: for each row what is the same at all of its points, then whole vectors, some of a short body at a time, and
 * the lanes that are left. No lane is computed twice, and nothing beside a row is touched.
 *
 * <p>The arguments' address is in RDI, that of the results in RSI and that of a reduction's results in RDX; RCX counts columns.
 */
final class MachineEmitter implements MachineValues.Loads {
  /** Bodies of so many instructions are written so many times in a row. */
  private static final int TINY = 4;

  private static final int SHORT = 12;

  /** The most instructions: more are not compiled in a blink. */
  private static final int MOST = 400;

  final LoopBody body;
  final boolean wide;

  /** The lanes of a vector. */
  final int lanes;

  final Assembler a = new Assembler();
  final MachineValues values;
  final LoopBody.@Nullable Out result;
  private final @Nullable MachineLanes combination;
  private final List<MachineLoop.Pointer> pointers = new ArrayList<>();
  private final int[] pointerRegisters;
  private final @Nullable DType reduced;
  private final int unroll;

  // Of the point that is written at present.
  private int mask = ALL;
  private int column;

  /** Which constants stay in registers. */
  private enum Hoist {
    EVERY,
    NONE
  }

  private MachineEmitter(LoopBody body) {
    this.body = body;
    this.wide = isWide(body);
    this.lanes = MachineCode.VECTOR_BITS / (wide ? Long.SIZE : Integer.SIZE);
    this.values = new MachineValues(body, wide, a, this);
    this.result = body.outs().stream().filter(o -> !(o instanceof LoopBody.ToMemory)).findFirst().orElse(null);
    this.reduced =
        body.code().stream().filter(i -> i instanceof Instr.Reduced).map(i -> inArray(i.type())).findFirst().orElse(null);
    this.combination = result instanceof LoopBody.ToLanes l ? new MachineLanes(this, l) : null;
    for (Instr i : body.code()) {
      if (i instanceof Instr.Load l) {
        add(new MachineLoop.Pointer(l.slot(), LoopBody.number(l.address())));
      }
    }
    for (LoopBody.Out out : body.outs()) {
      if (out instanceof LoopBody.ToMemory m) {
        add(new MachineLoop.Pointer(m.buffer(), m.address()));
      }
    }
    List<Integer> registers = new ArrayList<>(List.of(R8, R9, R10));
    if (combination == null) {
      registers.add(R11);
    }
    if (result == null) {
      registers.add(RSI);
    }
    if (reduced == null) {
      registers.add(RDX);
    }
    this.pointerRegisters = registers.stream().mapToInt(Integer::intValue).toArray();
    int size = (int) body.code().stream().filter(i -> !(i instanceof Instr.Const)).count();
    this.unroll = size <= TINY ? 4 : size <= SHORT ? 2 : 1;
  }

  private void add(MachineLoop.Pointer pointer) {
    if (!pointers.contains(pointer)) {
      pointers.add(pointer);
    }
  }

  /** A body's machine code, or null where it has something that machine code does not do, or too much at once. */
  static @Nullable MachineLoop of(LoopBody body) {
    if (!serves(body)) {
      return null;
    }
    for (Hoist hoist : Hoist.values()) {
      MachineEmitter emitter = new MachineEmitter(body);
      try {
        emitter.emit(hoist);
      } catch (VectorRegisters.Exhausted e) {
        continue;
      }
      return emitter.load();
    }
    return null;
  }

  private @Nullable MachineLoop load() {
    MachineCode code = MachineCode.loadOrWarn(a.code(), "a loop goes without machine code");
    int group = combination == null ? unroll * lanes : combination.group();
    DType results = result == null ? null : inArray(body.type(result.value()));
    return code == null ? null : new MachineLoop(code, pointers, lanes, group, results, reduced);
  }

  /** The type of the elements of an array of values. */
  private static DType inArray(DType type) {
    return type == DType.BOOL ? DType.I32 : type;
  }

  private static boolean isWide(LoopBody body) {
    return body.code().stream().anyMatch(i -> i.type().byteSize() == Long.BYTES);
  }

  // What there is machine code for.

  private static boolean serves(LoopBody body) {
    boolean wide = isWide(body);
    boolean serves = body.code().size() <= MOST;
    for (Instr i : body.code()) {
      boolean width = i.type() == DType.BOOL || i.type().byteSize() == (wide ? Long.BYTES : Integer.BYTES);
      serves &= width && serves(i, wide);
    }
    int results = 0;
    for (LoopBody.Out out : body.outs()) {
      boolean truthOfLongs = wide && body.type(out.value()) == DType.BOOL;
      serves &=
          switch (out) {
            case LoopBody.ToMemory m -> m.move() == LoopBody.UNIT || m.move() == LoopBody.FIXED;
            case LoopBody.ToResults _, LoopBody.ToAccumulators _, LoopBody.ToLanes _ -> !truthOfLongs;
            case LoopBody.ToFirst _ -> false;
          };
      results += out instanceof LoopBody.ToMemory ? 0 : 1;
    }
    return serves && results <= 1;
  }

  private static boolean serves(Instr instr, boolean wide) {
    return switch (instr) {
      case Instr.Load l -> LoopBody.move(l.address()) == LoopBody.UNIT || LoopBody.move(l.address()) == LoopBody.FIXED;
      case Instr.Gather _, Instr.Index _ -> false;
      case Instr.Reduced r -> !(wide && r.type() == DType.BOOL);
      case Instr.Binary b -> b.type().isFloat() || b.op() != ScalarOp.DIV && b.op() != ScalarOp.REM;
      case Instr.Const _, Instr.Unary _, Instr.Ternary _, Instr.Convert _, Instr.Bitcast _, Instr.Narrow _ -> true;
    };
  }

  // The structure of the code.

  private static int word(int number) {
    return number * Long.BYTES;
  }

  private void emit(Hoist hoist) {
    if (combination != null) {
      combination.prepare();
    } else {
      a.load(RAX, RDI, word(MachineLoop.MASK));
      a.maskFromRegister(MachineValues.TAIL, RAX);
    }
    if (result != null) {
      a.addFromMemory(RSI, RDI, word(MachineLoop.AT));
    }
    if (reduced != null) {
      a.addFromMemory(RDX, RDI, word(MachineLoop.REDUCED_AT));
    }
    if (hoist == Hoist.EVERY) {
      for (Map.Entry<Long, Integer> c : values.constants().entrySet()) {
        values.hoist(c.getKey());
      }
    }
    int row = a.here();
    for (int p = 0; p < Math.min(pointers.size(), pointerRegisters.length); p++) {
      a.load(pointerRegisters[p], RDI, word(MachineLoop.POINTERS + 2 * p));
    }
    mask = ALL;
    column = 0;
    values.fixedValues();
    a.clearRegister(RCX);
    if (combination == null) {
      columns();
    } else {
      combination.row();
    }
    a.countDown(RDI, word(MachineLoop.ROWS));
    int end = a.jumpIfZero();
    for (int p = 0; p < pointers.size(); p++) {
      a.load(RAX, RDI, word(MachineLoop.POINTERS + 2 * p + 1));
      a.addToMemory(RDI, word(MachineLoop.POINTERS + 2 * p), RAX);
    }
    if (result != null) {
      a.addFromMemory(RSI, RDI, word(MachineLoop.AT_STEP));
    }
    if (reduced != null) {
      a.addFromMemory(RDX, RDI, word(MachineLoop.REDUCED_STEP));
    }
    a.jump(row);
    a.land(end);
    a.returnFromVectors();
  }

  private void columns() {
    if (unroll > 1) {
      loop(MachineLoop.GROUPED, unroll);
    }
    loop(MachineLoop.WHOLE, 1);
    a.compare(RCX, RDI, word(MachineLoop.COLUMNS));
    int none = a.jumpUnlessLess();
    point(MachineValues.TAIL, 0);
    a.land(none);
  }

  /** A loop over some vectors at a time, up to a column that an argument names. */
  private void loop(int limit, int vectors) {
    a.compare(RCX, RDI, word(limit));
    int none = a.jumpUnlessLess();
    int again = a.here();
    for (int u = 0; u < vectors; u++) {
      point(ALL, u * lanes);
    }
    a.addConstant(RCX, vectors * lanes);
    a.compare(RCX, RDI, word(limit));
    a.jumpIfLess(again);
    a.land(none);
  }

  /** Computes a vector of points at a distance from the current column, and writes its outputs. */
  void point(int lanesMask, int distance) {
    mask = lanesMask;
    column = distance;
    values.varyingValues();
    for (LoopBody.Out out : body.outs()) {
      write(out);
    }
  }

  private void write(LoopBody.Out out) {
    switch (out) {
      case LoopBody.ToMemory m -> {
        Source.Memory to = place(new MachineLoop.Pointer(m.buffer(), m.address()), m.storage().byteSize());
        values.store(m.storage(), m.value(), to, mask);
        values.release(m.value());
      }
      case LoopBody.ToResults r -> {
        int v = combinable(r.value());
        a.lanes(LaneOp.STORE, wide, v, 0, inArray(RSI), mask, false);
        done(r.value(), v);
      }
      case LoopBody.ToAccumulators c -> {
        int v = combinable(c.value());
        int to = values.vectors.take();
        a.lanes(LaneOp.LOAD, wide, to, 0, inArray(RSI), mask, mask != ALL);
        int combined = values.vectors.take();
        combine(c.op(), body.type(c.value()), combined, to, v);
        a.lanes(LaneOp.STORE, wide, combined, 0, inArray(RSI), mask, false);
        values.vectors.free(to);
        values.vectors.free(combined);
        done(c.value(), v);
      }
      case LoopBody.ToLanes l -> {
        int v = combinable(l.value());
        Objects.requireNonNull(combination).take(v, column / lanes, mask);
        done(l.value(), v);
      }
      case LoopBody.ToFirst _ -> throw new IllegalStateException("there is no machine code that searches");
    }
  }

  /** A value as what arrays hold. */
  private int combinable(int v) {
    return body.type(v) == DType.BOOL ? values.numberWhere(values.mask(v), 1) : values.vector(v);
  }

  private void done(int v, int register) {
    if (body.type(v) == DType.BOOL) {
      values.vectors.free(register);
    }
    values.release(v);
  }

  private void combine(ReduceOp op, DType type, int to, int x, int y) {
    if (type.isFloat() && (op == ReduceOp.MIN || op == ReduceOp.MAX)) {
      values.extreme(op == ReduceOp.MIN, to, x, new Source.Register(y), ALL);
    } else {
      a.lanes(MachineValues.plain(VectorPassEmitter.combination(op, type), type.isFloat()), wide, to, x, new Source.Register(y));
    }
  }

  // Memory.

  @Override
  public int load(int value, Instr.Load load, boolean fixed) {
    MachineLoop.Pointer pointer = new MachineLoop.Pointer(load.slot(), LoopBody.number(load.address()));
    if (!fixed) {
      return values.load(load.storage(), place(pointer, load.storage().byteSize()), mask);
    }
    return values.loadForAll(load.storage(), new Source.Memory(base(pointer), 0));
  }

  @Override
  public int reduced(int value, Instr.Reduced r) {
    int v = values.vectors.take();
    a.lanes(LaneOp.LOAD, wide, v, 0, inArray(RDX), mask, mask != ALL);
    return r.type() == DType.BOOL ? values.toMask(v) : v;
  }

  /** The current point's place in an array. */
  private Source.Memory inArray(int base) {
    int bytes = wide ? Long.BYTES : Integer.BYTES;
    return new Source.Memory(base, RCX, bytes, column * bytes);
  }

  /** The current point's place behind a pointer. */
  private Source.Memory place(MachineLoop.Pointer pointer, int bytes) {
    return new Source.Memory(base(pointer), RCX, bytes, column * bytes);
  }

  /** The register with a pointer; those that have none of their own are loaded each time. */
  private int base(MachineLoop.Pointer pointer) {
    int p = pointers.indexOf(pointer);
    if (p < pointerRegisters.length) {
      return pointerRegisters[p];
    }
    a.load(RAX, RDI, word(MachineLoop.POINTERS + 2 * p));
    return RAX;
  }
}
