package dev.tenzan.cuda.sim;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Lanes that go different ways, and meet again. */
class ControlFlowTest {
  private static void check(int threads, String body, IntUnaryOperator expected) {
    assertArrayEquals(IntStream.range(0, threads).map(expected).toArray(), Harness.ints(threads, body));
  }

  @Test
  void loopsOfDifferentLengths() {
    check(100, """
        .reg .b32 %i, %s; .reg .pred %p;
        mov.u32 %i, 0; mov.u32 %s, 0;
        LOOP:
        setp.ge.u32 %p, %i, %t;
        @%p bra DONE;
        add.u32 %s, %s, %i;
        add.u32 %i, %i, 1;
        bra.uni LOOP;
        DONE:
        st.global.u32 [%mine], %s;
        """, t -> t * (t - 1) / 2);
  }

  @Test
  void nestedConditionsAndBreaks() {
    check(64, """
        .reg .b32 %i, %j, %s, %x; .reg .pred %p, %q;
        mov.u32 %s, 0;
        mov.u32 %i, 0;
        OUTER:
        mov.u32 %j, 0;
        INNER:
        mad.lo.u32 %x, %i, %j, %t;
        rem.u32 %x, %x, 7;
        setp.eq.u32 %p, %x, 3;
        @%p bra NEXT;
        setp.gt.u32 %q, %x, 4;
        @!%q bra SMALL;
        add.u32 %s, %s, 100;
        bra JOIN;
        SMALL:
        add.u32 %s, %s, %x;
        JOIN:
        add.u32 %j, %j, 1;
        setp.lt.u32 %p, %j, 5;
        @%p bra INNER;
        NEXT:
        add.u32 %i, %i, 1;
        setp.gt.u32 %q, %s, 900;
        @%q bra OUT;
        setp.lt.u32 %p, %i, 6;
        @%p bra OUTER;
        OUT:
        st.global.u32 [%mine], %s;
        """, ControlFlowTest::nested);
  }

  private static int nested(int t) {
    int s = 0;
    for (int i = 0; i < 6; i++) {
      for (int j = 0; j < 5; j++) {
        int x = (i * j + t) % 7;
        if (x == 3) {
          break;
        }
        s += x > 4 ? 100 : x;
      }
      if (s > 900) {
        break;
      }
    }
    return s;
  }

  @Test
  void earlyExitsDoNotHoldUpTheOthers() {
    check(96, """
        .reg .b32 %x; .reg .pred %p, %q;
        .shared .b32 sum;
        setp.eq.u32 %q, %t, 50;
        mov.u32 %x, 0;
        @%q st.shared.u32 [sum], %x;
        bar.sync 0;
        and.b32 %x, %t, 3;
        setp.eq.u32 %p, %x, 1;
        @%p ret;
        setp.eq.u32 %p, %x, 2;
        @!%p bra GO;
        mov.u32 %x, 7;
        st.global.u32 [%mine], %x;
        exit;
        GO:
        atom.shared.add.u32 %x, [sum], 1;
        bar.sync 0;
        ld.shared.u32 %x, [sum];
        st.global.u32 [%mine], %x;
        """, t -> t % 4 == 1 ? 0 : t % 4 == 2 ? 7 : 48);
  }

  @Test
  void indexedBranchesAndPredicatedInstructions() {
    check(40, """
        .reg .b32 %x, %y; .reg .pred %p;
        rem.u32 %x, %t, 3;
        mov.u32 %y, 0;
        TABLE: .branchtargets A, B, C;
        brx.idx %x, TABLE;
        A: mov.u32 %y, 10; bra.uni END;
        B: mov.u32 %y, 20;
        C: add.u32 %y, %y, 5;
        END:
        setp.gt.u32 %p, %t, 20;
        @%p add.u32 %y, %y, 1000;
        @!%p add.u32 %y, %y, 2000;
        st.global.u32 [%mine], %y;
        """, t -> (t % 3 == 0 ? 10 : t % 3 == 1 ? 25 : 5) + (t > 20 ? 1000 : 2000));
  }

  @Test
  void lanesThatSpinLetTheOneTheyWaitForGoOn() {
    assertEquals(64, Harness.ints(64, """
        .reg .b32 %x; .reg .pred %p; .reg .b64 %lock;
        .shared .b32 held; .shared .b32 count;
        setp.eq.u32 %p, %t, 0;
        @%p st.shared.u32 [held], 0;
        @%p st.shared.u32 [count], 0;
        bar.sync 0;
        AGAIN:
        atom.shared.cas.b32 %x, [held], 0, 1;
        setp.ne.u32 %p, %x, 0;
        @%p bra AGAIN;
        ld.volatile.shared.u32 %x, [count];
        add.u32 %x, %x, 1;
        st.volatile.shared.u32 [count], %x;
        atom.shared.exch.b32 %x, [held], 0;
        bar.sync 0;
        ld.shared.u32 %x, [count];
        st.global.u32 [%mine], %x;
        """)[63]);
  }

  @Test
  void functionsAreCalledByDivergentLanes() {
    String ptx = """
        .version 8.0
        .target sm_75
        .address_size 64
        .func (.reg .b32 %r) twice (.reg .b32 %a) {
          .reg .pred %p;
          setp.gt.u32 %p, %a, 20;
          @%p bra BIG;
          add.u32 %r, %a, %a;
          ret;
          BIG:
          mov.u32 %r, 99;
          ret;
        }
        .visible .entry k(.param .u64 k_out) {
          .reg .b64 %o; .reg .b32 %t, %x, %y; .reg .pred %p;
          ld.param.u64 %o, [k_out];
          mov.u32 %t, %tid.x;
          mad.wide.u32 %o, %t, 4, %o;
          mov.u32 %y, 1;
          setp.ne.u32 %p, %t, 5;
          @%p call (%x), twice, (%t);
          @%p call (%y), twice, (%x);
          st.global.u32 [%o], %y;
        }
        """;
    Harness h = new Harness(ptx);
    long out = h.upload(new int[32]);
    h.launch("k", 1, 32, 0, out);
    int[] expected = IntStream.range(0, 32).map(t -> t == 5 ? 1 : t > 20 ? 99 : 2 * t > 20 ? 99 : 4 * t).toArray();
    assertArrayEquals(expected, h.ints(out, 32));
  }

  @Test
  void gridsAndBlocksOfThreeDimensions() {
    String ptx = """
        .version 8.0
        .target sm_75
        .address_size 64
        .visible .entry k(.param .u64 k_out) .maxntid 64 {
          .reg .b64 %o; .reg .b32 %a, %b, %i;
          ld.param.u64 %o, [k_out];
          mov.u32 %i, %ctaid.z;
          mov.u32 %a, %nctaid.y; mov.u32 %b, %ctaid.y; mad.lo.u32 %i, %i, %a, %b;
          mov.u32 %a, %nctaid.x; mov.u32 %b, %ctaid.x; mad.lo.u32 %i, %i, %a, %b;
          mov.u32 %a, %ntid.z; mov.u32 %b, %tid.z; mad.lo.u32 %i, %i, %a, %b;
          mov.u32 %a, %ntid.y; mov.u32 %b, %tid.y; mad.lo.u32 %i, %i, %a, %b;
          mov.u32 %a, %ntid.x; mov.u32 %b, %tid.x; mad.lo.u32 %i, %i, %a, %b;
          mad.wide.u32 %o, %i, 4, %o;
          st.global.u32 [%o], %i;
        }
        """;
    Harness h = new Harness(ptx);
    int n = 2 * 3 * 4 * 3 * 5 * 2;
    long out = h.upload(new int[n]);
    h.simulator.launch(h.module, "k", 2, 3, 4, 3, 5, 2, 0, h.pack("k", out), h.memory);
    assertArrayEquals(IntStream.range(0, n).toArray(), h.ints(out, n));
  }
}
