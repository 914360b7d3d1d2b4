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
 * <p>Vectors have as many lanes of 32 bits as the registers of the set hold, or half as many where a value has 64 bits; then those of 32 bits are half
 * as long. The arguments' address is in RDI, that of the results in RSI and that of a reduction's results in RDX; RCX counts columns.
 */
final class MachineEmitter {
  /** Bodies of so many instructions are written four times in a row. */
  private static final int TINY = 4;

  /** And those of so many twice. */
  private static final int SHORT = 12;

  final LoopBody body;
  final int lanes;

  /** Whether a value has 64 bits. */
  final boolean wide;

  final Assembler a;
  final MachineMemory memory;
  final MachineValues values;
  private final LoopBody.@Nullable Out result;
  private final @Nullable MachineLanes combination;
  private final @Nullable DType reduced;
  private final int unroll;

  private MachineEmitter(LoopBody body, VectorSet set, boolean streams, MachineIdioms idioms, int accumulators, int inMemory) {
    this.body = body;
    this.a = set.assembler();
    this.wide = MachineCoverage.isWide(body);
    this.lanes = set.bits() / (wide ? Long.SIZE : Integer.SIZE);
    this.result = body.outs().stream().filter(o -> !(o instanceof LoopBody.ToMemory)).findFirst().orElse(null);
    this.reduced =
        body.code().stream().filter(i -> i instanceof Instr.Reduced).map(i -> inArray(i.type())).findFirst().orElse(null);
    List<Integer> registers = new ArrayList<>(List.of(R8, R9));
    if (set.hasMaskRegisters() || !MachineCoverage.touchesNarrow(body)) { // which the assembler moves one by one with R10, where they have no mask
      registers.add(R10);
    }
    if (!(result instanceof LoopBody.ToLanes)) {
      registers.add(R11);
    }
    if (result == null) {
      registers.add(RSI);
    }
    if (reduced == null) {
      registers.add(RDX);
    }
    this.memory = new MachineMemory(body, set, a, lanes, registers, streams);
    this.values = new MachineValues(body, set, lanes, a, memory, idioms, inMemory);
    this.combination = result instanceof LoopBody.ToLanes l ? new MachineLanes(this, l, set, accumulators) : null;
    int size = (int) body.code().stream().filter(i -> !(i instanceof Instr.Const)).count();
    this.unroll = size <= TINY ? 4 : size <= SHORT ? 2 : 1;
  }

  /**
   * A body's machine code, or null where it has something that machine code does not do, or too much at once.
   *
   * @param set the vectors that it uses
   * @param streams whether it stores past the caches, where vectors are whole
   */
  static @Nullable MachineLoop of(LoopBody body, VectorSet set, boolean streams) {
    if (!MachineCoverage.serves(body, set)) {
      return null;
    }
    MachineIdioms idioms = new MachineIdioms(body, set, true);
    MachineEmitter emitter = emitted(body, set, streams, idioms);
    if (emitter == null && idioms.haveQuotients()) { // which take registers of their own
      emitter = emitted(body, set, streams, new MachineIdioms(body, set, false));
    }
    return emitter == null ? null : emitter.load();
  }

  /** An emitter that has written the code, or null where there are not enough registers. */
  private static @Nullable MachineEmitter emitted(LoopBody body, VectorSet set, boolean streams, MachineIdioms idioms) {
    for (int accumulators = MachineLanes.MOST; ; ) {
      int all = set.registers();
      MachineEmitter emitter = new MachineEmitter(body, set, streams, idioms, accumulators, 0);
      if (emitter.fits(all)) {
        return emitter;
      }
      MachineEmitter least = new MachineEmitter(body, set, streams, idioms, accumulators, 0);
      if (least.fits(0)) {
        // As many constants stay in registers as leave enough for the values.
        for (int hoisted = all / 2; hoisted > 0; hoisted /= 2) {
          emitter = new MachineEmitter(body, set, streams, idioms, accumulators, 0);
          if (emitter.fits(hoisted)) {
            return emitter;
          }
        }
        return least;
      }
      accumulators = least.combination == null ? 0 : least.combination.fewer();
      if (accumulators == 0) {
        break;
      }
    }
    for (int inMemory = 4, before = 0; ; inMemory *= 2) {
      MachineEmitter emitter = new MachineEmitter(body, set, streams, idioms, MachineLanes.LEAST, inMemory);
      int bytes = emitter.values.besideBytes();
      if (bytes == before) { // there are no more
        return null;
      }
      if (emitter.fits(0)) {
        return emitter;
      }
      before = bytes;
    }
  }

  /** Where what the code uses for itself begins behind the arguments, but for values: see {@link MachineValues#besideBytes}. */
  int behind() {
    return memory.behind() + values.besideBytes();
  }

  /** Writes the code, with so many constants in registers; returns false where it has too few. */
  private boolean fits(int hoisted) {
    try {
      emit(hoisted);
      return true;
    } catch (VectorRegisters.Exhausted e) {
      return false;
    }
  }

  private @Nullable MachineLoop load() {
    MachineCode code = MachineCode.loadOrWarn(a.code(), "a loop goes without machine code");
    int group = combination == null ? unroll * lanes : combination.group();
    DType results = result == null ? null : inArray(body.type(result.value()));
    int room = values.besideBytes() / Long.BYTES + (combination == null ? 0 : combination.room());
    return code == null ? null : new MachineLoop(code, memory, lanes, group, room, results, reduced);
  }

  /** The type of the elements of an array of values. */
  static DType inArray(DType type) {
    return type == DType.BOOL ? DType.I32 : type;
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
      a.maskFromRegister(MachineValues.TAIL, RAX, wide);
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
          values.floats.extreme(c.op() == ReduceOp.MIN, type, to, known, MachineValues.register(v));
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
