package dev.tenzan.cpu.loop;

import static dev.tenzan.cpu.machine.Assembler.ALL;

import dev.tenzan.cpu.machine.Assembler;
import dev.tenzan.cpu.machine.LaneOp;
import dev.tenzan.cpu.machine.Shift;
import dev.tenzan.cpu.machine.Source;
import dev.tenzan.cpu.machine.VectorOp;
import dev.tenzan.scalar.Instr;
import dev.tenzan.type.DType;

/** The conversions of a body's machine code: between compute types, and to what narrow storage types hold. */
final class MachineConversions {
  /** Half of the last bit that stays, less one. */
  private static final int BF16_HALF = 0x7fff;

  private final MachineValues values;
  private final Assembler a;

  MachineConversions(Assembler a, MachineValues values) {
    this.a = a;
    this.values = values;
  }

  /** Emits a conversion from a type, and returns the register: a mask for BOOL. */
  int convert(Instr.Convert c, DType from) {
    if (from == DType.BOOL) {
      int k = values.mask(c.a());
      values.release(c.a());
      return values.oneWhere(k, c.type());
    }
    int x = values.vector(c.a());
    if (c.type() == DType.BOOL) {
      values.release(c.a());
      int k = values.masks.take();
      if (from.isFloat()) {
        a.lanes(LaneOp.COMPARE, values.form(from), k, x, new Source.Constant(0), ALL, false, MachineValues.NOT_EQUAL);
      } else {
        a.lanes(LaneOp.TEST, values.form(from), k, x, MachineValues.register(x));
      }
      return k;
    }
    int to = values.vectors.take();
    boolean same = from.byteSize() == c.type().byteSize();
    boolean half = values.halved() && same && from.byteSize() == Integer.BYTES;
    if (from == DType.I64 && c.type() == DType.I32) {
      a.lowerHalves(to, x);
    } else {
      a.vector(conversion(from, c.type()), half, to, MachineValues.register(x), ALL, false);
    }
    if (from.isFloat() && !c.type().isFloat()) {
      saturate(to, c.type(), x, from);
    }
    values.release(c.a());
    return to;
  }

  private static VectorOp conversion(DType from, DType to) {
    return switch (from) {
      case F32 -> to == DType.F64 ? VectorOp.VCVTPS2PD : to == DType.I32 ? VectorOp.VCVTTPS2DQ : VectorOp.VCVTTPS2QQ;
      case F64 -> to == DType.F32 ? VectorOp.VCVTPD2PS : to == DType.I32 ? VectorOp.VCVTTPD2DQ : VectorOp.VCVTTPD2QQ;
      case I32 -> to == DType.I64 ? VectorOp.VPMOVSXDQ : to == DType.F32 ? VectorOp.VCVTDQ2PS : VectorOp.VCVTDQ2PD;
      case I64 -> to == DType.F32 ? VectorOp.VCVTQQ2PS : VectorOp.VCVTQQ2PD;
      default -> throw new IllegalStateException("not a compute type of numbers: " + from);
    };
  }

  /** Makes right what an instruction gives for numbers that no integer is near: it gives the least one for all of them. */
  private void saturate(int to, DType type, int x, DType from) {
    int k = values.masks.take();
    double end = type == DType.I64 ? 0x1p63 : 0x1p31;
    long tooLarge = from == DType.F64 ? Double.doubleToRawLongBits(end) : Float.floatToRawIntBits((float) end);
    a.lanes(LaneOp.COMPARE, values.form(from), k, x, new Source.Constant(tooLarge), ALL, false, MachineValues.FLOATS_NOT_LESS);
    a.lanes(LaneOp.BROADCAST, values.form(type), to, 0, new Source.Constant(~MachineValues.sign(type)), k, false);
    a.lanes(LaneOp.COMPARE, values.form(from), k, x, MachineValues.register(x), ALL, false, MachineValues.UNORDERED);
    a.lanes(LaneOp.XOR, values.form(type), to, to, MachineValues.register(to), k, false);
    values.masks.free(k);
  }

  /** Emits the rounding of a value to what a storage type holds. */
  int narrow(Instr.Narrow n) {
    int x = values.vector(n.a());
    int to = values.vectors.take();
    switch (n.storage()) {
      case U8 -> a.lanes(LaneOp.AND, values.form(n.type()), to, x, new Source.Constant(255));
      case I8, I16 -> {
        int count = Integer.SIZE - Byte.SIZE * n.storage().byteSize();
        a.shift(Shift.LEFT, values.form(DType.I32), to, MachineValues.register(x), count);
        a.shift(Shift.RIGHT_SIGNED, values.form(DType.I32), to, MachineValues.register(to), count);
      }
      case F16 -> {
        a.vector(VectorOp.VCVTPS2PH, values.halved(), x, MachineValues.register(to), ALL, false, Assembler.NEAREST);
        a.vector(VectorOp.VCVTPH2PS, values.halved(), to, MachineValues.register(to), ALL, false);
      }
      case BF16 -> {
        int k = values.masks.take();
        a.shift(Shift.RIGHT, values.form(DType.I32), to, MachineValues.register(x), MachineValues.WORD);
        a.lanes(LaneOp.AND, values.form(DType.I32), to, to, new Source.Constant(1));
        a.lanes(LaneOp.ADD_INTEGERS, values.form(DType.I32), to, to, new Source.Constant(BF16_HALF));
        a.lanes(LaneOp.ADD_INTEGERS, values.form(DType.I32), to, to, MachineValues.register(x));
        a.lanes(LaneOp.AND, values.form(DType.I32), to, to, new Source.Constant(-1 << MachineValues.WORD));
        a.lanes(LaneOp.COMPARE, values.form(DType.F32), k, x, MachineValues.register(x), ALL, false, MachineValues.UNORDERED);
        a.lanes(LaneOp.BROADCAST, values.form(DType.F32), to, 0, new Source.Constant(Float.floatToRawIntBits(Float.NaN)), k, false);
        values.masks.free(k);
      }
      default -> throw new IllegalStateException("not narrow: " + n.storage());
    }
    values.release(n.a());
    return to;
  }
}
