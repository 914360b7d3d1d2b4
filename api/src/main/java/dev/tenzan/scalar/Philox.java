package dev.tenzan.scalar;

import dev.tenzan.type.DType;

/**
 * The counter-based random generator Philox4x32-10 (Salmon, Moraes, Dror and Shaw, Parallel random numbers: as easy as 1, 2,
 * 3, SC'11) as a scalar program: four random words for every index, whatever order the indices come in.
 */
public final class Philox {
  private static final int ROUNDS = 10;
  private static final long MULTIPLIER_0 = 0xD2511F53L;
  private static final long MULTIPLIER_1 = 0xCD9E8D57L;
  private static final long WEYL_0 = 0x9E3779B9L;
  private static final long WEYL_1 = 0xBB67AE85L;
  private static final long LOW = 0xFFFFFFFFL;

  private Philox() {}

  /**
   * Four random words.
   *
   * @param b the builder
   * @param index an I64 value: the counter's low 64 bits; the high 64 are zero
   * @param key an I64 value: the key
   * @return four I32 values with uniform bits, in the order of the paper
   */
  public static int[] randomWords(ScalarBuilder b, int index, int key) {
    int mask = b.i64(LOW);
    int c0 = b.and(index, mask);
    int c1 = b.ushr(index, 32);
    int c2 = b.i64(0);
    int c3 = b.i64(0);
    int k0 = b.and(key, mask);
    int k1 = b.ushr(key, 32);
    for (int round = 0; round < ROUNDS; round++) {
      int p0 = b.mul(c0, b.i64(MULTIPLIER_0));
      int p1 = b.mul(c2, b.i64(MULTIPLIER_1));
      c0 = b.xor(b.ushr(p1, 32), b.xor(c1, k0));
      c1 = b.and(p1, mask);
      c2 = b.xor(b.ushr(p0, 32), b.xor(c3, k1));
      c3 = b.and(p0, mask);
      k0 = b.and(b.add(k0, b.i64(WEYL_0)), mask);
      k1 = b.and(b.add(k1, b.i64(WEYL_1)), mask);
    }
    int[] words = {c0, c1, c2, c3};
    for (int i = 0; i < 4; i++) {
      words[i] = b.convert(DType.I32, words[i]);
    }
    return words;
  }
}
