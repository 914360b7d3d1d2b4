package dev.tenzan.cuda.sim;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Random;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What the threads of a warp and of a block say to each other. */
class WarpTest {
  private static void check(int threads, String body, IntUnaryOperator expected) {
    assertArrayEquals(IntStream.range(0, threads).map(expected).toArray(), Harness.ints(threads, body));
  }

  private static String shuffle(String mode, int by, int clamp) {
    return ".reg .b32 %x, %y; .reg .pred %p; mul.lo.u32 %x, %t, 10;\n"
        + "shfl.sync." + mode + ".b32 %y|%p, %x, " + by + ", " + clamp + ", -1;\n"
        + "@%p add.u32 %y, %y, 1; st.global.u32 [%mine], %y;";
  }

  @Test
  void shufflesWithinTheWarp() {
    check(64, shuffle("down", 3, 31), t -> t % 32 + 3 < 32 ? 10 * (t + 3) + 1 : 10 * t);
    check(64, shuffle("up", 5, 0), t -> t % 32 >= 5 ? 10 * (t - 5) + 1 : 10 * t);
    check(64, shuffle("bfly", 16, 31), t -> 10 * (t ^ 16) + 1);
    check(64, shuffle("idx", 7, 31), t -> 10 * (t / 32 * 32 + 7) + 1);
  }

  /** Segments of eight lanes: the mask in bits 8 to 12 keeps the upper bits of the lane. */
  @Test
  void shufflesWithinSegments() {
    int segments = 24 << 8;
    check(32, shuffle("down", 3, segments | 31), t -> t % 8 + 3 < 8 ? 10 * (t + 3) + 1 : 10 * t);
    check(32, shuffle("up", 2, segments), t -> t % 8 >= 2 ? 10 * (t - 2) + 1 : 10 * t);
    check(32, shuffle("idx", 11, segments | 31), t -> 10 * (t / 8 * 8 + 3) + 1);
    check(32, shuffle("bfly", 9, segments | 31), t -> (t ^ 9) <= (t | 7) ? 10 * (t ^ 9) + 1 : 10 * t);
  }

  @Test
  void votesAndMasks() {
    check(40, """
        .reg .b32 %x, %y; .reg .pred %p, %q, %r;
        setp.gt.u32 %p, %t, 30;
        mov.u32 %y, 0;
        vote.sync.ballot.b32 %x, %p, -1;
        vote.sync.any.pred %q, %p, -1;
        vote.sync.all.pred %r, !%p, -1;
        popc.b32 %y, %x;
        @%q add.u32 %y, %y, 100;
        @%r add.u32 %y, %y, 1000;
        mov.u32 %x, %lanemask_lt;
        popc.b32 %x, %x;
        mad.lo.u32 %y, %x, 10000, %y;
        st.global.u32 [%mine], %y;
        """, t -> t % 32 * 10000 + (t < 32 ? 101 : 108));
  }

  @Test
  void matchesAndReductions() {
    check(32, """
        .reg .b32 %x, %y, %z, %w;
        and.b32 %x, %t, 3;
        match.any.sync.b32 %y, %x, -1;
        popc.b32 %y, %y;
        sub.s32 %z, 5, %t;
        redux.sync.min.s32 %w, %z, -1;
        redux.sync.add.u32 %z, %t, -1;
        mad.lo.s32 %y, %y, 1000, %z;
        mad.lo.s32 %y, %w, 100000, %y;
        st.global.u32 [%mine], %y;
        """, t -> -26 * 100000 + 8 * 1000 + 31 * 32 / 2);
  }

  /** As since Volta: the halves of a warp come to the instruction on different ways and wait for each other. */
  @Test
  void lanesWaitForOthersThatComeLater() {
    check(32, """
        .reg .b32 %x, %y; .reg .pred %p;
        .shared .b32 s[32];
        mul.lo.u32 %x, %t, 4;
        mov.u32 %y, s;
        add.u32 %x, %x, %y;
        setp.lt.u32 %p, %t, 16;
        @%p bra LOW;
        st.shared.u32 [%x], %t;
        bar.warp.sync -1;
        xor.b32 %x, %x, 64;
        ld.shared.u32 %y, [%x];
        bra END;
        LOW:
        add.u32 %y, %t, 100;
        st.shared.u32 [%x], %y;
        bar.warp.sync -1;
        xor.b32 %x, %x, 64;
        ld.shared.u32 %y, [%x];
        END:
        st.global.u32 [%mine], %y;
        """, t -> t < 16 ? t + 16 : t - 16 + 100);
  }

  @Test
  void reducingBarriersAndCountingBarriers() {
    check(96, """
        .reg .b32 %x, %y; .reg .pred %p, %q, %r;
        setp.lt.u32 %p, %t, 40;
        bar.red.popc.u32 %x, 0, %p;
        bar.red.or.pred %q, 1, !%p;
        bar.red.and.pred %r, 2, %p;
        @%q add.u32 %x, %x, 1000;
        @%r add.u32 %x, %x, 5000;
        st.global.u32 [%mine], %x;
        """, t -> 1040);
    // Warp 0 gives to warp 1 over a barrier that only these two know; warp 2 goes on.
    check(96, """
        .reg .b32 %x, %y, %w; .reg .pred %p;
        .shared .b32 s[32];
        shr.u32 %w, %t, 5;
        and.b32 %x, %t, 31;
        shl.b32 %x, %x, 2;
        mov.u32 %y, s;
        add.u32 %x, %x, %y;
        mov.u32 %y, 5;
        setp.eq.u32 %p, %w, 2;
        @%p bra END;
        setp.eq.u32 %p, %w, 1;
        @%p bra TAKE;
        st.shared.u32 [%x], %t;
        bar.arrive 3, 64;
        bra END;
        TAKE:
        bar.sync 3, 64;
        ld.shared.u32 %y, [%x];
        END:
        st.global.u32 [%mine], %y;
        """, t -> t / 32 == 1 ? t - 32 : 5);
  }

  /** Doubles whose exponents are far apart, so that sums in another order have other bits, and some special ones. */
  private static double[][] doubles(Random random, int rows, int columns) {
    double[][] all = new double[rows][columns];
    for (double[] row : all) {
      for (int i = 0; i < columns; i++) {
        double special = new double[] {-0.0, 0.0, Double.MIN_VALUE, Double.NaN, Double.NEGATIVE_INFINITY, 1e-300}[random.nextInt(6)];
        row[i] = random.nextInt(40) == 0 ? special : Math.scalb(random.nextGaussian(), random.nextInt(30) - 15);
      }
    }
    return all;
  }

  /**
   * An mma of f64 is one chain of fma for each result. A lane with g = lane / 4 and t = lane % 4 has rows g + 8h of A at products t + 4s,
   * products t + 4s of B at column g, and columns 2t and 2t + 1 of the results' rows g + 8h.
   */
  private static void checkF64(int m, int k) {
    Random random = new Random(100 * m + k);
    double[][] a = doubles(random, m, k);
    double[][] b = doubles(random, k, 8);
    double[][] c = doubles(random, m, 8);
    c[0][0] = -0.0;
    int halves = m / 8;
    int registers = halves * k / 4 + k / 4 + 2 * halves; // a, then b, then c
    double[] lanes = new double[32 * registers];
    for (int lane = 0; lane < 32; lane++) {
      int at = lane * registers;
      for (int i = 0; i < halves * k / 4; i++) {
        lanes[at++] = a[lane / 4 + i % halves * 8][lane % 4 + i / halves * 4];
      }
      for (int i = 0; i < k / 4; i++) {
        lanes[at++] = b[lane % 4 + 4 * i][lane / 4];
      }
      for (int i = 0; i < 2 * halves; i++) {
        lanes[at++] = c[lane / 4 + i / 2 * 8][lane % 4 * 2 + i % 2];
      }
    }
    StringBuilder ptx = new StringBuilder(".reg .b64 %at; .reg .f64 %v<" + registers + ">;\n");
    ptx.append("mad.wide.u32 %at, %t, ").append(8 * registers).append(", %out;\n");
    List<String> names = IntStream.range(0, registers).mapToObj(i -> "%v" + i).toList();
    for (int i = 0; i < registers; i++) {
      ptx.append("ld.global.f64 ").append(names.get(i)).append(", [%at+").append(8 * i).append("];\n");
    }
    int results = registers - 2 * halves;
    String d = vector(names, results, registers);
    ptx.append("mma.sync.aligned.m").append(m).append("n8k").append(k).append(".row.col.f64.f64.f64.f64 ").append(d).append(", ");
    ptx.append(vector(names, 0, halves * k / 4)).append(", ").append(vector(names, halves * k / 4, results)).append(", ").append(d).append(";\n");
    for (int i = results; i < registers; i++) {
      ptx.append("st.global.f64 [%at+").append(8 * i).append("], ").append(names.get(i)).append(";\n");
    }
    Harness h = Harness.ofBody(ptx.toString());
    long buffer = h.upload(MemorySegment.ofArray(lanes));
    h.launch("k", 1, 32, 0, buffer);
    h.memory.read(buffer, MemorySegment.ofArray(lanes));
    for (int lane = 0; lane < 32; lane++) {
      for (int i = 0; i < 2 * halves; i++) {
        int row = lane / 4 + i / 2 * 8;
        int column = lane % 4 * 2 + i % 2;
        double chain = c[row][column];
        for (int j = 0; j < k; j++) {
          chain = Math.fma(a[row][j], b[j][column], chain);
        }
        assertEquals(chain, lanes[lane * registers + results + i], "m" + m + "n8k" + k + " at " + row + ", " + column);
      }
    }
  }

  private static String vector(List<String> names, int from, int to) {
    return "{" + String.join(", ", names.subList(from, to)) + "}";
  }

  @Test
  void productsOfDoublesAreChains() {
    checkF64(8, 4);
    checkF64(16, 4);
    checkF64(16, 8);
    checkF64(16, 16);
  }

  @Test
  void atomicsGiveTheOldValue() {
    int[] old = Harness.ints(64, """
        .reg .b32 %x; .reg .b64 %sum;
        .shared .align 8 .b8 s[16];
        .reg .pred %p;
        setp.eq.u32 %p, %t, 0;
        @%p st.shared.u32 [s], 10;
        @%p st.shared.f32 [s+4], 0f00000000;
        @%p st.shared.s32 [s+8], -3;
        bar.sync 0;
        atom.shared.add.u32 %x, [s], 2;
        red.shared.add.f32 [s+4], 0f3F000000;
        red.shared.max.s32 [s+8], %t;
        bar.sync 0;
        @%p ld.shared.f32 %x, [s+4];
        @%p cvt.rni.s32.f32 %x, %x;
        setp.eq.u32 %p, %t, 1;
        @%p ld.shared.s32 %x, [s+8];
        st.global.u32 [%mine], %x;
        """);
    assertEquals(32, old[0]);
    assertEquals(63, old[1]);
    for (int t = 2; t < 64; t++) {
      assertEquals(10 + 2 * t, old[t]);
    }
  }

  @Test
  void atomicsThatWrapAndCompare() {
    assertArrayEquals(new int[] {0, 1, 2, 3, 0, 1, 2, 3}, Harness.ints(8, """
        .reg .b32 %x; .reg .pred %p; .shared .u32 s;
        setp.eq.u32 %p, %t, 0;
        @%p st.shared.u32 [s], 0;
        bar.sync 0;
        atom.shared.inc.u32 %x, [s], 3;
        st.global.u32 [%mine], %x;
        """));
    assertArrayEquals(new int[] {2, 1, 0, 2, 1, 0, 2, 1}, Harness.ints(8, """
        .reg .b32 %x; .reg .pred %p; .shared .u32 s;
        setp.eq.u32 %p, %t, 0;
        @%p st.shared.u32 [s], 2;
        bar.sync 0;
        atom.shared.dec.u32 %x, [s], 2;
        st.global.u32 [%mine], %x;
        """));
  }
}
