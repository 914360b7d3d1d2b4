package dev.tenzan.cpu.loop;

import dev.tenzan.cpu.machine.VectorSet;
import dev.tenzan.scalar.Instr;
import dev.tenzan.scalar.ScalarOp;
import dev.tenzan.type.DType;

/** Which bodies there is machine code for, as long as they find registers. */
final class MachineCoverage {
  /** The most instructions: longer code is not written in a blink. */
  private static final int MOST = 600;

  private MachineCoverage() {}

  static boolean serves(LoopBody body, VectorSet set) {
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
    return serves && results <= 1 && (set.hasMaskRegisters() || !isWide(body) || body.code().stream().allMatch(i -> servesWide(body, i)));
  }

  /** Whether a value has 64 bits. */
  static boolean isWide(LoopBody body) {
    return body.code().stream().anyMatch(i -> i.type().byteSize() == Long.BYTES);
  }

  /** Whether it touches elements of one or two bytes. */
  static boolean touchesNarrow(LoopBody body) {
    boolean loads = false;
    for (Instr i : body.code()) {
      loads |= i instanceof Instr.Load l && l.storage().byteSize() < Integer.BYTES || i instanceof Instr.Gather g && g.storage().byteSize() < Integer.BYTES;
    }
    return loads || body.outs().stream().anyMatch(o -> o instanceof LoopBody.ToMemory m && m.storage().byteSize() < Integer.BYTES);
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

  /** Whether AVX2 has what an instruction of a body with values of 64 bits needs: it does not convert integers of 64 bits to floats, or back. */
  private static boolean servesWide(LoopBody body, Instr instr) {
    return switch (instr) {
      case Instr.Load l -> LoopBody.move(l.address()) != LoopBody.REPEATED;
      case Instr.Convert c -> {
        DType from = body.type(c.a());
        yield !(from == DType.I64 && c.type().isFloat() || from.isFloat() && c.type() == DType.I64);
      }
      default -> true;
    };
  }
}
