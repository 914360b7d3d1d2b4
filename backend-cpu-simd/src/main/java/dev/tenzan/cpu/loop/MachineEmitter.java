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
import dev.tenzan.cpu.machine.VectorSet;
import dev.tenzan.scalar.Instr;
import dev.tenzan.scalar.ReduceOp;
import dev.tenzan.scalar.ScalarOp;
import dev.tenzan.type.DType;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Writes a body's machine code: for each row what is the same at all of its points, then whole vectors, some of a short body at a time, and
 * the lanes that are left. No lane is computed twice, and nothing beside a row is touched.
 *
 * <p>Vectors have 16 lanes, or 8 where a value has 64 bits; then those of 32 bits are half as long. The arguments' address is in RDI, that of
 * the results in RSI and that of a reduction's results in RDX; RCX counts columns.
 */
final class MachineEmitter {
  /** Bodies of so many instructions are written four times in a row. */
  private static final int TINY = 4;

  /** And those of so many twice. */
  private static final int SHORT = 12;

  /** The most instructions: longer code is not written in a blink. */
  private static final int MOST = 400;

  final LoopBody body;
  final int lanes;
  final Assembler a = new Assembler();
  final MachineMemory memory;
  final MachineValues values;
  private final LoopBody.@Nullable Out result;
  private final @Nullable MachineLanes combination;
  private final @Nullable DType reduced;
  private final int unroll;

  private MachineEmitter(LoopBody body, boolean streams, MachineIdioms idioms) {
    this.body = body;
    boolean wide = body.code().stream().anyMatch(i -> i.type().byteSize() == Long.BYTES);
    this.lanes = VectorSet.AVX512.bits() / (wide ? Long.SIZE : Integer.SIZE);
    this.result = body.outs().stream().filter(o -> !(o instanceof LoopBody.ToMemory)).findFirst().orElse(null);
    this.reduced =
        body.code().stream().filter(i -> i instanceof Instr.Reduced).map(i -> inArray(i.type())).findFirst().orElse(null);
    List<Integer> registers = new ArrayList<>(List.of(R8, R9, R10));
    if (!(result instanceof LoopBody.ToLanes)) {
      registers.add(R11);
    }
    if (result == null) {
      registers.add(RSI);
    }
    if (reduced == null) {
      registers.add(RDX);
    }
    this.memory = new MachineMemory(body, a, lanes, registers, streams);
    this.values = new MachineValues(body, lanes, a, memory, idioms);
    this.combination = result instanceof LoopBody.ToLanes l ? new MachineLanes(this, l) : null;
    int size = (int) body.code().stream().filter(i -> !(i instanceof Instr.Const)).count();
    this.unroll = size <= TINY ? 4 : size <= SHORT ? 2 : 1;
  }

  /**
   * A body's machine code, or null where it has something that machine code does not do, or too much at once.
   *
   * @param streams whether it stores past the caches, where vectors are whole
   */
  static @Nullable MachineLoop of(LoopBody body, boolean streams) {
    if (!serves(body)) {
      return null;
    }
    MachineIdioms idioms = new MachineIdioms(body, true);
    MachineEmitter emitter = emitted(body, streams, idioms);
    if (emitter == null && idioms.haveQuotients()) { // which take registers of their own
      emitter = emitted(body, streams, new MachineIdioms(body, false));
    }
    return emitter == null ? null : emitter.load();
  }

  /** An emitter that has written the code, or null where there are not enough registers. */
  private static @Nullable MachineEmitter emitted(LoopBody body, boolean streams, MachineIdioms idioms) {
    // As many constants stay in registers as leave enough for the values.
    for (int hoisted = Integer.SIZE; ; hoisted /= 2) {
      MachineEmitter emitter = new MachineEmitter(body, streams, idioms);
      try {
        emitter.emit(hoisted);
        return emitter;
      } catch (VectorRegisters.Exhausted e) {
        if (hoisted == 0) {
          return null;
        }
      }
    }
  }

  private @Nullable MachineLoop load() {
    MachineCode code = MachineCode.loadOrWarn(a.code(), "a loop goes without machine code");
    int group = combination == null ? unroll * lanes : combination.group();
    DType results = result == null ? null : inArray(body.type(result.value()));
    return code == null ? null : new MachineLoop(code, memory, lanes, group, results, reduced);
  }

  /** The type of the elements of an array of values. */
  static DType inArray(DType type) {
    return type == DType.BOOL ? DType.I32 : type;
  }

  // What there is machine code for.

  private static boolean serves(LoopBody body) {
    boolean serves = body.code().size() <= MOST && body.code().stream().allMatch(i -> serves(body, i));
    int results = 0;
    for (LoopBody.Out out : body.outs()) {
      serves &=
          switch (out) {
            case LoopBody.ToMemory m -> m.move() == LoopBody.UNIT || m.move() == LoopBody.FIXED;
            case LoopBody.ToResults _, LoopBody.ToAccumulators _, LoopBody.ToLanes _ -> true;
            case LoopBody.ToFirst _ -> false;
          };
      results += out instanceof LoopBody.ToMemory ? 0 : 1;
    }
    return serves && results <= 1;
  }

  /** Whether a value is a constant that integers are divided by with shifts. */
  private static boolean isPowerOfTwo(LoopBody body, int v) {
    return body.code().get(v) instanceof Instr.Const c && c.bits() > 0 && Long.bitCount(c.bits()) == 1;
  }

  private static boolean serves(LoopBody body, Instr instr) {
    return switch (instr) {
      case Instr.Load l -> MachineMemory.loads(l.storage(), l.address());
      case Instr.Gather g -> MachineMemory.gathers(g, body.rowInvariant()[g.index()]);
      case Instr.Binary b -> b.type().isFloat() || b.op() != ScalarOp.DIV && b.op() != ScalarOp.REM || isPowerOfTwo(body, b.b());
      case Instr.Index _, Instr.Reduced _, Instr.Const _, Instr.Unary _, Instr.Ternary _ -> true;
      case Instr.Convert _, Instr.Bitcast _, Instr.Narrow _ -> true;
    };
  }

  // The structure of the code.

  static int word(int number) {
    return number * Long.BYTES;
  }

  private void emit(int hoisted) {
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
    values.constants().stream().limit(hoisted).forEach(values::hoist);
    int row = a.here();
    memory.startRow();
    values.fixedValues();
    a.clearRegister(RCX);
    if (combination == null) {
      columns();
    } else {
      combination.row();
    }
    a.countDown(RDI, word(MachineLoop.ROWS));
    int end = a.jumpIfZero();
    memory.nextRow();
    if (result != null) {
      a.addFromMemory(RSI, RDI, word(MachineLoop.AT_STEP));
    }
    if (reduced != null) {
      a.addFromMemory(RDX, RDI, word(MachineLoop.REDUCED_STEP));
    }
    a.jump(row);
    a.land(end);
    memory.landFailures();
    if (!memory.streamed().isEmpty()) {
      a.storeFence();
    }
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
  void loop(int limit, int vectors) {
    a.compare(RCX, RDI, word(limit));
    int none = a.jumpUnlessLess();
    int again = a.here();
    for (int v = 0; v < vectors; v++) {
      point(ALL, v * lanes);
    }
    a.addConstant(RCX, vectors * lanes);
    a.compare(RCX, RDI, word(limit));
    a.jumpIfLess(again);
    a.land(none);
  }

  /** Computes a vector of points at a distance from the current column, and writes its outputs. */
  void point(int mask, int distance) {
    memory.seek(mask, distance);
    values.varyingValues();
    for (LoopBody.Out out : body.outs()) {
      write(out);
    }
  }

  private void write(LoopBody.Out out) {
    DType type = inArray(body.type(out.value()));
    switch (out) {
      case LoopBody.ToMemory m -> {
        memory.store(values, m);
        values.release(m.value());
      }
      case LoopBody.ToResults r -> {
        int v = combinable(r.value());
        a.lanes(LaneOp.STORE, values.form(type), v, 0, memory.inArray(RSI, type), memory.mask(), false);
        done(r.value(), v);
      }
      case LoopBody.ToAccumulators c -> {
        int v = combinable(c.value());
        int known = values.vectors.take();
        a.lanes(LaneOp.LOAD, values.form(type), known, 0, memory.inArray(RSI, type), memory.mask(), memory.mask() != ALL);
        int to = values.vectors.take();
        if (type.isFloat() && (c.op() == ReduceOp.MIN || c.op() == ReduceOp.MAX)) {
          values.extreme(c.op() == ReduceOp.MIN, type, to, known, MachineValues.register(v));
        } else {
          ScalarOp op = VectorPassEmitter.combination(c.op(), body.type(c.value()));
          a.lanes(MachineValues.plain(op, type.isFloat()), values.form(type), to, known, MachineValues.register(v));
        }
        a.lanes(LaneOp.STORE, values.form(type), to, 0, memory.inArray(RSI, type), memory.mask(), false);
        values.vectors.free(known);
        values.vectors.free(to);
        done(c.value(), v);
      }
      case LoopBody.ToLanes l -> {
        int v = combinable(l.value());
        Objects.requireNonNull(combination).take(v, memory.vectorOfGroup(), memory.mask());
        done(l.value(), v);
      }
      case LoopBody.ToFirst _ -> throw new IllegalStateException("there is no machine code that searches");
    }
  }

  /** A value as what arrays hold. */
  private int combinable(int v) {
    return body.type(v) == DType.BOOL ? values.oneWhere(values.mask(v), DType.I32) : values.vector(v);
  }

  private void done(int v, int register) {
    if (body.type(v) == DType.BOOL) {
      values.vectors.free(register);
    }
    values.release(v);
  }
}
