package dev.tenzan.cpu.loop;

import dev.tenzan.cpu.machine.LaneOp;
import dev.tenzan.scalar.Instr;
import dev.tenzan.scalar.ScalarOp;
import dev.tenzan.type.DType;

/**
 * Selections of one of two floats by which of them is less, as the bounds of an argument are: one instruction does both, with the same result
 * for NaN and zeros (Intel SDM, MINPS and MAXPS), and comparisons that nobody else reads are left out.
 */
final class MachineBounds {
  private static final int[] NONE = {};

  private final LoopBody body;
  private final boolean[] bounds;
  private final boolean[] unread;

  MachineBounds(LoopBody body) {
    this.body = body;
    int size = body.code().size();
    this.bounds = new boolean[size];
    this.unread = new boolean[size];
    boolean[] read = new boolean[size];
    for (int v = 0; v < size; v++) {
      bounds[v] = isBound(v);
      for (int operand : bounds[v] ? bounded(v) : body.operands(v)) {
        read[operand] = true;
      }
    }
    body.outs().forEach(o -> read[o.value()] = true);
    for (int v = 0; v < size; v++) {
      if (bounds[v]) {
        int condition = ((Instr.Ternary) body.code().get(v)).a();
        unread[condition] = !read[condition];
      }
    }
  }

  private boolean isBound(int v) {
    return body.code().get(v) instanceof Instr.Ternary t
        && t.op() == ScalarOp.SELECT
        && t.type() != DType.BOOL
        && body.code().get(t.a()) instanceof Instr.Binary c
        && c.op() == ScalarOp.LT
        && body.type(c.a()).isFloat()
        && (t.b() == c.a() && t.c() == c.b() || t.b() == c.b() && t.c() == c.a());
  }

  private int[] bounded(int v) {
    Instr.Ternary t = (Instr.Ternary) body.code().get(v);
    return new int[] {t.b(), t.c()};
  }

  /** Whether a selection is one instruction, of its second operand and its third one. */
  boolean has(int v) {
    return bounds[v];
  }

  /** Whether a value is a comparison that nobody reads. */
  boolean isUnread(int v) {
    return unread[v];
  }

  /** The instruction of a selection that is one. */
  LaneOp instruction(Instr.Ternary t) {
    return ((Instr.Binary) body.code().get(t.a())).a() == t.b() ? LaneOp.MIN : LaneOp.MAX;
  }

  /** What a value's instructions read. */
  int[] operands(int v) {
    return unread[v] ? NONE : bounds[v] ? bounded(v) : body.operands(v);
  }
}
