package dev.tenzan.cuda.sim;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.LongUnaryOperator;

/** Decodes conversions and moves (PTX ISA, "Data Movement and Conversion Instructions: mov, cvt"). */
final class ConvertDecoder {
  private static final Set<String> MODIFIERS =
      Set.of("rn", "rz", "rm", "rp", "rna", "rni", "rzi", "rmi", "rpi", "ftz", "sat", "relu", "satfinite");

  private final Lowering to;

  ConvertDecoder(Lowering to) {
    this.to = to;
  }

  void convert(Statement.Operation op) {
    Decoder.allow(op, MODIFIERS);
    if (op.has("satfinite")) {
      throw new Lowering.Unsupported();
    }
    List<Type> types = new ArrayList<>();
    for (String m : op.modifiers()) {
      Type t = Type.named(m);
      if (t != null) {
        types.add(t);
      }
    }
    if (types.size() != 2) {
      throw new Lowering.Unsupported();
    }
    Type result = types.get(0);
    Type source = types.get(1);
    List<Operand> o = op.operands();
    if (result == Type.F16X2 || result == Type.BF16X2) {
      packed(op, result == Type.F16X2 ? Type.F16 : Type.BF16, source);
      return;
    }
    Decoder.count(to, op, 2);
    LongUnaryOperator f = function(op, result, source);
    Type declared = to.declaredType(o.get(0));
    // A destination that is wider than the result holds it extended.
    int s = result.extension();
    LongUnaryOperator widened = result.bits < declared.bits && s != 0 ? a -> f.applyAsLong(a) << s >> s : f;
    long mask = result.bits < declared.bits ? declared.mask() : result.mask();
    to.emit(op, new Lanes.Unary(to.destination(o.get(0)), to.row(o.get(1), source), 0, mask, widened));
  }

  private void packed(Statement.Operation op, Type half, Type source) {
    Decoder.count(to, op, 3);
    List<Operand> o = op.operands();
    LongUnaryOperator f = function(op, half, source);
    int high = to.row(o.get(1), source);
    int low = to.row(o.get(2), source);
    to.emit(op, new Lanes.Binary(to.destination(o.get(0)), high, low, 0, 0xffff_ffffL,
        (a, b) -> f.applyAsLong(a) << 16 | f.applyAsLong(b)));
  }

  private LongUnaryOperator function(Statement.Operation op, Type result, Type source) {
    LongUnaryOperator f;
    if (source.isFloat()) {
      f = result.isFloat() ? floatToFloat(op, result, source) : floatToInteger(op, result, source);
    } else if (source.isInteger()) {
      f = result.isFloat() ? integerToFloat(op, result, source) : integerToInteger(op, result, source);
    } else {
      throw new Lowering.Unsupported();
    }
    if (result.isFloat() && op.has("sat")) {
      return a -> FloatMath.saturate(f.applyAsLong(a), result);
    }
    return result.isFloat() && op.has("relu") ? a -> FloatMath.relu(f.applyAsLong(a), result) : f;
  }

  private static LongUnaryOperator floatToFloat(Statement.Operation op, Type result, Type source) {
    boolean ftz = op.has("ftz");
    boolean integral = isIntegral(op);
    if (source == result && !integral && !ftz) {
      return a -> FloatMath.isNaN(a & source.mask(), source) ? Convert.nan(source) : a & source.mask();
    }
    Rounding r = Rounding.of(op.modifiers());
    return a -> {
      long bits = a & source.mask();
      double x = Convert.decode(ftz && source == Type.F32 ? Convert.flush(bits, source) : bits, source);
      long y = Convert.encode(integral ? integral(op, x) : x, result, r);
      return ftz && result == Type.F32 ? Convert.flush(y, result) : y;
    };
  }

  private static boolean isIntegral(Statement.Operation op) {
    return op.has("rni") || op.has("rzi") || op.has("rmi") || op.has("rpi");
  }

  private static double integral(Statement.Operation op, double x) {
    if (op.has("rmi")) {
      return Math.floor(x);
    } else if (op.has("rpi")) {
      return Math.ceil(x);
    } else if (op.has("rni")) {
      return Math.rint(x);
    }
    return x < 0 ? Math.ceil(x) : Math.floor(x);
  }

  private LongUnaryOperator floatToInteger(Statement.Operation op, Type result, Type source) {
    if (!isIntegral(op)) {
      throw to.error("a conversion to an integer needs one of .rni, .rzi, .rmi, .rpi");
    }
    boolean ftz = op.has("ftz");
    return a -> {
      long bits = a & source.mask();
      double x = Convert.decode(ftz ? Convert.flush(bits, source) : bits, source);
      return Convert.toInteger(integral(op, x), source, result);
    };
  }

  private static LongUnaryOperator integerToFloat(Statement.Operation op, Type result, Type source) {
    Rounding r = Rounding.of(op.modifiers());
    int s = source.extension();
    if (source.signed()) {
      return a -> Convert.encode(a << s >> s, result, r);
    }
    return a -> Convert.encodeUnsigned(a & source.mask(), result, r);
  }

  private static LongUnaryOperator integerToInteger(Statement.Operation op, Type result, Type source) {
    int s = source.extension();
    long mask = source.mask();
    LongUnaryOperator value = source.signed() ? a -> a << s >> s : a -> a & mask;
    if (!op.has("sat")) {
      return a -> value.applyAsLong(a) & result.mask();
    }
    return a -> clamp(value.applyAsLong(a), source.signed(), result) & result.mask();
  }

  private static long clamp(long value, boolean signed, Type to) {
    boolean huge = !signed && value < 0; // beyond 2^63
    if (to.signed()) {
      long bound = to.mask() >>> 1;
      return huge ? bound : Math.max(-bound - 1, Math.min(bound, value));
    }
    if (to.bits == 64) {
      return signed ? Math.max(0, value) : value;
    }
    return huge ? to.mask() : Math.max(0, Math.min(to.mask(), value));
  }

  /** {@code mov}: also packs parts into a register, or takes one apart. */
  void move(Statement.Operation op, Type t) {
    Decoder.allow(op, Set.of());
    Decoder.count(to, op, 2);
    Operand d = op.operands().get(0);
    Operand a = op.operands().get(1);
    if (d instanceof Operand.Vector parts) {
      unpack(op, parts.items(), to.row(a, t), t);
    } else if (a instanceof Operand.Vector parts) {
      pack(op, to.destination(d), parts.items(), t);
    } else if (a instanceof Operand.Name n && (n.name().startsWith("%clock") || n.name().startsWith("%globaltimer"))) {
      to.emit(op, new Clock(to.destination(d), t.mask()));
    } else {
      to.emit(op, new Lanes.Move(to.destination(d), to.row(a, t)));
    }
  }

  private void unpack(Statement.Operation op, List<Operand> parts, int row, Type t) {
    int bits = partBits(parts, t);
    long mask = (1L << bits) - 1;
    int source = row;
    if (parts.size() > 1) { // a part may be the register that is taken apart
      source = to.registers.scratchRow();
      to.emit(op, new Lanes.Move(source, row));
    }
    for (int i = 0; i < parts.size(); i++) {
      int shift = i * bits;
      if (!(parts.get(i) instanceof Operand.Name n && n.name().equals("_"))) {
        to.emit(op, new Lanes.Unary(to.destination(parts.get(i)), source, 0, mask, x -> x >>> shift));
      }
    }
  }

  private int partBits(List<Operand> parts, Type t) {
    if (t.bits > 64 || parts.isEmpty() || t.bits % parts.size() != 0) {
      throw new Lowering.Unsupported();
    }
    return t.bits / parts.size();
  }

  private void pack(Statement.Operation op, int d, List<Operand> parts, Type t) {
    int bits = partBits(parts, t);
    long mask = (1L << bits) - 1;
    Type part = bits == 8 ? Type.B8 : bits == 16 ? Type.B16 : bits == 32 ? Type.B32 : Type.B64;
    int sum = to.registers.scratchRow();
    for (int i = 0; i < parts.size(); i++) {
      int shift = i * bits;
      int a = to.row(parts.get(i), part);
      boolean first = i == 0;
      to.emit(op, new Lanes.Binary(sum, a, sum, 0, t.mask(), (x, y) -> (x & mask) << shift | (first ? 0 : y)));
    }
    to.emit(op, new Lanes.Move(d, sum));
  }

  /** {@code %clock}: how many instructions the warp's threads have executed, which grows and is the same each time. */
  private static final class Clock extends Instruction {
    private final int d;
    private final long bits;

    Clock(int d, long bits) {
      this.d = d;
      this.bits = bits;
    }

    @Override
    void execute(Warp w, int mask) {
      long now = w.clock();
      for (int m = mask; m != 0; m &= m - 1) {
        w.rows[d][Integer.numberOfTrailingZeros(m)] = now & bits;
      }
    }
  }
}
