package dev.tenzan.cuda.sim;

/** Operations on bits (PTX ISA, "Logic and Shift Instructions" and the bit instructions among the integer ones). */
final class BitMath {
  private BitMath() {}

  /** {@code shl}: amounts beyond the width shift everything out. */
  static long shiftLeft(long a, long amount, int bits) {
    long n = amount & 0xffff_ffffL;
    return n >= bits ? 0 : a << n;
  }

  /** {@code shr} of a value that is extended as its type is. */
  static long shiftRight(long a, long amount, int bits, boolean signed) {
    long n = Math.min(amount & 0xffff_ffffL, bits);
    if (signed) {
      return a >> Math.min(n, 63);
    }
    return n >= 64 ? 0 : a >>> n;
  }

  /** {@code shf}: 32 bits out of the 64 of b and a. */
  static long funnel(long a, long b, long amount, boolean left, boolean wrap) {
    int n = (int) (wrap ? amount & 31 : Math.min(amount & 0xffff_ffffL, 32));
    long both = b << 32 | a;
    return left ? n == 32 ? a : both << n >>> 32 : both >>> n;
  }

  /** {@code lop3}: the table's bit at each position's three bits. */
  static long lop3(long a, long b, long c, int table) {
    long result = 0;
    for (int i = 0; i < 8; i++) {
      if ((table >> i & 1) != 0) {
        result |= ((i & 4) != 0 ? a : ~a) & ((i & 2) != 0 ? b : ~b) & ((i & 1) != 0 ? c : ~c);
      }
    }
    return result;
  }

  /** {@code bfe}. */
  static long extract(long a, long from, long count, int bits, boolean signed) {
    int pos = (int) from & 0xff;
    int len = (int) count & 0xff;
    boolean ones = signed && len > 0 && (a >>> Math.min(pos + len - 1, bits - 1) & 1) != 0;
    long field = pos >= bits ? 0 : a >>> pos;
    int kept = Math.min(len, Math.max(0, bits - pos));
    long mask = kept >= 64 ? -1 : (1L << kept) - 1;
    return ones ? field | ~mask : field & mask;
  }

  /** {@code bfi}: the low bits of a, put into b. */
  static long insert(long a, long b, long from, long count, int bits) {
    int pos = (int) from & 0xff;
    int len = (int) count & 0xff;
    if (pos >= bits || len == 0) {
      return b;
    }
    long mask = (len >= 64 ? -1 : (1L << len) - 1) << pos;
    return (b & ~mask) | (a << pos & mask);
  }

  /** {@code bfind}: the position of the highest bit that is not the sign's; all ones where there is none. */
  static long find(long a, int bits, boolean signed, boolean shiftAmount) {
    long x = signed && a < 0 ? ~a : a;
    int at = 63 - Long.numberOfLeadingZeros(x);
    return at < 0 ? -1 : shiftAmount ? bits - 1 - at : at;
  }

  static long reverse(long a, int bits) {
    return Long.reverse(a) >>> (64 - bits);
  }

  /** {@code prmt}: four bytes out of the eight of a and b, with their signs where asked. */
  static long permute(long a, long b, long control, String mode) {
    long both = b << 32 | a;
    long selectors = switch (mode) {
      case "" -> control;
      case "f4e" -> 0x3210L + 0x1111L * (control & 3);
      case "b4e" -> selectorsBack((int) control & 3);
      case "rc8" -> 0x1111L * (control & 3);
      case "ecl" -> selectorsClamp((int) control & 3, true);
      case "ecr" -> selectorsClamp((int) control & 3, false);
      case "rc16" -> (control & 1) == 0 ? 0x1010 : 0x3232;
      default -> throw new IllegalArgumentException(mode);
    };
    long result = 0;
    for (int i = 0; i < 4; i++) {
      long selector = selectors >> (4 * i);
      long picked = both >>> (8 * (selector & 7)) & 0xff;
      if ((selector & 8) != 0) {
        picked = (picked & 0x80) != 0 ? 0xff : 0;
      }
      result |= picked << (8 * i);
    }
    return result;
  }

  private static long selectorsBack(int n) {
    long s = 0;
    for (int i = 0; i < 4; i++) {
      s |= (long) (n - i & 7) << (4 * i);
    }
    return s;
  }

  private static long selectorsClamp(int n, boolean left) {
    long s = 0;
    for (int i = 0; i < 4; i++) {
      s |= (long) (left ? Math.max(i, n) : Math.min(i, n)) << (4 * i);
    }
    return s;
  }
}
