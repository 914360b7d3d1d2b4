package dev.tenzan.cpu.loop;

import dev.tenzan.cpu.machine.Assembler;
import dev.tenzan.cpu.machine.MaskOp;
import dev.tenzan.scalar.Instr;
import dev.tenzan.type.DType;

/** The instructions on truth values, which are masks. */
final class MachineMasks {
  private final Assembler a;
  private final MachineValues values;

  MachineMasks(Assembler a, MachineValues values) {
    this.a = a;
    this.values = values;
  }

  /** A truth value's contrary. */
  int not(int operand) {
    int x = values.mask(operand);
    values.release(operand);
    int k = values.masks.take();
    a.masks(MaskOp.NOT, k, 0, x);
    return k;
  }

  /** An operation on two truth values. */
  int binary(Instr.Binary b) {
    int x = values.mask(b.a());
    int y = values.mask(b.b());
    values.release(b.a(), b.b());
    int k = values.masks.take();
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

  /** One of two truth values, as a third one says. */
  int select(Instr.Ternary t) {
    int k = values.mask(t.a());
    int x = values.mask(t.b());
    int y = values.mask(t.c());
    int to = values.masks.take();
    int other = values.masks.take();
    a.masks(MaskOp.AND, to, k, x);
    a.masks(MaskOp.AND_NOT, other, k, y);
    a.masks(MaskOp.OR, to, to, other);
    values.masks.free(other);
    values.release(t.a(), t.b(), t.c());
    return to;
  }
}
