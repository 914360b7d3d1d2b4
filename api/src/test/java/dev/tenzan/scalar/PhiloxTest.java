package dev.tenzan.scalar;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.tenzan.type.DType;
import java.util.HexFormat;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The random generator against the known answers of Random123, and against a plain program that gives them. */
class PhiloxTest {
  private static int[] program(long index, long key) {
    ScalarBuilder b = new ScalarBuilder();
    int[] words = Philox.randomWords(b, b.i64(index), b.i64(key));
    int[] result = new int[4];
    for (int i = 0; i < 4; i++) {
      result[i] = (int) Folded.constant(b, words[i], DType.I32);
    }
    return result;
  }

  /** Figure 2 and section 3.3 of the paper. */
  private static int[] plain(int[] counter, int[] key) {
    int[] c = counter.clone();
    int[] k = key.clone();
    for (int round = 0; round < 10; round++) {
      long p0 = Integer.toUnsignedLong(c[0]) * 0xD2511F53L;
      long p1 = Integer.toUnsignedLong(c[2]) * 0xCD9E8D57L;
      c = new int[] {(int) (p1 >>> 32) ^ c[1] ^ k[0], (int) p1, (int) (p0 >>> 32) ^ c[3] ^ k[1], (int) p0};
      k[0] += 0x9E3779B9;
      k[1] += 0xBB67AE85;
    }
    return c;
  }

  private static int[] words(String text) {
    String[] parts = text.split(" ");
    int[] words = new int[parts.length];
    for (int i = 0; i < parts.length; i++) {
      words[i] = HexFormat.fromHexDigits(parts[i]);
    }
    return words;
  }

  @ParameterizedTest
  @CsvSource({
    "00000000 00000000 00000000 00000000, 00000000 00000000, 6627e8d5 e169c58d bc57ac4c 9b00dbd8",
    "ffffffff ffffffff ffffffff ffffffff, ffffffff ffffffff, 408f276d 41c83b0e a20bc7c6 6d5451fd",
    "243f6a88 85a308d3 13198a2e 03707344, a4093822 299f31d0, d16cfe09 94fdcceb 5001e420 24126ea1",
  })
  void thePlainProgramGivesTheKnownAnswers(String counter, String key, String expected) {
    assertArrayEquals(words(expected), plain(words(counter), words(key)));
  }

  @Test
  void counterAndKeyZero() {
    assertArrayEquals(words("6627e8d5 e169c58d bc57ac4c 9b00dbd8"), program(0, 0));
  }

  @Test
  void anyCounterAndKey() {
    long seed = 11;
    SplittableRandom random = new SplittableRandom(seed);
    for (int i = 0; i < 100; i++) {
      long index = i == 0 ? -1 : random.nextLong();
      long key = i == 0 ? -1 : random.nextLong();
      int[] counter = {(int) index, (int) (index >>> 32), 0, 0};
      int[] keyWords = {(int) key, (int) (key >>> 32)};
      assertArrayEquals(plain(counter, keyWords), program(index, key), "index " + index + ", key " + key + ", seed " + seed);
    }
  }
}
