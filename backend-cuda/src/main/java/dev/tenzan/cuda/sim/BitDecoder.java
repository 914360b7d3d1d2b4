package dev.tenzan.cuda.sim;

import java.util.List;
import java.util.Set;
import java.util.function.LongBinaryOperator;
import java.util.function.LongUnaryOperator;
import org.jspecify.annotations.Nullable;

/** Decodes logic, shifts and bit fields (PTX ISA, "Logic and Shift Instructions"). */
final class BitDecoder {
  private static final Set<String> PERMUTATIONS = Set.of("f4e", "b4e", "rc8", "ecl", "ecr", "rc16");
  private static final Set<String> MODIFIERS =
      Set.of("l", "r", "clamp", "wrap", "shiftamt", "f4e", "b4e", "rc8", "ecl", "ecr", "rc16");

  private final Lowering to;

  BitDecoder(Lowering to) {
    this.to = to;
  }

  void decode(Statement.Operation op, Type t) {
    Decoder.allow(op, MODIFIERS);
    int bits = t.bits;
    boolean signed = t.signed();
    switch (op.opcode()) {
      case "and" -> binary(op, t, t, (a, b) -> a & b, FastRows::and);
      case "or" -> binary(op, t, t, (a, b) -> a | b, FastRows::or);
      case "xor" -> binary(op, t, t, (a, b) -> a ^ b, FastRows::xor);
      case "not" -> unary(op, t, t, a -> ~a);
      case "cnot" -> unary(op, t, t, a -> a == 0 ? 1 : 0);
      case "shl" -> binary(op, t, Type.U32, (a, b) -> BitMath.shiftLeft(a, b, bits), null);
      case "shr" -> {
        int s = t.extension();
        binary(op, t, Type.U32, (a, b) -> BitMath.shiftRight(a << s >> s, b, bits, signed), null);
      }
      case "popc" -> unary(op, t, Type.U32, Long::bitCount);
      case "clz" -> unary(op, t, Type.U32, a -> Long.numberOfLeadingZeros(a) - (64 - bits));
      case "brev" -> unary(op, t, t, a -> BitMath.reverse(a, bits));
      case "bfind" -> {
        boolean shiftAmount = op.has("shiftamt");
        unary(op, t, Type.U32, a -> BitMath.find(a, bits, signed, shiftAmount));
      }
      case "szext" -> binary(op, t, Type.U32, (a, b) -> extend(a, b & 0xffff_ffffL, op.has("wrap"), signed), null);
      case "bmsk" -> binary(op, t, Type.U32, (a, b) -> mask(a, b, op.has("wrap")), null);
      case "bfe" -> ternary(op, t, Type.U32, Type.U32, (a, b, c) -> BitMath.extract(a, b, c, bits, signed));
      case "shf" -> {
        boolean left = op.has("l");
        boolean wrap = op.has("wrap");
        ternary(op, t, t, Type.U32, (a, b, c) -> BitMath.funnel(a, b, c, left, wrap));
      }
      case "prmt" -> {
        String mode = op.modifiers().stream().filter(PERMUTATIONS::contains).findFirst().orElse("");
        ternary(op, t, t, t, (a, b, c) -> BitMath.permute(a, b, c, mode));
      }
      case "lop3" -> lop3(op, t);
      case "bfi" -> insert(op, t);
      default -> throw new Lowering.Unsupported();
    }
  }

  private static long extend(long a, long width, boolean wrap, boolean signed) {
    long n = wrap ? width & 31 : Math.min(width, 32);
    if (n == 0) {
      return 0;
    }
    return signed ? a << (64 - n) >> (64 - n) : a & (1L << n) - 1;
  }

  private static long mask(long from, long count, boolean wrap) {
    long pos = wrap ? from & 31 : Math.min(from & 0xffff_ffffL, 32);
    long len = wrap ? count & 31 : Math.min(count & 0xffff_ffffL, 32);
    return ((1L << len) - 1) << pos;
  }

  private void unary(Statement.Operation op, Type t, Type result, LongUnaryOperator f) {
    Decoder.count(to, op, 2);
    int a = to.row(op.operands().get(1), t);
    to.emit(op, new Lanes.Unary(to.destination(op.operands().get(0)), a, t.extension(), result.mask(), f));
  }

  private void binary(Statement.Operation op, Type t, Type second, LongBinaryOperator f, Lanes.@Nullable Rows fast) {
    Decoder.count(to, op, 3);
    List<Operand> o = op.operands();
    int d = to.destination(o.get(0));
    int a = to.row(o.get(1), t);
    int b = to.row(o.get(2), second);
    Instruction in = new Lanes.Binary(d, a, b, 0, t.mask(), f);
    to.emit(op, fast == null ? in : new Lanes.Fast(d, a, b, b, fast, in));
  }

  private void ternary(Statement.Operation op, Type t, Type second, Type third, Lanes.Ternary f) {
    Decoder.count(to, op, 4);
    List<Operand> o = op.operands();
    int a = to.row(o.get(1), t);
    int b = to.row(o.get(2), second);
    int c = to.row(o.get(3), third);
    // The fields of bits are read from the bits themselves, whatever the type's sign.
    to.emit(op, new Lanes.Three(to.destination(o.get(0)), a, b, c, 0, 0, t.mask(), f));
  }

  private void lop3(Statement.Operation op, Type t) {
    Decoder.count(to, op, 5);
    List<Operand> o = op.operands();
    if (!(o.get(4) instanceof Operand.Int table)) {
      throw to.error("lop3 takes its table as a constant");
    }
    int bits = (int) table.value();
    Lanes.Ternary f = (a, b, c) -> BitMath.lop3(a, b, c, bits);
    int d = to.destination(o.get(0));
    to.emit(op, new Lanes.Three(d, to.row(o.get(1), t), to.row(o.get(2), t), to.row(o.get(3), t), 0, 0, t.mask(), f));
  }

  private void insert(Statement.Operation op, Type t) {
    Decoder.count(to, op, 5);
    List<Operand> o = op.operands();
    int d = to.destination(o.get(0));
    int a = to.row(o.get(1), t);
    int b = to.row(o.get(2), t);
    int from = to.row(o.get(3), Type.U32);
    int count = to.row(o.get(4), Type.U32);
    to.emit(op, new Instruction() {
      @Override
      void execute(Warp w, int mask) {
        for (int m = mask; m != 0; m &= m - 1) {
          int i = Integer.numberOfTrailingZeros(m);
          w.rows[d][i] = BitMath.insert(w.rows[a][i], w.rows[b][i], w.rows[from][i], w.rows[count][i], t.bits) & t.mask();
        }
      }
    });
  }
}
