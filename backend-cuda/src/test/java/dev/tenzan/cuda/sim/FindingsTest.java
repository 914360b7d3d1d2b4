package dev.tenzan.cuda.sim;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

/** Planted bugs, each found with where it is. */
class FindingsTest {
  private static void assertFound(SimException e, String... parts) {
    for (String part : parts) {
      assertTrue(e.getMessage().contains(part), () -> "'" + part + "' is not in: " + e.getMessage());
    }
  }

  /** Each thread's place in an array of words in shared memory is in %x. */
  private static final String OWN_WORD = """
      .reg .b32 %x, %y, %z; .reg .pred %p;
      .shared .align 16 .b8 s[1024];
      mov.u32 %x, s;
      mad.lo.u32 %x, %t, 4, %x;
      """;

  @Test
  void accessesBeyondAnAllocation() {
    SimException write = Harness.finding(64, ".reg .pred %q; setp.eq.u32 %q, %t, 33; @%q st.global.u32 [%mine+128], %t;");
    assertFound(write, "k: out-of-bounds write of 4 bytes in global memory", "offset 260 from an allocation of 256 bytes",
        "block (0, 0, 0), thread (33, 0, 0)", "st.global.u32 [%mine+128]");
    assertEquals("k", write.kernel());
    assertTrue(write.line() > 4);
    SimException before = Harness.finding(1, ".reg .b32 %x; ld.global.u32 %x, [%out+-4];");
    assertFound(before, "out-of-bounds read of 4 bytes in global memory", "in no allocation");
    SimException none = Harness.finding(1, ".reg .b64 %n; mov.u64 %n, 0; st.u32 [%n], 1;");
    assertFound(none, "out-of-bounds write of 4 bytes in global memory at 0x0");
    SimException vector = Harness.finding(1, ".reg .b32 %x<4>; ld.global.v4.u32 {%x0, %x1, %x2, %x3}, [%out];");
    assertFound(vector, "out-of-bounds read of 16 bytes");
  }

  @Test
  void accessesBeyondSharedLocalAndParameterMemory() {
    assertFound(Harness.finding(32, OWN_WORD + "st.shared.u32 [%x+1000], %t;"),
        "out-of-bounds write of 4 bytes in shared memory at offset 1024; it has 1024 bytes", "thread (6, 0, 0)");
    assertFound(Harness.finding(1, ".local .b32 v[4]; .reg .b64 %p; mov.u64 %p, v; st.local.u32 [%p+16], 1;"),
        "out-of-bounds write of 4 bytes in local memory at offset 16");
    assertFound(Harness.finding(1, ".reg .b64 %x; ld.param.u64 %x, [k_out+8];"), "out-of-bounds read of 8 bytes in the parameters");
    assertFound(Harness.finding(1, ".reg .b32 %x; ld.shared.u32 %x, [0];"), "out-of-bounds read of 4 bytes in shared memory");
  }

  @Test
  void misalignedAccesses() {
    assertFound(Harness.finding(8, "st.global.u32 [%mine+2], %t;"), "misaligned write of 4 bytes in global memory", "thread (0, 0, 0)");
    assertFound(Harness.finding(8, ".reg .b64 %x; ld.global.u64 %x, [%mine];"), "misaligned read of 8 bytes", "thread (1, 0, 0)");
    assertFound(Harness.finding(1, ".shared .align 16 .b8 s[64]; .reg .b32 %x<2>; ld.shared.v2.u32 {%x0, %x1}, [s+4];"),
        "misaligned read of 8 bytes in shared memory");
  }

  @Test
  void racesInSharedMemory() {
    String exchange = OWN_WORD + "st.shared.u32 [%x], 0; bar.sync 0; "
        + "st.shared.u32 [%x], %t; BARRIER xor.b32 %x, %x, DISTANCE; ld.shared.u32 %y, [%x];";
    SimException missing = Harness.finding(64, exchange.replace("BARRIER", "").replace("DISTANCE", "128"));
    assertFound(missing, "race in shared memory at offset", "write after a read by thread (", "without a barrier in between");
    Harness.ints(64, exchange.replace("BARRIER", "bar.sync 0;").replace("DISTANCE", "128"));
    assertFound(Harness.finding(64, exchange.replace("BARRIER", "").replace("DISTANCE", "4")), "read after a write by thread (1, 0, 0)");
    Harness.ints(64, exchange.replace("BARRIER", "bar.warp.sync -1;").replace("DISTANCE", "4"));
    assertFound(Harness.finding(64, exchange.replace("BARRIER", "bar.warp.sync -1;").replace("DISTANCE", "128")), "race in shared memory");
    assertFound(Harness.finding(8, OWN_WORD + "st.shared.u32 [s+4], %t;"), "race in shared memory at offset 4: write after a write",
        "thread (1, 0, 0)");
    String readers = OWN_WORD + "st.shared.u32 [%x], %t; bar.sync 0; ld.shared.u32 %y, [s]; st.shared.u32 [s+4], %t;";
    assertFound(Harness.finding(2, readers.replace("st.shared.u32 [s+4]", "setp.eq.u32 %p, %t, 1; @%p st.shared.u32 [s]")),
        "write after a read by several threads");
  }

  @Test
  void neighbouringBytesAreNoRace() {
    int[] r = Harness.ints(64, OWN_WORD + """
        mov.u32 %x, s;
        add.u32 %x, %x, %t;
        st.shared.u8 [%x], %t;
        bar.sync 0;
        ld.shared.u8 %y, [%x];
        st.global.u32 [%mine], %y;
        """);
    assertEquals(63, r[63]);
  }

  @Test
  void atomicsAndStrongAccessesDoNotRaceButMixedOnesDo() {
    String body = OWN_WORD + "setp.eq.u32 %p, %t, 0; @%p st.shared.u32 [s], 0; bar.sync 0; atom.shared.add.u32 %y, [s], 1;\n";
    Harness.ints(64, body + "ld.volatile.shared.u32 %y, [s];");
    assertFound(Harness.finding(64, body + "ld.shared.u32 %y, [s];"), "race in shared memory");
  }

  @Test
  void uninitialisedReads() {
    assertFound(Harness.finding(32, OWN_WORD + "ld.shared.u32 %y, [%x];"), "uninitialised read of shared memory at offset 0");
    Harness h = Harness.ofBody(".reg .b32 %x; ld.global.u32 %x, [%mine];");
    long fresh = h.memory.allocate(128);
    SimException e = assertThrows(SimException.class, () -> h.launch("k", 1, 32, 0, fresh));
    assertFound(e, "uninitialised read of global memory");
    h.memory.fill(fresh, 128, (byte) 1);
    h.launch("k", 1, 32, 0, fresh);
  }

  @Test
  void sharedMemoryOfAnEarlierBlockIsNotInitialised() {
    String ptx = Harness.kernel(OWN_WORD + """
        mov.u32 %z, %ctaid.x;
        setp.eq.u32 %p, %z, 0;
        @%p st.shared.u32 [%x], %t;
        ld.shared.u32 %y, [%x];
        """);
    Harness h = new Harness(ptx, new Simulator(1, Simulator.Limits.DEFAULT));
    long out = h.upload(new int[32]);
    SimException e = assertThrows(SimException.class, () -> h.launch("k", 4, 32, 0, out));
    assertFound(e, "uninitialised read of shared memory", "block (1, 0, 0)");
  }

  @Test
  void barriersThatSomeThreadsPassBy() {
    String inOneWarp = OWN_WORD + "setp.lt.u32 %p, %t, 16; @!%p bra ON; bar.sync 0; ON: st.global.u32 [%mine], %t;";
    assertFound(Harness.finding(32, inOneWarp), "barrier divergence", "thread (16, 0, 0)", "bar.sync 0");
    assertFound(Harness.finding(64, inOneWarp.replace("16", "32")), "barrier divergence", "has exited past the barrier");
    String twoSites = OWN_WORD + "setp.lt.u32 %p, %t, 16; @%p bra A; bar.sync 0; bra END; A: bar.sync 0; END: st.global.u32 [%mine], %t;";
    assertFound(Harness.finding(32, twoSites), "barrier divergence", "waits at another barrier");
    String loop = OWN_WORD + "mov.u32 %x, 0; LOOP: bar.sync 0; add.u32 %x, %x, 1; setp.le.u32 %p, %x, %t; @%p bra LOOP;"
        + " st.global.u32 [%mine], %x;";
    assertFound(Harness.finding(32, loop), "barrier divergence");
  }

  @Test
  void deadlocks() {
    String twoBarriers = OWN_WORD + "shr.u32 %x, %t, 5; setp.eq.u32 %p, %x, 0; @%p bra A; bar.sync 1; bra END; A: bar.sync 2; END:";
    assertFound(Harness.finding(64, twoBarriers), "deadlock: no thread of the block can go on", "waits at PTX line");
    String lanes = OWN_WORD + "setp.lt.u32 %p, %t, 16; @%p bra A; bar.sync 0; bra END; A: bar.warp.sync -1; END:";
    assertFound(Harness.finding(32, lanes), "deadlock");
    assertFound(Harness.finding(32, ".reg .b32 %x; shfl.sync.down.b32 %x, %t, 1, 31, 0xff;"), "not in the member mask 0xff",
        "thread (8, 0, 0)");
  }

  @Test
  void kernelsThatDoNotEnd() {
    Simulator.Limits limits = new Simulator.Limits(48 << 10, true, true, 100_000);
    for (String body : List.of("LOOP: bra LOOP;", ".reg .pred %p; setp.eq.u32 %p, %t, 1; LOOP: @%p bra LOOP;")) {
      Harness h = new Harness(Harness.kernel(body), new Simulator(1, limits));
      long out = h.upload(new int[32]);
      assertFound(assertThrows(SimException.class, () -> h.launch("k", 1, 32, 0, out)), "the kernel does not end");
    }
  }

  /** The first block waits for a word that the second would write if it came so far. */
  @Test
  void aBlockThatWaitsForOneThatFailedEnds() {
    String body = """
        .reg .pred %p; .reg .b32 %b, %x;
        mov.u32 %b, %ctaid.x;
        setp.eq.u32 %p, %b, 0;
        @%p bra WAIT;
        st.global.u32 [%out+1000000], %b;
        st.global.u32 [%out], %b;
        ret;
        WAIT: ld.relaxed.gpu.global.u32 %x, [%out];
        setp.eq.u32 %p, %x, 0;
        @%p bra WAIT;
        """;
    Harness h = new Harness(Harness.kernel(body), new Simulator(2, Simulator.Limits.DEFAULT));
    long out = h.upload(new int[1]);
    assertFound(assertThrows(SimException.class, () -> h.launch("k", 2, 1, 0, out)), "block (1, 0, 0)");
  }

  @Test
  void launchesBeyondTheLimits() {
    Harness h = Harness.ofBody(".shared .align 4 .b8 s[4096];");
    byte[] parameters = h.pack("k", h.memory.allocate(4));
    assertFound(launch(h, 1, 1025, 1, 0, parameters), "a block of 1025 x 1 x 1 threads is beyond the device's limits");
    assertFound(launch(h, 1, 64, 32, 0, parameters), "has 2048, more than 1024");
    assertFound(launch(h, 0, 1, 1, 0, parameters), "a grid of 0 x 1 x 1 blocks");
    assertFound(launch(h, 1, 1, 1, 46000, parameters), "50096 bytes of shared memory are more than the device's 49152");
    assertFound(launch(h, 1, 1, 1, 0, new byte[4]), "the kernel has 8 bytes of parameters, not 4");
    Harness required = new Harness(Harness.kernel("").replace("(.param .u64 k_out)", "(.param .u64 k_out) .reqntid 32, 2"));
    assertFound(launch(required, 1, 32, 1, 0, parameters), "requires blocks of 32 x 2 x 1 threads, not 32 x 1 x 1");
    assertThrows(IllegalArgumentException.class, () -> h.launch("none", 1, 1, 0));
  }

  private static SimException launch(Harness h, int grid, int x, int y, int shared, byte[] parameters) {
    return assertThrows(SimException.class, () -> h.simulator.launch(h.module, "k", grid, 1, 1, x, y, 1, shared, parameters, h.memory));
  }

  @Test
  void unsupportedInstructionsAreSaidBeforeTheLaunch() {
    for (String text : List.of("ex2.approx.f32 %x, %x;", "div.approx.f32 %x, %x, %x;", "sin.approx.f32 %x, %x;", "rsqrt.approx.f32 %x, %x;",
        "add.f32 %x, %x, %x;\nsqrt.approx.ftz.f32 %x, %x;", "add.rn.someday.f32 %x, %x, %x;")) {
      SimException e = Harness.finding(1, ".reg .b32 %x;\n" + text);
      assertFound(e, "k: unsupported instruction", text.substring(text.lastIndexOf('\n') + 1));
    }
  }

  @Test
  void asynchronousCopiesMustBeWaitedFor() {
    String body = """
        .reg .b32 %x, %y; .shared .align 16 .b8 s[512];
        mov.u32 %x, s;
        mad.lo.u32 %x, %t, 4, %x;
        cp.async.ca.shared.global [%x], [%mine], 4;
        cp.async.commit_group;
        WAIT
        ld.shared.u32 %y, [%x];
        add.u32 %y, %y, 1;
        st.global.u32 [%mine], %y;
        """;
    assertFound(Harness.finding(32, body.replace("WAIT", "")), "uninitialised read of shared memory");
    assertFound(Harness.finding(32, body.replace("WAIT", "cp.async.wait_group 1;")), "uninitialised read of shared memory");
    assertArrayEquals(new int[] {1, 1, 1}, Harness.ints(3, body.replace("WAIT", "cp.async.wait_group 0;")));
  }

  @Test
  void theFirstBlockThatFailsIsTheOneReported() {
    Harness h = new Harness(Harness.kernel("""
        .reg .b32 %b; .reg .pred %p;
        mov.u32 %b, %ctaid.x;
        setp.gt.u32 %p, %b, 20;
        @%p st.global.u32 [%mine+1000000], %b;
        """), new Simulator(4, Simulator.Limits.DEFAULT));
    long out = h.upload(new int[32]);
    for (int i = 0; i < 5; i++) {
      assertFound(assertThrows(SimException.class, () -> h.launch("k", 200, 32, 0, out)), "block (21, 0, 0), thread (0, 0, 0)");
    }
  }

  @Test
  void constantsCannotBeWritten() {
    Harness h = new Harness(".version 8.0\n.target sm_75\n.address_size 64\n.const .align 4 .b32 c[2] = {5, 6};\n"
        + ".visible .entry k() { .reg .b64 %a; mov.u64 %a, c; cvta.const.u64 %a, %a; st.u32 [%a+4], 1; ret; }");
    assertFound(assertThrows(SimException.class, () -> h.launch("k", 1, 1, 0)), "write to constant memory");
  }
}
