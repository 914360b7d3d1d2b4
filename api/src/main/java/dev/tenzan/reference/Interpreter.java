package dev.tenzan.reference;

import dev.tenzan.error.IndexException;
import dev.tenzan.scalar.Instr;
import dev.tenzan.scalar.ScalarEval;
import dev.tenzan.scalar.ScalarOp;
import dev.tenzan.scalar.ScalarProgram;
import dev.tenzan.type.Affine;
import dev.tenzan.type.DType;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * A scalar program resolved for running: one {@link Step} for each instruction that is not a constant, and a
 * list of all addresses, so that the caller can keep them up to date from point to point. Register i holds
 * value i.
 */
final class Interpreter {
  /** What a step does. */
  private enum Kind {
    LOAD,
    GATHER,
    INDEX,
    UNARY,
    BINARY,
    FMA,
    SELECT,
    CONVERT,
    COPY,
    NARROW
  }

  /**
   * An instruction, resolved.
   *
   * @param target the register written
   * @param type the operands' type; of loads and NARROW the storage type
   * @param to the result's type
   * @param a the first operand; of loads the input slot
   * @param b the second operand; of GATHER the register with the index
   * @param c the third operand; of loads and INDEX the number of the address
   * @param stride of GATHER: the stride of the indirect axis
   * @param extent of GATHER: the extent of the indirect axis
   */
  private record Step(
      Kind kind,
      ScalarOp op,
      int target,
      DType type,
      DType to,
      int a,
      int b,
      int c,
      long stride,
      long extent) {}

  private final Step[] steps;
  private final List<Affine> addresses = new ArrayList<>();
  private final long[] registers;
  private final List<Integer> reduced = new ArrayList<>();

  Interpreter(ScalarProgram program) {
    registers = new long[program.size()];
    List<Step> list = new ArrayList<>();
    for (int i = 0; i < program.size(); i++) {
      resolve(program, i, list);
    }
    steps = list.toArray(new Step[0]);
  }

  private void resolve(ScalarProgram program, int i, List<Step> out) {
    switch (program.get(i)) {
      case Instr.Const c -> registers[i] = c.bits();
      case Instr.Reduced _ -> reduced.add(i);
      case Instr.Load l -> out.add(load(Kind.LOAD, i, l.storage(), l.slot(), 0, l.address(), 0, 0));
      case Instr.Gather g -> {
        int index = g.index();
        out.add(load(Kind.GATHER, i, g.storage(), g.slot(), index, g.address(), g.stride(), g.extent()));
      }
      case Instr.Index x -> out.add(load(Kind.INDEX, i, DType.I64, 0, 0, x.value(), 0, 0));
      case Instr.Unary u -> out.add(step(Kind.UNARY, u.op(), i, u.type(), u.type(), u.a(), 0, 0));
      case Instr.Binary b ->
          out.add(step(Kind.BINARY, b.op(), i, program.type(b.a()), b.type(), b.a(), b.b(), 0));
      case Instr.Ternary t -> {
        Kind kind = t.op() == ScalarOp.FMA ? Kind.FMA : Kind.SELECT;
        out.add(step(kind, t.op(), i, t.type(), t.type(), t.a(), t.b(), t.c()));
      }
      case Instr.Convert c ->
          out.add(step(Kind.CONVERT, ScalarOp.NEG, i, program.type(c.a()), c.type(), c.a(), 0, 0));
      // Bits of 32-bit types are sign-extended alike, so the register keeps its contents.
      case Instr.Bitcast b -> out.add(step(Kind.COPY, ScalarOp.NEG, i, b.type(), b.type(), b.a(), 0, 0));
      case Instr.Narrow n -> out.add(step(Kind.NARROW, ScalarOp.NEG, i, n.storage(), n.type(), n.a(), 0, 0));
    }
  }

  private Step load(
      Kind kind, int target, DType storage, int slot, int index, Affine address, long stride, long extent) {
    addresses.add(address);
    int number = addresses.size() - 1;
    return new Step(
        kind, ScalarOp.NEG, target, storage, storage.compute(), slot, index, number, stride, extent);
  }

  private static Step step(Kind kind, ScalarOp op, int target, DType type, DType to, int a, int b, int c) {
    return new Step(kind, op, target, type, to, a, b, c, 0, 0);
  }

  /** The addresses of loads and the values of index instructions, in the order of {@link #run}'s argument. */
  List<Affine> addresses() {
    return addresses;
  }

  /** Fresh registers, holding the constants. */
  long[] newRegisters() {
    return registers.clone();
  }

  /** Sets the result of the reduction. */
  void setReduced(long[] r, long bits) {
    for (int i : reduced) {
      r[i] = bits;
    }
  }

  /**
   * Runs the program at one point.
   *
   * @param r the registers
   * @param address the values of {@link #addresses} at the point
   * @param inputs the kernel's inputs
   */
  void run(long[] r, long[] address, MemorySegment[] inputs) {
    for (Step s : steps) {
      r[s.target] =
          switch (s.kind) {
            case LOAD -> Elements.read(s.type, inputs[s.a], address[s.c]);
            case GATHER -> gather(s, inputs[s.a], address[s.c], r[s.b]);
            case INDEX -> address[s.c];
            case UNARY -> ScalarEval.unary(s.op, s.type, r[s.a]);
            case BINARY -> ScalarEval.binary(s.op, s.type, r[s.a], r[s.b]);
            case FMA -> ScalarEval.fma(s.type, r[s.a], r[s.b], r[s.c]);
            case SELECT -> r[s.a] != 0 ? r[s.b] : r[s.c];
            case CONVERT -> ScalarEval.convert(s.type, s.to, r[s.a]);
            case COPY -> r[s.a];
            case NARROW -> ScalarEval.narrow(s.type, r[s.a]);
          };
    }
  }

  private static long gather(Step s, MemorySegment input, long address, long index) {
    if (index < 0 || index >= s.extent) {
      throw IndexException.ofGather(index, s.extent);
    }
    return Elements.read(s.type, input, address + s.stride * index);
  }
}
