package dev.tenzan.cuda.sim;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.math.BigInteger;
import java.util.List;
import java.util.Random;
import java.util.function.BinaryOperator;
import org.junit.jupiter.api.Test;

/** Integer, logic and bit-field instructions against {@link BigInteger} and loops over bits. */
class IntegerArithmeticTest {
  private static final long SEED = 31337;
  private static final int N = 300;
  private static final List<Type> TYPES = List.of(Type.U16, Type.S16, Type.U32, Type.S32, Type.U64, Type.S64);

  private final Random random = new Random(SEED);

  private long[] numbers(int bits) {
    long[] special = {0, 1, 2, -1, -2, 1L << (bits - 1), (1L << (bits - 1)) - 1, 31, 32, 33, 64};
    long[] a = new long[N];
    for (int i = 0; i < N; i++) {
      long x = i % 3 == 0 ? special[random.nextInt(special.length)] : random.nextLong() >> random.nextInt(64);
      a[i] = bits == 64 ? x : x & (1L << bits) - 1;
    }
    return a;
  }

  private static BigInteger value(long bits, Type t) {
    BigInteger x = new BigInteger(Long.toUnsignedString(bits));
    return t.signed() && x.testBit(t.bits - 1) ? x.subtract(BigInteger.ONE.shiftLeft(t.bits)) : x;
  }

  private static long cut(BigInteger x, int bits) {
    return bits == 64 ? x.longValue() : x.longValue() & (1L << bits) - 1;
  }

  private static void check(String what, long[] a, long[] b, int i, long expected, long actual) {
    assertEquals(Long.toHexString(expected), Long.toHexString(actual),
        () -> what + " of " + Long.toHexString(a[i]) + " and " + Long.toHexString(b[i]));
  }

  private void binary(String opcode, Type t, int out, BinaryOperator<BigInteger> f) {
    long[] a = numbers(t.bits);
    long[] b = numbers(t.bits);
    long[] d = Harness.each(opcode + t.text() + " %d, %a, %b;", t.bits, out, a, b);
    for (int i = 0; i < N; i++) {
      check(opcode + t.text(), a, b, i, cut(f.apply(value(a[i], t), value(b[i], t)), out), d[i]);
    }
  }

  @Test
  void arithmeticOfEveryType() {
    BigInteger allOnes = BigInteger.ONE.negate();
    for (Type t : TYPES) {
      binary("add", t, t.bits, BigInteger::add);
      binary("sub", t, t.bits, BigInteger::subtract);
      binary("mul.lo", t, t.bits, BigInteger::multiply);
      binary("mul.hi", t, t.bits, (x, y) -> x.multiply(y).shiftRight(t.bits));
      binary("min", t, t.bits, BigInteger::min);
      binary("max", t, t.bits, BigInteger::max);
      binary("div", t, t.bits, (x, y) -> y.signum() == 0 ? allOnes : x.divide(y));
      binary("rem", t, t.bits, (x, y) -> y.signum() == 0 ? x : x.remainder(y));
      if (t.bits < 64) {
        binary("mul.wide", t, 2 * t.bits, BigInteger::multiply);
      }
    }
    BigInteger least = BigInteger.valueOf(Integer.MIN_VALUE);
    BigInteger most = BigInteger.valueOf(Integer.MAX_VALUE);
    binary("add.sat", Type.S32, 32, (x, y) -> x.add(y).max(least).min(most));
    binary("sub.sat", Type.S32, 32, (x, y) -> x.subtract(y).max(least).min(most));
  }

  @Test
  void productsWithSums() {
    for (Type t : TYPES) {
      long[] a = numbers(t.bits);
      long[] b = numbers(t.bits);
      long[] c = numbers(t.bits);
      long[] lo = Harness.each("mad.lo" + t.text() + " %d, %a, %b, %c;", t.bits, t.bits, a, b, c);
      long[] hi = Harness.each("mad.hi" + t.text() + " %d, %a, %b, %c;", t.bits, t.bits, a, b, c);
      long[] sad = Harness.each("sad" + t.text() + " %d, %a, %b, %c;", t.bits, t.bits, a, b, c);
      for (int i = 0; i < N; i++) {
        BigInteger p = value(a[i], t).multiply(value(b[i], t));
        BigInteger z = value(c[i], t);
        check("mad.lo" + t.text(), a, b, i, cut(p.add(z), t.bits), lo[i]);
        check("mad.hi" + t.text(), a, b, i, cut(p.shiftRight(t.bits).add(z), t.bits), hi[i]);
        check("sad" + t.text(), a, b, i, cut(value(a[i], t).subtract(value(b[i], t)).abs().add(z), t.bits), sad[i]);
      }
    }
    long[] a = numbers(32);
    long[] b = numbers(32);
    long[] c = numbers(64);
    for (Type t : List.of(Type.S32, Type.U32)) {
      long[] d = Harness.each("mad.wide" + t.text() + " %d, %a, %b, %c;", 32, 32, 64, 64, a, b, c);
      for (int i = 0; i < N; i++) {
        check("mad.wide", a, b, i, value(a[i], t).multiply(value(b[i], t)).longValue() + c[i], d[i]);
      }
    }
  }

  @Test
  void carriesGoOnToTheNextWord() {
    long[] a = numbers(64);
    long[] b = numbers(64);
    String split = "{ .reg .b32 al, ah, bl, bh, r0, r1, r2, r3; mov.b64 {al, ah}, %a; mov.b64 {bl, bh}, %b;\n";
    String join = " mov.b64 %d, {r0, r1}; }";
    long[] sum = Harness.each(split + "add.cc.u32 r0, al, bl; addc.u32 r1, ah, bh;" + join, 64, 64, a, b);
    long[] difference = Harness.each(split + "sub.cc.u32 r0, al, bl; subc.u32 r1, ah, bh;" + join, 64, 64, a, b);
    long[] overflow = Harness.each("{ .reg .b64 x; add.cc.u64 x, %a, %b; addc.u64 %d, 0, 0; }", 64, 64, a, b);
    String product = "mul.lo.u32 r0, al, bl; mul.hi.u32 r1, al, bl; mad.lo.cc.u32 r1, al, bh, r1; madc.hi.u32 r2, al, bh, 0;\n"
        + "mad.lo.cc.u32 r1, ah, bl, r1; madc.hi.cc.u32 r2, ah, bl, r2; addc.u32 r3, 0, 0;\n"
        + "mad.lo.cc.u32 r2, ah, bh, r2; madc.hi.u32 r3, ah, bh, r3; mov.b64 %d, {r2, r3}; }";
    long[] high = Harness.each(split + product, 64, 64, a, b);
    for (int i = 0; i < N; i++) {
      check("sum", a, b, i, a[i] + b[i], sum[i]);
      check("difference", a, b, i, a[i] - b[i], difference[i]);
      check("overflow", a, b, i, Long.compareUnsigned(a[i] + b[i], a[i]) < 0 ? 1 : 0, overflow[i]);
      check("high product", a, b, i, Math.unsignedMultiplyHigh(a[i], b[i]), high[i]);
    }
  }

  @Test
  void shiftsAreClamped() {
    for (Type t : TYPES) {
      long[] a = numbers(t.bits);
      long[] b = numbers(32);
      for (int i = 0; i < N; i += 2) {
        b[i] = random.nextInt(70);
      }
      long[] right = Harness.each("shr" + t.text() + " %d, %a, %b;", t.bits, 32, 32, t.bits, a, b);
      long[] left = Harness.each("shl.b" + t.bits + " %d, %a, %b;", t.bits, 32, 32, t.bits, a, b);
      for (int i = 0; i < N; i++) {
        int n = (int) Math.min(b[i], 100);
        check("shr" + t.text(), a, b, i, cut(value(a[i], t).shiftRight(n), t.bits), right[i]);
        check("shl" + t.text(), a, b, i, cut(value(a[i], t).shiftLeft(n), t.bits), left[i]);
      }
    }
  }

  /** The loops of PTX ISA, "bfe" and "bfi". */
  @Test
  void bitFields() {
    for (Type t : List.of(Type.U32, Type.S32, Type.U64, Type.S64)) {
      long[] a = numbers(t.bits);
      long[] b = numbers(32);
      long[] c = numbers(32);
      for (int i = 0; i < N; i++) {
        b[i] = random.nextInt(i % 5 == 0 ? 256 : t.bits);
        c[i] = random.nextInt(i % 7 == 0 ? 256 : t.bits);
      }
      long[] d = Harness.each("bfe" + t.text() + " %d, %a, %b, %c;", t.bits, 32, 32, t.bits, a, b, c);
      String into = t.bits == 64 ? "0x123456789" : "0x56789";
      long[] f = Harness.each("bfi.b" + t.bits + " %d, %a, " + into + ", %b, %c;", t.bits, 32, 32, t.bits, a, b, c);
      for (int i = 0; i < N; i++) {
        int last = t.bits - 1;
        int pos = (int) b[i];
        int len = (int) c[i];
        long sign = t.signed() && len > 0 ? a[i] >>> Math.min(pos + len - 1, last) & 1 : 0;
        long extracted = 0;
        long inserted = t.bits == 64 ? 0x1_2345_6789L : 0x5_6789L;
        for (int k = 0; k <= last; k++) {
          extracted |= (k < len && pos + k <= last ? a[i] >>> (pos + k) & 1 : sign) << k;
        }
        for (int k = 0; k < len && pos + k <= last; k++) {
          inserted = inserted & ~(1L << (pos + k)) | (a[i] >>> k & 1) << (pos + k);
        }
        check("bfe" + t.text() + " " + pos + " " + len, a, b, i, extracted, d[i]);
        check("bfi" + t.text() + " " + pos + " " + len, a, b, i, inserted, f[i]);
      }
    }
  }

  @Test
  void countsAndPositions() {
    for (Type t : List.of(Type.U32, Type.S32, Type.U64, Type.S64)) {
      long[] a = numbers(t.bits);
      String b = ".b" + t.bits;
      long[] popc = Harness.each("popc" + b + " %d, %a;", t.bits, 32, a);
      long[] clz = Harness.each("clz" + b + " %d, %a;", t.bits, 32, a);
      long[] brev = Harness.each("brev" + b + " %d, %a;", t.bits, t.bits, a);
      long[] find = Harness.each("bfind" + t.text() + " %d, %a;", t.bits, 32, a);
      long[] amount = Harness.each("bfind.shiftamt" + t.text() + " %d, %a;", t.bits, 32, a);
      for (int i = 0; i < N; i++) {
        BigInteger x = new BigInteger(Long.toUnsignedString(a[i]));
        BigInteger v = value(a[i], t);
        int highest = (v.signum() < 0 ? v.not() : v).bitLength() - 1;
        long reversed = 0;
        for (int k = 0; k < t.bits; k++) {
          reversed |= (x.testBit(k) ? 1L : 0) << (t.bits - 1 - k);
        }
        check("popc", a, a, i, x.bitCount(), popc[i]);
        check("clz", a, a, i, t.bits - x.bitLength(), clz[i]);
        check("brev", a, a, i, reversed, brev[i]);
        check("bfind", a, a, i, highest & 0xffff_ffffL, find[i]);
        check("bfind.shiftamt", a, a, i, (highest < 0 ? -1 : t.bits - 1 - highest) & 0xffff_ffffL, amount[i]);
      }
    }
  }

  @Test
  void logicAndPermutations() {
    long[] a = numbers(32);
    long[] b = numbers(32);
    long[] c = numbers(32);
    long[] lop = Harness.each("lop3.b32 %d, %a, %b, %c, 0x96;", 32, 32, a, b, c);
    long[] majority = Harness.each("lop3.b32 %d, %a, %b, %c, 0xe8;", 32, 32, a, b, c);
    long[] prmt = Harness.each("prmt.b32 %d, %a, %b, %c;", 32, 32, a, b, c);
    long[] left = Harness.each("shf.l.clamp.b32 %d, %a, %b, %c;", 32, 32, a, b, c);
    long[] right = Harness.each("shf.r.wrap.b32 %d, %a, %b, %c;", 32, 32, a, b, c);
    long[] not = Harness.each("cnot.b32 %d, %a; not.b32 %d, %d;", 32, 32, a);
    long[] dot = Harness.each("dp4a.s32.u32 %d, %a, %b, %c;", 32, 32, a, b, c);
    for (int i = 0; i < N; i++) {
      long both = b[i] << 32 | a[i];
      long picked = 0;
      int sum = (int) c[i];
      for (int k = 0; k < 4; k++) {
        int selector = (int) (c[i] >>> 4 * k) & 15;
        long octet = both >>> 8 * (selector & 7) & 0xff;
        picked |= (selector < 8 ? octet : octet < 0x80 ? 0 : 0xff) << 8 * k;
        sum += (byte) (a[i] >>> 8 * k) * (int) (b[i] >>> 8 * k & 0xff);
      }
      check("lop3", a, b, i, a[i] ^ b[i] ^ c[i], lop[i]);
      check("lop3", a, b, i, (a[i] & b[i]) | (a[i] & c[i]) | (b[i] & c[i]), majority[i]);
      check("prmt", a, b, i, picked, prmt[i]);
      long n = Math.min(c[i], 32);
      check("shf.l", a, b, i, (n == 32 ? a[i] : both << n >>> 32) & 0xffff_ffffL, left[i]);
      check("shf.r", a, b, i, both >>> (c[i] & 31) & 0xffff_ffffL, right[i]);
      check("cnot", a, b, i, a[i] == 0 ? 0xffff_fffeL : 0xffff_ffffL, not[i]);
      check("dp4a", a, b, i, sum & 0xffff_ffffL, dot[i]);
    }
  }

  @Test
  void comparisons() {
    for (Type t : TYPES) {
      for (String test : List.of("eq", "ne", "lt", "le", "gt", "ge")) {
        long[] a = numbers(t.bits);
        long[] b = numbers(t.bits);
        for (int i = 0; i < N; i += 4) {
          b[i] = a[i];
        }
        String uses = " %p|%q, %a, %b; selp.b32 %d, 1, 2, %p; @!%q add.u32 %d, %d, 4;";
        long[] d = Harness.each("setp." + test + t.text() + uses, t.bits, 32, a, b);
        for (int i = 0; i < N; i++) {
          check("setp." + test + t.text(), a, b, i, holds(test, value(a[i], t).compareTo(value(b[i], t))) ? 5 : 2, d[i]);
        }
      }
    }
  }

  private static boolean holds(String test, int order) {
    return switch (test) {
      case "eq" -> order == 0;
      case "ne" -> order != 0;
      case "lt" -> order < 0;
      case "le" -> order <= 0;
      case "gt" -> order > 0;
      default -> order >= 0;
    };
  }

  @Test
  void comparisonsOfFloatsKnowUnorderedPairs() {
    long[] values = {0, 0x8000_0000L, 0x3f80_0000L, 0xbf80_0000L, 0x7fc0_0000L, 0x7f80_0000L};
    long[] a = new long[36];
    long[] b = new long[36];
    for (int i = 0; i < 36; i++) {
      a[i] = values[i / 6];
      b[i] = values[i % 6];
    }
    for (String test : List.of("eq", "ne", "lt", "le", "gt", "ge", "equ", "neu", "ltu", "leu", "gtu", "geu", "num", "nan")) {
      String text = "setp." + test + ".f32 %p, %a, %b; selp.b32 %d, 1, 0, %p;";
      String combined = "setp.eq.u32 %q, 0, 0; setp." + test + ".xor.f32 %p, %a, %b, %q; selp.b32 %d, 1, 0, %p;";
      String set = "set." + test + ".f32.f32 %d, %a, %b;";
      long[] d = Harness.each(text, 32, 32, a, b);
      long[] e = Harness.each(combined, 32, 32, a, b);
      long[] f = Harness.each(set, 32, 32, a, b);
      for (int i = 0; i < 36; i++) {
        float x = Float.intBitsToFloat((int) a[i]);
        float y = Float.intBitsToFloat((int) b[i]);
        boolean unordered = Float.isNaN(x) || Float.isNaN(y);
        int order = x < y ? -1 : x > y ? 1 : 0;
        boolean expected = switch (test) {
          case "num" -> !unordered;
          case "nan" -> unordered;
          default -> unordered ? test.length() == 3 : holds(test.substring(0, 2), order);
        };
        check(test, a, b, i, expected ? 1 : 0, d[i]);
        check(test + ".xor", a, b, i, expected ? 0 : 1, e[i]);
        check("set." + test, a, b, i, expected ? 0x3f80_0000L : 0, f[i]);
      }
    }
  }
}
