package dev.tenzan.cpu.loop;

import dev.tenzan.cpu.machine.Assembler;
import dev.tenzan.cpu.machine.LaneOp;
import dev.tenzan.cpu.machine.Source;
import dev.tenzan.scalar.Instr;
import dev.tenzan.scalar.ScalarOp;
import dev.tenzan.type.DType;

/** Operations on floats that are not one instruction, whatever their operands are. */
final class MachineFloats {
  private final Assembler a;
  private final MachineValues values;

  MachineFloats(Assembler a, MachineValues values) {
    this.a = a;
    this.values = values;
  }

  /** The lesser or greater of two values. */
  int extreme(Instr.Binary b) {
    boolean least = b.op() == ScalarOp.MIN;
    int number = values.isConstant(b.a()) ? b.a() : b.b();
    if (values.isConstant(number) && isSimpleBound(b.type(), values.bits(number), least)) {
      int bound = values.vector(number);
      int x = values.vector(number == b.a() ? b.b() : b.a());
      values.release(b.a(), b.b());
      int to = values.vectors.take();
      values.lanes(least ? LaneOp.MIN : LaneOp.MAX, b.type(), to, bound, MachineValues.register(x)); // NaN is the second source, which wins
      if (!least && values.bits(number) == 0) {
        values.lanes(LaneOp.ADD, b.type(), to, to, new Source.Constant(0)); // -0 becomes +0
      }
      return to;
    }
    int to = values.vectors.take();
    extreme(least, b.type(), to, values.vector(b.a()), values.source(b.b()));
    values.release(b.a(), b.b());
    return to;
  }

  /** Whether a bound is no NaN, and zeros of the other sign are no lesser, or greater, than it. */
  private static boolean isSimpleBound(DType type, long bits, boolean least) {
    double bound = type == DType.F64 ? Double.longBitsToDouble(bits) : Float.intBitsToFloat((int) bits);
    return !Double.isNaN(bound) && !(least && bound == 0 && bits != 0);
  }

  /** The lesser or greater of two floats; the target is none of the sources. */
  void extreme(boolean least, DType type, int to, int x, Source y) {
    int k = values.masks.take();
    a.extreme(least, values.form(type), to, x, y, k);
    values.masks.free(k);
  }

  /** A fused multiply-add, in the register of an operand that is read for the last time. */
  int fma(Instr.Ternary t) {
    int[] all = {t.a(), t.b(), t.c()};
    int to;
    if (values.dies(t.c(), all) && !values.areSame(t.c(), t.a()) && !values.areSame(t.c(), t.b())) {
      boolean turned = values.isConstant(t.a());
      to = values.vector(t.c());
      values.lanes(LaneOp.FMA231, t.type(), to, values.vector(turned ? t.b() : t.a()), values.source(turned ? t.a() : t.b()));
      return values.keep(to, all);
    }
    for (int turn = 0; turn < 2; turn++) {
      int x = turn == 0 ? t.a() : t.b();
      int y = turn == 0 ? t.b() : t.a();
      if (values.dies(x, all) && !values.areSame(x, t.c())) {
        to = values.vector(x);
        if (values.isConstant(y)) {
          values.lanes(LaneOp.FMA132, t.type(), to, values.vector(t.c()), values.source(y));
        } else {
          values.lanes(LaneOp.FMA213, t.type(), to, values.vector(y), values.source(t.c()));
        }
        return values.keep(to, all);
      }
    }
    to = values.vectors.take();
    values.copy(to, t.c());
    boolean turned = values.isConstant(t.a());
    values.lanes(LaneOp.FMA231, t.type(), to, values.vector(turned ? t.b() : t.a()), values.source(turned ? t.a() : t.b()));
    values.release(all);
    return to;
  }
}
