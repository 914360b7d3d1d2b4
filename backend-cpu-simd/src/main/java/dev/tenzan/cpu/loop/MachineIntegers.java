package dev.tenzan.cpu.loop;

import dev.tenzan.cpu.machine.Assembler;
import dev.tenzan.cpu.machine.LaneOp;
import dev.tenzan.cpu.machine.Shift;
import dev.tenzan.cpu.machine.Source;
import dev.tenzan.cpu.machine.VectorForm;
import dev.tenzan.scalar.Instr;
import dev.tenzan.scalar.ScalarOp;

/** Operations on integers that take more than one instruction. */
final class MachineIntegers {
  private final Assembler a;
  private final MachineValues values;

  MachineIntegers(Assembler a, MachineValues values) {
    this.a = a;
    this.values = values;
  }

  /** Shifts by a constant or by lanes, by the low bits that count. */
  int shift(Instr.Binary b) {
    int width = Byte.SIZE * b.type().byteSize();
    int x = values.vector(b.a());
    if (values.isConstant(b.b())) {
      int count = (int) values.bits(b.b()) & width - 1;
      values.release(b.a(), b.b());
      int to = values.vectors.take();
      Shift shift = b.op() == ScalarOp.SHL ? Shift.LEFT : b.op() == ScalarOp.SHR ? Shift.RIGHT_SIGNED : Shift.RIGHT;
      a.shift(shift, values.form(b.type()), to, MachineValues.register(x), count);
      return to;
    }
    int to = values.vectors.take();
    a.lanes(LaneOp.AND, values.form(b.type()), to, values.vector(b.b()), new Source.Constant(width - 1));
    LaneOp op = b.op() == ScalarOp.SHL ? LaneOp.SHIFT_LEFT : b.op() == ScalarOp.SHR ? LaneOp.SHIFT_SIGN : LaneOp.SHIFT_RIGHT;
    a.lanes(op, values.form(b.type()), to, x, MachineValues.register(to));
    values.release(b.a(), b.b());
    return to;
  }

  /** Divides by a power of two, towards zero. */
  int divide(Instr.Binary b) {
    int width = Byte.SIZE * b.type().byteSize();
    int count = Long.numberOfTrailingZeros(values.bits(b.b()));
    VectorForm form = values.form(b.type());
    int x = values.vector(b.a());
    int to = values.vectors.take();
    int bias = values.vectors.take(); // what makes negative numbers round up
    if (count == 0) {
      a.clear(bias);
    } else {
      a.shift(Shift.RIGHT_SIGNED, form, bias, MachineValues.register(x), width - 1);
      a.shift(Shift.RIGHT, form, bias, MachineValues.register(bias), width - count);
    }
    a.lanes(LaneOp.ADD_INTEGERS, form, to, x, MachineValues.register(bias));
    if (b.op() == ScalarOp.DIV) {
      a.shift(Shift.RIGHT_SIGNED, form, to, MachineValues.register(to), count);
    } else {
      a.lanes(LaneOp.AND, form, to, to, new Source.Constant(values.bits(b.b()) - 1));
      a.lanes(LaneOp.SUBTRACT_INTEGERS, form, to, to, MachineValues.register(bias));
    }
    values.vectors.free(bias);
    values.release(b.a(), b.b());
    return to;
  }
}
