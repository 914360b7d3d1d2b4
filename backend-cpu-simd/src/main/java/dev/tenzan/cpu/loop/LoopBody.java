package dev.tenzan.cpu.loop;

import dev.tenzan.scalar.Instr;
import dev.tenzan.scalar.ReduceOp;
import dev.tenzan.type.Affine;
import dev.tenzan.type.DType;
import java.util.List;

/**
 * The structure that one generated class serves: a program whose addresses are replaced by the number of an address and how it moves
 * along the innermost dimension. Extents, strides, offsets and the extents of gathers are parameters of a run. A plain value; equal
 * bodies share their class.
 *
 * <p>In {@code code} the offset of an {@link Affine} is the number of the address, and its single stride is one of
 * {@link #FIXED}, {@link #UNIT}, {@link #STRIDED}, {@link #PAIRS}, {@link #REPEATED}. A gather's {@code stride} is the number of its first parameter (byte stride, then
 * extent) and its {@code extent} is 0. Buffers are numbered inputs first.
 *
 * @param code the live instructions
 * @param outs what becomes of the values
 */
record LoopBody(List<Instr> code, List<Out> outs) {
  /** The address does not move along the innermost dimension. */
  static final int FIXED = 0;

  /** The address moves by one element (an index value: by 1). */
  static final int UNIT = 1;

  /** The address moves by any stride. */
  static final int STRIDED = 2;

  /** The address of a load moves by two elements. */
  static final int PAIRS = 3;

  /** Every two neighbours share an element of a load; columns begin and end with whole twos. */
  static final int REPEATED = 4;

  /** Where a value goes. */
  sealed interface Out {
    /** The number of the value. */
    int value();
  }

  /** A value goes to a buffer. */
  record ToMemory(DType storage, int buffer, int address, int move, int value) implements Out {}

  /** A value goes to the frame's result array, at the position of its point. */
  record ToResults(int value) implements Out {}

  /** A value is combined into the frame's result array, at the position of its point. */
  record ToAccumulators(ReduceOp op, int value) implements Out {}

  /**
   * The values of a row are combined in the order of {@link dev.tenzan.kernel.ReductionTree}, for the first of whose blocks the row counts;
   * the result goes to the frame's result array, at the position of the row. Only a body that is a single pass has such an output.
   */
  record ToLanes(ReduceOp op, int value) implements Out {}

  /**
   * The column of a row's first true value, or the number of its columns where there is none, goes to the frame's array of ints, at the
   * position of the row. Only a body that is a single pass has such an output, and no other one beside it.
   */
  record ToFirst(int value) implements Out {}

  LoopBody {
    code = List.copyOf(code);
    outs = List.copyOf(outs);
  }

  DType type(int value) {
    return code.get(value).type();
  }

  /** For each value whether it is the same at all points of a row. */
  boolean[] rowInvariant() {
    boolean[] fixed = new boolean[code.size()];
    for (int v = 0; v < fixed.length; v++) {
      boolean self =
          switch (code.get(v)) {
            case Instr.Load l -> move(l.address()) == FIXED;
            case Instr.Gather g -> move(g.address()) == FIXED;
            case Instr.Index x -> move(x.value()) == FIXED;
            case Instr.Reduced _ -> false;
            case Instr.Const _, Instr.Unary _, Instr.Binary _, Instr.Ternary _ -> true;
            case Instr.Convert _, Instr.Bitcast _, Instr.Narrow _ -> true;
          };
      for (int operand : operands(v)) {
        self &= fixed[operand];
      }
      fixed[v] = self;
    }
    return fixed;
  }

  /** The operands of a value. */
  int[] operands(int value) {
    return operands(code.get(value));
  }

  /** The operands of an instruction. */
  static int[] operands(Instr instr) {
    return switch (instr) {
      case Instr.Const _, Instr.Load _, Instr.Index _, Instr.Reduced _ -> new int[0];
      case Instr.Gather g -> new int[] {g.index()};
      case Instr.Unary u -> new int[] {u.a()};
      case Instr.Binary b -> new int[] {b.a(), b.b()};
      case Instr.Ternary t -> new int[] {t.a(), t.b(), t.c()};
      case Instr.Convert c -> new int[] {c.a()};
      case Instr.Bitcast c -> new int[] {c.a()};
      case Instr.Narrow n -> new int[] {n.a()};
    };
  }

  /** How a numbered address moves along the innermost dimension. */
  static int move(Affine address) {
    return (int) address.stride(0);
  }

  /** Whether some load repeats its elements. */
  boolean repeats() {
    return code.stream().anyMatch(i -> i instanceof Instr.Load l && move(l.address()) == REPEATED);
  }

  /** The number of an address. */
  static int number(Affine address) {
    return (int) address.offset();
  }
}
