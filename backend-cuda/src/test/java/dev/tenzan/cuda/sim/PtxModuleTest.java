package dev.tenzan.cuda.sim;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What is read from a module's text, what is refused, and where things lie in memory. */
class PtxModuleTest {
  private static final String HEADER = ".version 8.0\n.target sm_75, texmode_independent\n.address_size 64\n";

  @Test
  void kernelsSayWhatALaunchNeeds() {
    PtxModule m = PtxModule.parse(HEADER + """
        // a comment
        .file 1 "somewhere.cu"
        .global .align 8 .u64 g[2] = {1, 0xffffffffffffffff};
        .shared .align 16 .b8 outside[20];
        .extern .shared .align 16 .b8 dynamic[];
        .visible .entry first(.param .u32 a, .param .u64 .ptr .global .align 16 b, .param .align 8 .b8 c[12], .param .u16 d)
        .maxntid 128, 2
        .minnctapersm 1
        { /* nothing
             here */
          .reg .b32 %r<10>, %x;
          .reg .pred %p;
          .shared .align 4 .f32 s[3];
          .loc 1 5 0
          mov.u32 %r0, outside;
          mov.u32 %r1, dynamic;
          ret;
        }
        .entry second() .reqntid 32 { ret; }
        .section .debug_str { info: .b8 1 }
        """);
    assertEquals("sm_75", m.target());
    assertEquals(List.of("first", "second"), m.kernels().stream().map(PtxModule.Kernel::name).toList());
    PtxModule.Kernel k = m.kernel("first");
    assertEquals(List.of(
        new PtxModule.Parameter("a", 0, 4, 4), new PtxModule.Parameter("b", 8, 8, 8),
        new PtxModule.Parameter("c", 16, 12, 8), new PtxModule.Parameter("d", 28, 2, 2)), k.parameters());
    assertEquals(30, k.parameterBytes());
    assertEquals(48, k.sharedBytes()); // 12, 4 of padding, 20, and 12 before the dynamic part
    assertEquals(11, k.registers().get(".b32"));
    assertEquals(1, k.registers().get(".pred"));
    assertArrayEquals(new int[] {128, 2, 1}, k.maximumThreads());
    assertArrayEquals(new int[] {32, 1, 1}, m.kernel("second").requiredThreads());
  }

  private static void assertRefused(String body, String... parts) {
    PtxException e = assertThrows(PtxException.class, () -> PtxModule.parse(HEADER + ".entry k(.param .u64 a) {\n.reg .b32 %r<4>;\n"
        + ".reg .b64 %d; .reg .pred %p;\n" + body + "\n}"));
    assertEquals(7, e.line(), e.getMessage());
    for (String part : parts) {
      assertTrue(e.getMessage().contains(part), () -> "'" + part + "' is not in: " + e.getMessage());
    }
  }

  @Test
  void errorsGiveLineTextAndReason() {
    assertRefused("add.s32 %r0, %r1, %r9;", "PTX line 7: the name %r9 is not declared: add.s32 %r0, %r1, %r9;");
    assertRefused("add.s32 %r0, %r1 %r2;", "',' expected, not '%r2'");
    assertRefused("bra NOWHERE;", "the label NOWHERE is not declared");
    assertRefused("@%q bra NOWHERE;", "not declared");
    assertRefused("add.s32 %r0, %r1;", "add takes 3 operands here, not 2");
    assertRefused("add.s64 %d, %d, %r1;", "the register %r1 has 32 bits, the instruction takes 64");
    assertRefused("selp.b32 %r0, %r1, %r2, %r3;", "the predicate %r3 is not declared");
    assertRefused("add.s32 %p, %r1, %r2;", "the register %p is not declared");
    assertRefused("mov.u32 %r0, 12x4;", "the number '12x4' is not understood");
    assertRefused("ld.global.v2.u32 {%r0, %r1, %r2}, [%d];", "the access takes 2 registers, not 3");
    assertRefused("st.global.u32 %d, %r0;", "an address in brackets expected");
    assertRefused("cvt.u32.f32 %r0, %r1;", "a conversion to an integer needs one of .rni");
    assertRefused("mov.u32 %r0, #;", "the character '#' is not understood");
    assertRefused(".reg .b33 %z;", "'.b33' is not a type");
    assertRefused("add %r0, %r0, %r0;", "the instruction has no type");
  }

  @Test
  void textThatEndsTooEarlyIsRefused() {
    assertThrows(PtxException.class, () -> PtxModule.parse(HEADER + ".entry k() {\nret;"));
    assertThrows(PtxException.class, () -> PtxModule.parse(HEADER + ".entry k("));
    assertThrows(PtxException.class, () -> PtxModule.parse(HEADER + "/* no end"));
    assertThrows(PtxException.class, () -> PtxModule.parse(HEADER + ".wrong x;"));
  }

  @Test
  void scopesHideNamesAndConstantsHaveManyForms() {
    int[] r = Harness.ints(1, """
        .reg .b32 %x, %y; .reg .b64 %w;
        mov.u32 %x, 0x10;
        { .reg .b32 %x; mov.u32 %x, 99; { .reg .b32 %x; mov.u32 %x, 98; bra INNER; INNER: } add.u32 %y, %x, 0; }
        { INNER: add.u32 %x, %x, 010; }
        add.u32 %x, %x, 0b101; add.s32 %x, %x, -3U;
        mad.lo.u32 %y, %y, 1000, %x;
        add.f32 %x, 0f40000000, 1.5;
        cvt.rpi.s32.f32 %x, %x;
        mad.lo.u32 %y, %x, 1000000, %y;
        st.global.u32 [%out], %y;
        """);
    assertEquals(4_000_000 + 99_000 + 16 + 8 + 5 - 3, r[0]);
  }

  @Test
  void variablesAreInitialisedOnceForAMemory() {
    Harness h = new Harness(HEADER + """
        .global .align 8 .u64 where = values+4;
        .const .align 4 .s32 values[4] = {10, -20, 30};
        .global .u16 counts[2][2] = {{1, 2}, {3, 4}};
        .visible .entry k(.param .u64 out) {
          .reg .b64 %o, %a; .reg .b32 %x, %y; .reg .b16 %h;
          ld.param.u64 %o, [out];
          ld.global.u64 %a, [where];
          ld.const.s32 %x, [%a];
          ld.const.s32 %y, [values+12];
          add.s32 %x, %x, %y;
          ld.global.u16 %h, [counts+6];
          add.u16 %h, %h, 1;
          st.global.u16 [counts+6], %h;
          cvt.u32.u16 %y, %h;
          mad.lo.s32 %x, %y, 1000, %x;
          st.global.u32 [%o], %x;
        }
        """);
    long out = h.memory.allocate(4);
    h.launch("k", 1, 1, 0, out);
    assertEquals(5000 - 20, h.ints(out, 1)[0]);
    h.launch("k", 1, 1, 0, out);
    assertEquals(6000 - 20, h.ints(out, 1)[0]);
  }

  @Test
  void genericAddressesLeadToEverySpace() {
    assertArrayEquals(new int[] {7 + 70 + 700 + 3000}, Harness.ints(1, """
        .reg .b64 %s, %l, %g; .reg .b32 %x, %y; .reg .pred %p;
        .shared .b32 s; .local .b32 l;
        mov.u64 %s, s; cvta.shared.u64 %s, %s;
        mov.u64 %l, l; cvta.local.u64 %l, %l;
        cvta.global.u64 %g, %out;
        st.u32 [%s], 7; st.u32 [%l], 70; st.u32 [%g], 700;
        ld.shared.u32 %x, [s]; ld.local.u32 %y, [l];
        add.u32 %x, %x, %y;
        ld.global.u32 %y, [%out];
        add.u32 %x, %x, %y;
        isspacep.shared %p, %s; @%p add.u32 %x, %x, 1000;
        isspacep.local %p, %l; @%p add.u32 %x, %x, 1000;
        isspacep.global %p, %g; @%p add.u32 %x, %x, 1000;
        isspacep.shared %p, %g; @%p add.u32 %x, %x, 10000;
        cvta.to.shared.u64 %s, %s; st.shared.u32 [%s], %x; ld.shared.u32 %x, [s];
        st.global.u32 [%out], %x;
        """));
  }

  @Test
  void memoryIsBoundedAndItsAddressesAreNotUsedAgain() {
    SimMemory m = new SimMemory();
    long a = m.allocate(100);
    long b = m.allocate(100);
    assertEquals(0, a % 256);
    assertTrue(b - a > 1000);
    m.write(a + 96, MemorySegment.ofArray(new int[] {5}));
    m.copy(a + 96, b, 4);
    int[] back = {0};
    m.read(b, MemorySegment.ofArray(back));
    assertEquals(5, back[0]);
    assertEquals(200, m.allocatedBytes());
    IndexOutOfBoundsException e =
        assertThrows(IndexOutOfBoundsException.class, () -> m.write(a + 97, MemorySegment.ofArray(new int[1])));
    assertTrue(e.getMessage().contains("write: 4 bytes at 0x") && e.getMessage().contains("offset 97 from an allocation of 100 bytes"));
    assertThrows(IndexOutOfBoundsException.class, () -> m.read(a - 1, MemorySegment.ofArray(new byte[1])));
    m.free(a);
    assertThrows(IllegalArgumentException.class, () -> m.free(a));
    assertThrows(IndexOutOfBoundsException.class, () -> m.read(a, MemorySegment.ofArray(new byte[1])));
    assertTrue(m.allocate(100) > b);
  }
}
