package dev.tenzan.cpu.machine;

import static dev.tenzan.cpu.machine.Assembler.ALL;
import static dev.tenzan.cpu.machine.Assembler.R10;
import static dev.tenzan.cpu.machine.Assembler.R8;
import static dev.tenzan.cpu.machine.Assembler.R9;
import static dev.tenzan.cpu.machine.Assembler.RAX;
import static dev.tenzan.cpu.machine.Assembler.RCX;
import static dev.tenzan.cpu.machine.Assembler.RSI;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** Compares what loops use of AVX2, several instructions in the place of one among it, with what GNU as (binutils 2.40) makes of the text. */
final class Avx2AssemblerTest {
  private static final VectorForm S8 = new VectorForm(false, 8);
  private static final VectorForm D4 = new VectorForm(true, 4);

  /** Of 32 bits a lane, beside lanes of 64. */
  private static final VectorForm S4 = new VectorForm(false, 4);


  private static void check(String text, String expected, Consumer<Avx2LoopAssembler> instruction) {
    Avx2LoopAssembler a = new Avx2LoopAssembler();
    instruction.accept(a);
    assertEquals(expected, HexFormat.of().formatHex(a.code()), text);
  }

  @Test
  void writesWhatHasAnEncoding() {
    check("vsqrtps %ymm3,%ymm9", "c57c51cb", a -> a.lanes(LaneOp.SQUARE_ROOT, S8, 9, 0, new Source.Register(3)));
    check("vminps %ymm13,%ymm2,%ymm9", "c4416c5dcd", a -> a.lanes(LaneOp.MIN, S8, 9, 2, new Source.Register(13)));
    check("vmaxpd %ymm3,%ymm12,%ymm9", "c51d5fcb", a -> a.lanes(LaneOp.MAX, D4, 9, 12, new Source.Register(3)));
    check("vdivps (%r8,%rcx,4),%ymm12,%ymm9", "c4411c5e0c88", a -> a.lanes(LaneOp.DIVIDE, S8, 9, 12, new Source.Memory(R8, RCX, 4, 0)));
    check("vfmadd132ps %ymm3,%ymm2,%ymm9", "c4626d98cb", a -> a.lanes(LaneOp.FMA132, S8, 9, 2, new Source.Register(3)));
    check("vfmadd213pd %ymm3,%ymm2,%ymm9", "c462eda8cb", a -> a.lanes(LaneOp.FMA213, D4, 9, 2, new Source.Register(3)));
    check("vfnmadd213ps %ymm13,%ymm2,%ymm9", "c4426daccd", a -> a.lanes(LaneOp.FNMA213, S8, 9, 2, new Source.Register(13)));
    check("vfnmadd213pd %ymm13,%ymm2,%ymm9", "c442edaccd", a -> a.lanes(LaneOp.FNMA213, D4, 9, 2, new Source.Register(13)));
    check("vpaddd %ymm3,%ymm2,%ymm9", "c56dfecb", a -> a.lanes(LaneOp.ADD_INTEGERS, S8, 9, 2, new Source.Register(3)));
    check("vpaddq %ymm3,%ymm2,%ymm9", "c56dd4cb", a -> a.lanes(LaneOp.ADD_INTEGERS, D4, 9, 2, new Source.Register(3)));
    check("vpsubd %ymm3,%ymm2,%ymm9", "c56dfacb", a -> a.lanes(LaneOp.SUBTRACT_INTEGERS, S8, 9, 2, new Source.Register(3)));
    check("vpsubq %ymm13,%ymm2,%ymm9", "c4416dfbcd", a -> a.lanes(LaneOp.SUBTRACT_INTEGERS, D4, 9, 2, new Source.Register(13)));
    check("vpmulld %ymm3,%ymm2,%ymm9", "c4626d40cb", a -> a.lanes(LaneOp.MULTIPLY_INTEGERS, S8, 9, 2, new Source.Register(3)));
    check("vpminsd %ymm3,%ymm2,%ymm9", "c4626d39cb", a -> a.lanes(LaneOp.MIN_INTEGERS, S8, 9, 2, new Source.Register(3)));
    check("vpmaxsd %ymm3,%ymm2,%ymm9", "c4626d3dcb", a -> a.lanes(LaneOp.MAX_INTEGERS, S8, 9, 2, new Source.Register(3)));
    check("vpmaxud %ymm3,%ymm2,%ymm9", "c4626d3fcb", a -> a.lanes(LaneOp.MAX_UNSIGNED, S8, 9, 2, new Source.Register(3)));
    check("vpabsd %ymm13,%ymm9", "c4427d1ecd", a -> a.lanes(LaneOp.ABS_INTEGERS, S8, 9, 0, new Source.Register(13)));
    check("vpand %ymm3,%ymm2,%ymm9", "c56ddbcb", a -> a.lanes(LaneOp.AND, D4, 9, 2, new Source.Register(3)));
    check("vpor %ymm3,%ymm2,%ymm9", "c56debcb", a -> a.lanes(LaneOp.OR, S8, 9, 2, new Source.Register(3)));
    check("vpxor %ymm3,%ymm2,%ymm9", "c56defcb", a -> a.lanes(LaneOp.XOR, S8, 9, 2, new Source.Register(3)));
    check("vpsllvd %ymm3,%ymm2,%ymm9", "c4626d47cb", a -> a.lanes(LaneOp.SHIFT_LEFT, S8, 9, 2, new Source.Register(3)));
    check("vpsllvq %ymm3,%ymm2,%ymm9", "c462ed47cb", a -> a.lanes(LaneOp.SHIFT_LEFT, D4, 9, 2, new Source.Register(3)));
    check("vpsrlvd %ymm3,%ymm2,%ymm9", "c4626d45cb", a -> a.lanes(LaneOp.SHIFT_RIGHT, S8, 9, 2, new Source.Register(3)));
    check("vpsrlvq %ymm3,%ymm2,%ymm9", "c462ed45cb", a -> a.lanes(LaneOp.SHIFT_RIGHT, D4, 9, 2, new Source.Register(3)));
    check("vpsravd %ymm3,%ymm2,%ymm9", "c4626d46cb", a -> a.lanes(LaneOp.SHIFT_SIGN, S8, 9, 2, new Source.Register(3)));
    check("vpermd %ymm13,%ymm12,%ymm9", "c4421d36cd", a -> a.lanes(LaneOp.PERMUTE, S8, 9, 12, new Source.Register(13)));
    check("vmovups (%rsi),%xmm9", "c578100e", a -> a.lanes(LaneOp.LOAD, new VectorForm(false, 4), 9, 0, new Source.Memory(RSI, 0)));
    check("vmovntps %ymm9,64(%r8,%rcx,4)", "c4417c2b4c8840", a -> a.lanes(LaneOp.STREAM, S8, 9, 0, new Source.Memory(R8, RCX, 4, 64)));
    check("vmovntpd %ymm3,(%rsi,%rcx,8)", "c5fd2b1cce", a -> a.lanes(LaneOp.STREAM, D4, 3, 0, new Source.Memory(RSI, RCX, 8, 0)));
    check("vmovd %xmm9,(%rsi)", "c5797e0e", a -> a.lanes(LaneOp.STORE_FIRST, S8, 9, 0, new Source.Memory(RSI, 0)));
    check("vmovq %xmm9,8(%r8)", "c44179d64808", a -> a.lanes(LaneOp.STORE_FIRST, D4, 9, 0, new Source.Memory(R8, 8)));
    check("vpslld $3,%ymm2,%ymm9", "c5b572f203", a -> a.shift(Shift.LEFT, S8, 9, new Source.Register(2), 3));
    check("vpsrlq $3,%ymm12,%ymm9", "c4c13573d403", a -> a.shift(Shift.RIGHT, D4, 9, new Source.Register(12), 3));
    check("vpsrad $3,%ymm12,%ymm9", "c4c13572e403", a -> a.shift(Shift.RIGHT_SIGNED, S8, 9, new Source.Register(12), 3));
    check("vpshufd $0x4e,%ymm13,%ymm9", "c4417d70cd4e", a -> a.vector(VectorOp.VPSHUFD, false, 9, new Source.Register(13), ALL, false, 0x4E));
    check("vcvtdq2ps %ymm13,%ymm9", "c4417c5bcd", a -> a.vector(VectorOp.VCVTDQ2PS, false, 9, new Source.Register(13), ALL, false));
    check("vcvttps2dq %ymm13,%ymm9", "c4417e5bcd", a -> a.vector(VectorOp.VCVTTPS2DQ, false, 9, new Source.Register(13), ALL, false));
    check("vcvtps2ph $0,%ymm9,%xmm13", "c4437d1dcd00", a -> a.vector(VectorOp.VCVTPS2PH, false, 9, new Source.Register(13), ALL, false, 0));
    check("vcvtph2ps %xmm13,%ymm9", "c4427d13cd", a -> a.vector(VectorOp.VCVTPH2PS, false, 9, new Source.Register(13), ALL, false));
    check("vpbroadcastb (%r8),%ymm9", "c4427d7808", a -> a.vector(VectorOp.VPBROADCASTB, false, 9, new Source.Memory(R8, 0), ALL, false));
    check("vpbroadcastw 2(%r8),%ymm9", "c4427d794802", a -> a.vector(VectorOp.VPBROADCASTW, false, 9, new Source.Memory(R8, 2), ALL, false));
    check("popcnt %r10,%r10", "f34d0fb8d2", a -> a.countOnes(R10, R10));
    check("popcnt %rcx,%r9", "f34c0fb8c9", a -> a.countOnes(R9, RCX));
  }

  @Test
  void masksResults() {
    check("vsubps %ymm3,%ymm2,%ymm0; vblendvps %ymm14,%ymm0,%ymm9,%ymm9",
        "c5ec5cc3c463354ac8e0",
        a -> a.lanes(LaneOp.SUBTRACT, S8, 9, 2, new Source.Register(3), 14, false));
    check("vaddpd %ymm3,%ymm2,%ymm15; vblendvpd %ymm14,%ymm15,%ymm9,%ymm9",
        "c56d58fbc443354bcfe0",
        a -> a.lanes(LaneOp.ADD, D4, 9, 2, new Source.Register(3), 14, false));
    check("vaddps %ymm3,%ymm2,%ymm0; vpand %ymm0,%ymm14,%ymm9",
        "c5ec58c3c50ddbc8",
        a -> a.lanes(LaneOp.ADD, S8, 9, 2, new Source.Register(3), 14, true));
    check("vblendvps %ymm14,%ymm3,%ymm12,%ymm9", "c4631d4acbe0", a -> a.lanes(LaneOp.BLEND, S8, 9, 12, new Source.Register(3), 14, false));
    check("vblendvpd %ymm4,%ymm13,%ymm2,%ymm1", "c4c36d4bcd40", a -> a.lanes(LaneOp.BLEND, D4, 1, 2, new Source.Register(13), 4, false));
    check("vblendvps %ymm14,%ymm3,%ymm9,%ymm9", "c463354acbe0", a -> a.lanes(LaneOp.LOAD, S8, 9, 0, new Source.Register(3), 14, false));
    check("vpand c0(%rip),%ymm14,%ymm9; .balign 32,0; c0: .fill 8,4,5",
        "c50ddb0d180000000000000000000000000000000000000000000000000000000500000005000000050000000500000005000000050000000500000005000000",
        a -> a.lanes(LaneOp.BROADCAST, S8, 9, 0, new Source.Constant(5), 14, true));
    check("vblendvps %ymm14,c0(%rip),%ymm9,%ymm9; .balign 32,0; c0: .fill 8,4,5",
        "c463354a0d16000000e0000000000000000000000000000000000000000000000500000005000000050000000500000005000000050000000500000005000000",
        a -> a.lanes(LaneOp.BROADCAST, S8, 9, 0, new Source.Constant(5), 14, false));
    check("vblendvpd %ymm14,c0(%rip),%ymm9,%ymm9; .balign 32,0; c0: .quad 5,5,5,5",
        "c463354b0d16000000e0000000000000000000000000000000000000000000000500000000000000050000000000000005000000000000000500000000000000",
        a -> a.lanes(LaneOp.BROADCAST, D4, 9, 0, new Source.Constant(5), 14, false));
    check("vcmpps $13,%ymm3,%ymm2,%ymm0; vpand %ymm0,%ymm14,%ymm9",
        "c5ecc2c30dc50ddbc8",
        a -> a.lanes(LaneOp.COMPARE, S8, 9, 2, new Source.Register(3), 14, false, 13));
  }

  @Test
  void comparesIntoVectors() {
    check("vcmpps $13,%ymm3,%ymm2,%ymm9", "c56cc2cb0d", a -> a.lanes(LaneOp.COMPARE, S8, 9, 2, new Source.Register(3), ALL, false, 13));
    check("vcmppd $14,%ymm13,%ymm2,%ymm9", "c4416dc2cd0e", a -> a.lanes(LaneOp.COMPARE, D4, 9, 2, new Source.Register(13), ALL, false, 14));
    check("vpcmpeqd %ymm3,%ymm2,%ymm9", "c56d76cb", a -> a.lanes(LaneOp.COMPARE_INTEGERS, S8, 9, 2, new Source.Register(3), ALL, false, 0));
    check("vpcmpeqq %ymm13,%ymm2,%ymm9", "c4426d29cd", a -> a.lanes(LaneOp.COMPARE_INTEGERS, D4, 9, 2, new Source.Register(13), ALL, false, 0));
    check("vpcmpgtd %ymm12,%ymm3,%ymm9", "c4416566cc", a -> a.lanes(LaneOp.COMPARE_INTEGERS, S8, 9, 12, new Source.Register(3), ALL, false, 1));
    check("vpcmpgtq %ymm2,%ymm13,%ymm9", "c4621537ca", a -> a.lanes(LaneOp.COMPARE_INTEGERS, D4, 9, 2, new Source.Register(13), ALL, false, 1));
    check("vmovups c0(%rip),%ymm0; vpcmpgtd %ymm12,%ymm0,%ymm9; .balign 32,0; c0: .fill 8,4,7",
        "c5fc100518000000c4417d66cc000000000000000000000000000000000000000700000007000000070000000700000007000000070000000700000007000000",
        a -> a.lanes(LaneOp.COMPARE_INTEGERS, S8, 9, 12, new Source.Constant(7), ALL, false, 1));
    check("vpcmpgtd %ymm3,%ymm2,%ymm9; vpxor c0(%rip),%ymm9,%ymm9; .balign 32,0; c0: .fill 8,4,-1",
        "c56d66cbc535ef0d140000000000000000000000000000000000000000000000ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        a -> a.lanes(LaneOp.COMPARE_INTEGERS, S8, 9, 2, new Source.Register(3), ALL, false, 2));
    check("vpcmpeqd %ymm3,%ymm2,%ymm9; vpxor c0(%rip),%ymm9,%ymm9; .balign 32,0; c0: .fill 8,4,-1",
        "c56d76cbc535ef0d140000000000000000000000000000000000000000000000ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        a -> a.lanes(LaneOp.COMPARE_INTEGERS, S8, 9, 2, new Source.Register(3), ALL, false, 4));
    check("vpcmpgtd %ymm2,%ymm3,%ymm9; vpxor c0(%rip),%ymm9,%ymm9; .balign 32,0; c0: .fill 8,4,-1",
        "c56566cac535ef0d140000000000000000000000000000000000000000000000ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        a -> a.lanes(LaneOp.COMPARE_INTEGERS, S8, 9, 2, new Source.Register(3), ALL, false, 5));
    check("vpcmpgtd %ymm3,%ymm2,%ymm9", "c56d66cb", a -> a.lanes(LaneOp.COMPARE_INTEGERS, S8, 9, 2, new Source.Register(3), ALL, false, 6));
    check("vpmaxud %ymm3,%ymm2,%ymm0; vpcmpeqd %ymm2,%ymm0,%ymm9; vpxor c0(%rip),%ymm9,%ymm9; .balign 32,0; c0: .fill 8,4,-1",
        "c4e26d3fc3c57d76cac535ef0d0f000000000000000000000000000000000000ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        a -> a.lanes(LaneOp.COMPARE_UNSIGNED, S8, 9, 2, new Source.Register(3), ALL, false, 1));
    check("vpmaxud %ymm3,%ymm2,%ymm0; vpcmpeqd %ymm3,%ymm0,%ymm9",
        "c4e26d3fc3c57d76cb",
        a -> a.lanes(LaneOp.COMPARE_UNSIGNED, S8, 9, 2, new Source.Register(3), ALL, false, 2));
    check("vpmaxud %ymm3,%ymm2,%ymm0; vpcmpeqd %ymm2,%ymm0,%ymm9",
        "c4e26d3fc3c57d76ca",
        a -> a.lanes(LaneOp.COMPARE_UNSIGNED, S8, 9, 2, new Source.Register(3), ALL, false, 5));
    check("vpmaxud %ymm3,%ymm2,%ymm0; vpcmpeqd %ymm3,%ymm0,%ymm9; vpxor c0(%rip),%ymm9,%ymm9; .balign 32,0; c0: .fill 8,4,-1",
        "c4e26d3fc3c57d76cbc535ef0d0f000000000000000000000000000000000000ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        a -> a.lanes(LaneOp.COMPARE_UNSIGNED, S8, 9, 2, new Source.Register(3), ALL, false, 6));
    check(
        "vmovupd %ymm3,%ymm9; vpxor c0(%rip),%ymm9,%ymm9; vpxor c0(%rip),%ymm2,%ymm0; vpcmpgtq %ymm0,%ymm9,%ymm9; .balign 32,0; "
            + "c0: .quad 0x8000000000000000,0x8000000000000000,0x8000000000000000,0x8000000000000000",
        "c57d10cbc535ef0d14000000c5edef050c000000c4623537c8000000000000000000000000000080000000000000008000000000000000800000000000000080",
        a -> a.lanes(LaneOp.COMPARE_UNSIGNED, D4, 9, 2, new Source.Register(3), ALL, false, 1));
    check(
        "vpand %ymm3,%ymm2,%ymm0; vpcmpeqd c0(%rip),%ymm0,%ymm0; vpxor c1(%rip),%ymm0,%ymm9; .balign 32,0; c0: .fill 8,4,0; "
            + ".balign 32,0; c1: .fill 8,4,-1",
        "c5eddbc3c5fd760514000000c57def0d2c0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000ff"
            + "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        a -> a.lanes(LaneOp.TEST, S8, 9, 2, new Source.Register(3)));
    check("vpxor %ymm0,%ymm0,%ymm0; vpcmpgtd %ymm3,%ymm0,%ymm9", "c5fdefc0c57d66cb", a -> a.lanes(LaneOp.SIGNS, S8, 9, 0, new Source.Register(3)));
    check("vpxor %ymm0,%ymm0,%ymm0; vpcmpgtq %ymm3,%ymm0,%ymm9", "c5fdefc0c4627d37cb", a -> a.lanes(LaneOp.SIGNS, D4, 9, 0, new Source.Register(3)));
  }

  @Test
  void combinesMasks() {
    check("vpand %ymm3,%ymm12,%ymm9", "c51ddbcb", a -> a.masks(MaskOp.AND, 9, 12, 3));
    check("vpandn %ymm13,%ymm2,%ymm9", "c4416ddfcd", a -> a.masks(MaskOp.AND_NOT, 9, 2, 13));
    check("vpor %ymm3,%ymm12,%ymm9", "c51debcb", a -> a.masks(MaskOp.OR, 9, 12, 3));
    check("vpxor %ymm3,%ymm12,%ymm9", "c51defcb", a -> a.masks(MaskOp.XOR, 9, 12, 3));
    check("vpxor c0(%rip),%ymm3,%ymm9; .balign 32,0; c0: .fill 8,4,-1",
        "c565ef0d18000000000000000000000000000000000000000000000000000000ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        a -> a.masks(MaskOp.NOT, 9, 0, 3));
    check("vpxor %ymm3,%ymm12,%ymm9; vpxor c0(%rip),%ymm9,%ymm9; .balign 32,0; c0: .fill 8,4,-1",
        "c51defcbc535ef0d140000000000000000000000000000000000000000000000ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        a -> a.masks(MaskOp.XNOR, 9, 12, 3));
    check("vpcmpeqd %ymm9,%ymm9,%ymm9", "c4413576c9", a -> a.masks(MaskOp.XNOR, 9, 3, 3));
    check("vptest %ymm13,%ymm13; jnz .+6", "c4427d17ed0f8500000000", a -> a.jumpIfAny(13));
  }

  @Test
  void writesSeveralInstructions() {
    check("vpand %ymm3,%ymm2,%ymm0; vpor %ymm0,%ymm9,%ymm9",
        "c5eddbc3c535ebc8",
        a -> a.lanes(LaneOp.TERNARY_LOGIC, S8, 9, 2, new Source.Register(3), ALL, false, 0xF8));
    check("vperm2f128 $0x21,%ymm3,%ymm2,%ymm9", "c4636d06cb21", a -> a.lanes(LaneOp.SHUFFLE_PARTS, S8, 9, 2, new Source.Register(3), ALL, false, 1));
    check("vperm2f128 $0x30,%ymm3,%ymm12,%ymm9",
        "c4631d06cb30",
        a -> a.lanes(LaneOp.SHUFFLE_PARTS, D4, 9, 12, new Source.Register(3), ALL, false, 2));
    check("vmovups %ymm3,%ymm9; vminps %ymm9,%ymm2,%ymm4; vminps %ymm2,%ymm9,%ymm9; vpor %ymm4,%ymm9,%ymm9",
        "c57c10cbc4c16c5de1c5345dcac535ebcc",
        a -> a.extreme(true, S8, 9, 2, new Source.Register(3), 4));
    check(
        "vpbroadcastd c0(%rip),%ymm9; vmaxps %ymm9,%ymm2,%ymm4; vmaxps %ymm2,%ymm9,%ymm9; vpxor %ymm9,%ymm4,%ymm4; "
            + "vpor %ymm4,%ymm9,%ymm9; vsubps %ymm4,%ymm9,%ymm9; .balign 4,0; c0: .long 7",
        "c4627d580d17000000c4c16c5fe1c5345fcac4c15defe1c535ebccc5345ccc0007000000",
        a -> a.extreme(false, S8, 9, 2, new Source.Constant(7), 4));
    check("vshufps $0xd8,28(%rsi),%ymm9,%ymm9; vpermq $0xd8,%ymm9,%ymm9",
        "c534c64e1cd8c443fd00c9d8",
        a -> a.everyOther(S8, 9, new Source.Memory(RSI, 28), 3));
    check(
        "vpsrlq $3,%ymm12,%ymm9; vpxor c0(%rip),%ymm9,%ymm9; vpsubq c0(%rip),%ymm9,%ymm9; .balign 32,0; "
            + "c0: .quad 0x1000000000000000,0x1000000000000000,0x1000000000000000,0x1000000000000000",
        "c4c13573d403c535ef0d12000000c535fb0d0a000000000000000000000000000000000000000010000000000000001000000000000000100000000000000010",
        a -> a.shift(Shift.RIGHT_SIGNED, D4, 9, new Source.Register(12), 3));
    check("vpcmpgtq %ymm3,%ymm2,%ymm0; vblendvpd %ymm0,%ymm3,%ymm2,%ymm9",
        "c4e26d37c3c4636d4bcb00",
        a -> a.lanes(LaneOp.MIN_INTEGERS, D4, 9, 2, new Source.Register(3)));
    check("vpcmpgtq %ymm3,%ymm2,%ymm0; vpxor c0(%rip),%ymm0,%ymm0; vblendvpd %ymm0,%ymm3,%ymm2,%ymm9; .balign 32,0; c0: .fill 8,4,-1",
        "c4e26d37c3c5fdef0513000000c4636d4bcb0000000000000000000000000000ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        a -> a.lanes(LaneOp.MAX_INTEGERS, D4, 9, 2, new Source.Register(3)));
    check("vpxor %ymm0,%ymm0,%ymm0; vpcmpgtq %ymm3,%ymm0,%ymm0; vpxor %ymm3,%ymm0,%ymm9; vpsubq %ymm0,%ymm9,%ymm9",
        "c5fdefc0c4e27d37c3c57defcbc535fbc8",
        a -> a.lanes(LaneOp.ABS_INTEGERS, D4, 9, 0, new Source.Register(3)));
    check(
        "vmovupd c0(%rip),%ymm0; vpsrlvq %ymm3,%ymm0,%ymm0; vpsrlvq %ymm3,%ymm2,%ymm9; vpxor %ymm0,%ymm9,%ymm9; "
            + "vpsubq %ymm0,%ymm9,%ymm9; .balign 32,0; c0: .quad 0x8000000000000000,0x8000000000000000,0x8000000000000000,0x8000000000000000",
        "c5fd100518000000c4e2fd45c3c462ed45cbc535efc8c535fbc80000000000000000000000000080000000000000008000000000000000800000000000000080",
        a -> a.lanes(LaneOp.SHIFT_SIGN, D4, 9, 2, new Source.Register(3)));
    check(
        "vpshufd $0xb1,%ymm3,%ymm0; vpmulld %ymm2,%ymm0,%ymm0; vphaddd %ymm0,%ymm0,%ymm0; vpshufd $0x50,%ymm0,%ymm0; "
            + "vpsllq $32,%ymm0,%ymm0; vpmuludq %ymm3,%ymm2,%ymm9; vpaddq %ymm0,%ymm9,%ymm9",
        "c5fd70c3b1c4e27d40c2c4e27d02c0c5fd70c050c5fd73f020c56df4cbc535d4c8",
        a -> a.lanes(LaneOp.MULTIPLY_INTEGERS, D4, 9, 2, new Source.Register(3)));
  }

  /** Masks have 64 bits, and those of vectors of 128 bits are made of them. */
  @Test
  void writesVectorsOfBothLengths() {
    check("vextracti128 $1,%ymm12,%xmm15; vshufps $0x88,%xmm15,%xmm12,%xmm9", "c4437d39e701c44118c6cf88",
        a -> a.lowerHalves(9, 12));
    check("vpinsrq $0,%rax,%xmm9,%xmm9; vpbroadcastq %xmm9,%ymm9", "c463b122c800c4427d59c9",
        a -> a.broadcastLong(9, RAX));
    check("vcmpps $13,%xmm3,%xmm2,%xmm9; vpmovsxdq %xmm9,%ymm9", "c568c2cb0dc4427d25c9",
        a -> a.lanes(LaneOp.COMPARE, S4, 9, 2, new Source.Register(3), ALL, false, 13));
    check("vpcmpgtd %xmm3,%xmm2,%xmm0; vpmovsxdq %xmm0,%ymm0; vpand %ymm0,%ymm14,%ymm9", "c5e966c3c4e27d25c0c50ddbc8",
        a -> a.lanes(LaneOp.COMPARE_INTEGERS, S4, 9, 2, new Source.Register(3), 14, false, 6));
    check("vpxor %ymm0,%ymm0,%ymm0; vpcmpgtd %xmm3,%xmm0,%xmm9; vpmovsxdq %xmm9,%ymm9", "c5fdefc0c57966cbc4427d25c9",
        a -> a.lanes(LaneOp.SIGNS, S4, 9, 0, new Source.Register(3)));
    check("vextracti128 $1,%ymm14,%xmm15; vshufps $0x88,%xmm15,%xmm14,%xmm15; vblendvps %xmm15,%xmm3,%xmm12,%xmm9", "c4437d39f701c44108c6ff88c463194acbf0",
        a -> a.lanes(LaneOp.BLEND, S4, 9, 12, new Source.Register(3), 14, false));
    check("vextracti128 $1,%ymm14,%xmm15; vshufps $0x88,%xmm15,%xmm14,%xmm15; vaddps %xmm3,%xmm2,%xmm0; vblendvps %xmm15,%xmm0,%xmm9,%xmm9", "c4437d39f701c44108c6ff88c5e858c3c463314ac8f0",
        a -> a.lanes(LaneOp.ADD, S4, 9, 2, new Source.Register(3), 14, false));
    check("vextracti128 $1,%ymm14,%xmm15; vshufps $0x88,%xmm15,%xmm14,%xmm15; vmaskmovps (%rsi),%xmm15,%xmm9", "c4437d39f701c44108c6ff88c462012c0e",
        a -> a.lanes(LaneOp.LOAD, S4, 9, 0, new Source.Memory(RSI, 0), 14, true));
    check("vpmaxud %xmm3,%xmm2,%xmm0; vpcmpeqd %xmm2,%xmm0,%xmm9; vpmovsxdq %xmm9,%ymm9", "c4e2693fc3c57976cac4427d25c9",
        a -> a.lanes(LaneOp.COMPARE_UNSIGNED, S4, 9, 2, new Source.Register(3), ALL, false, 5));
    check("vextracti128 $1,%ymm4,%xmm15; vshufps $0x88,%xmm15,%xmm4,%xmm4; vpgatherdd %xmm4,(%rax,%xmm5,1),%xmm3", "c4c37d39e701c4c158c6e788c4e259901c28",
        a -> a.gather(true, 3, RAX, 5, 4));
    check("vextracti128 $1,%ymm4,%xmm15; vshufps $0x88,%xmm15,%xmm4,%xmm4; vpgatherqd %xmm4,(%rax,%ymm5,1),%xmm3", "c4c37d39e701c4c158c6e788c4e25d911c28",
        a -> a.gather(VectorOp.VPGATHERQD, 3, RAX, 5, 4));
    check("vpgatherqq %ymm4,(%rax,%ymm13,1),%ymm3", "c4a2dd911c28",
        a -> a.gather(VectorOp.VPGATHERQQ, 3, RAX, 13, 4));
    check("vshufps $0xd8,12(%rsi),%xmm9,%xmm9", "c530c64e0cd8",
        a -> a.everyOther(S4, 9, new Source.Memory(RSI, 12), 3));
    check("vpmovzxbd (%rsi),%xmm9", "c46279310e",
        a -> a.extend(VectorOp.VPMOVZXBD, true, 9, new Source.Memory(RSI, 0), 1, ALL));
    check("vcvtps2pd %xmm13,%ymm9", "c4417c5acd",
        a -> a.vector(VectorOp.VCVTPS2PD, false, 9, new Source.Register(13), ALL, false));
    check("vcvtpd2psy %ymm13,%xmm9", "c4417d5acd",
        a -> a.vector(VectorOp.VCVTPD2PS, false, 9, new Source.Register(13), ALL, false));
    check("vcvtdq2pd %xmm13,%ymm9", "c4417ee6cd",
        a -> a.vector(VectorOp.VCVTDQ2PD, false, 9, new Source.Register(13), ALL, false));
    check("vcvttpd2dqy %ymm13,%xmm9", "c4417de6cd",
        a -> a.vector(VectorOp.VCVTTPD2DQ, false, 9, new Source.Register(13), ALL, false));
    check("vcvttps2dq %xmm13,%xmm9", "c4417a5bcd",
        a -> a.vector(VectorOp.VCVTTPS2DQ, true, 9, new Source.Register(13), ALL, false));
    check("vmovmskpd %ymm14,%r10d; popcnt %r10,%r10", "c4417d50d6f34d0fb8d2",
        a -> a.countLanes(true, 14));
  }

  /** The halves of a constant are exchanged where it is written. */
  @Test
  void multipliesByConstants() {
    check(
        "vmovupd c0(%rip),%ymm0; vpmulld %ymm2,%ymm0,%ymm0; vphaddd %ymm0,%ymm0,%ymm0; vpshufd $0x50,%ymm0,%ymm0; "
            + "vpsllq $32,%ymm0,%ymm0; vpmuludq c1(%rip),%ymm2,%ymm9; vpaddq %ymm0,%ymm9,%ymm9; "
            + ".balign 32,0; c0: .quad 0x300000000 (4 times); c1: .quad 3 (4 times)",
        "c5fd100538000000c4e27d40c2c4e27d02c0c5fd70c050c5fd73f020c56df40d3c000000c535d4c8" + "00".repeat(24) + "0000000003000000".repeat(4)
            + "0300000000000000".repeat(4),
        a -> a.lanes(LaneOp.MULTIPLY_INTEGERS, D4, 9, 2, new Source.Constant(3)));
  }

  @Test
  void movesNarrowElements() {
    check("vpmovzxbd 8(%rsi,%rcx,1),%ymm9", "c4627d314c0e08", a -> a.extend(VectorOp.VPMOVZXBD, false, 9, new Source.Memory(RSI, RCX, 1, 8), 1, ALL));
    check("vpmovsxwd 8(%rsi,%rcx,2),%ymm9", "c4627d234c4e08", a -> a.extend(VectorOp.VPMOVSXWD, false, 9, new Source.Memory(RSI, RCX, 2, 8), 2, ALL));
    check("vcvtph2ps 8(%rsi,%rcx,2),%ymm9", "c4627d134c4e08", a -> a.extend(VectorOp.VCVTPH2PS, false, 9, new Source.Memory(RSI, RCX, 2, 8), 2, ALL));
    check(
        "lea 8(%rsi,%rcx,1),%rax; vmovmskps %ymm14,%r10d; popcnt %r10,%r10; vpxor %ymm9,%ymm9,%ymm9; 1: vpslldq $1,%xmm9,%xmm9; "
            + "add $-1,%r10; vpinsrb $0,(%rax,%r10,1),%xmm9,%xmm9; jnz 1b; vpmovsxbd %xmm9,%ymm9",
        "488d440e08c4417c50d6f34d0fb8d2c44135efc9c4c13173f9014981c2ffffffffc42331200c10000f85e6ffffffc4427d21c9",
        a -> a.extend(VectorOp.VPMOVSXBD, false, 9, new Source.Memory(RSI, RCX, 1, 8), 1, 14));
    check(
        "lea 8(%rsi,%rcx,2),%rax; vmovmskps %ymm1,%r10d; popcnt %r10,%r10; vpxor %ymm3,%ymm3,%ymm3; 1: vpslldq $2,%xmm3,%xmm3; "
            + "add $-1,%r10; vpinsrw $0,(%rax,%r10,2),%xmm3,%xmm3; jnz 1b; vpmovzxwd %xmm3,%ymm3",
        "488d444e08c57c50d1f34d0fb8d2c5e5efdbc5e173fb024981c2ffffffffc4a161c41c50000f85e7ffffffc4e27d33db",
        a -> a.extend(VectorOp.VPMOVZXWD, false, 3, new Source.Memory(RSI, RCX, 2, 8), 2, 1));
    check(
        "vpshufb c0(%rip),%ymm3,%ymm9; vpermq $8,%ymm9,%ymm9; vpshufd $8,%ymm9,%ymm9; vmovq %xmm9,8(%rsi,%rcx,1); .balign 32,0; "
            + "c0: .quad 0xFFFFFFFF0C080400,-1,0xFFFFFFFF0C080400,-1",
        "c46265000d17000000c443fd00c908c4417d70c908c579d64c0e0800000000000004080cffffffffffffffffffffffff0004080cffffffffffffffffffffffff",
        a -> a.storeLower(false, 3, new Source.Memory(RSI, RCX, 1, 8), 1, ALL, 9));
    check(
        "vpshufb c0(%rip),%ymm3,%ymm9; vpermq $8,%ymm9,%ymm9; vmovups %xmm9,8(%rsi,%rcx,2); .balign 32,0; "
            + "c0: .quad 0x0D0C090805040100,-1,0x0D0C090805040100,-1",
        "c46265000d17000000c443fd00c908c578114c4e0800000000000000000000000001040508090c0dffffffffffffffff0001040508090c0dffffffffffffffff",
        a -> a.storeLower(false, 3, new Source.Memory(RSI, RCX, 2, 8), 2, ALL, 9));
    check(
        "vpshufb c0(%rip),%ymm3,%ymm9; vpermq $8,%ymm9,%ymm9; vpshufd $8,%ymm9,%ymm9; lea 8(%rsi,%rcx,1),%rax; "
            + "vmovmskps %ymm14,%r10d; popcnt %r10,%r10; 1: vpextrb $0,%xmm9,(%rax); vpsrldq $1,%xmm9,%xmm9; add $1,%rax; add $-1,%r10; "
            + "jnz 1b; .balign 32,0; c0: .quad 0xFFFFFFFF0C080400,-1,0xFFFFFFFF0C080400,-1",
        "c46265000d57000000c443fd00c908c4417d70c908488d440e08c4417c50d6f34d0fb8d2c46379140800c4c13173d9014881c0010000004981c2ffffffff0f85e0"
            + "ffffff000000000000000000000000000000000000000000000000000000000004080cffffffffffffffffffffffff0004080cffffffffffffffffffffffff",
        a -> a.storeLower(false, 3, new Source.Memory(RSI, RCX, 1, 8), 1, 14, 9));
    check(
        "vpshufb c0(%rip),%ymm3,%ymm9; vpermq $8,%ymm9,%ymm9; lea 8(%rsi,%rcx,2),%rax; vmovmskps %ymm14,%r10d; popcnt %r10,%r10; "
            + "1: vpextrw $0,%xmm9,(%rax); vpsrldq $2,%xmm9,%xmm9; add $2,%rax; add $-1,%r10; jnz 1b; .balign 32,0; "
            + "c0: .quad 0x0D0C090805040100,-1,0x0D0C090805040100,-1",
        "c46265000d37000000c443fd00c908488d444e08c4417c50d6f34d0fb8d2c46379150800c4c13173d9024881c0020000004981c2ffffffff0f85e0ffffff000000"
            + "01040508090c0dffffffffffffffff0001040508090c0dffffffffffffffff",
        a -> a.storeLower(false, 3, new Source.Memory(RSI, RCX, 2, 8), 2, 14, 9));
    check("vcvtps2ph $0,%ymm3,8(%rsi,%rcx,2)", "c4e37d1d5c4e0800", a -> a.storeHalves(false, 3, new Source.Memory(RSI, RCX, 2, 8), ALL, 9));
    check(
        "vcvtps2ph $0,%ymm3,%xmm9; lea 8(%rsi,%rcx,2),%rax; vmovmskps %ymm14,%r10d; popcnt %r10,%r10; 1: vpextrw $0,%xmm9,(%rax); "
            + "vpsrldq $2,%xmm9,%xmm9; add $2,%rax; add $-1,%r10; jnz 1b",
        "c4c37d1dd900488d444e08c4417c50d6f34d0fb8d2c46379150800c4c13173d9024881c0020000004981c2ffffffff0f85e0ffffff",
        a -> a.storeHalves(false, 3, new Source.Memory(RSI, RCX, 2, 8), 14, 9));
  }

  /** Whatever it is asked for begins with a prefix of VEX, or is refused: that of EVEX ends the process on other machines than those that run most tests. */
  @Test
  void neverUsesAvx512() {
    List<Consumer<Avx2LoopAssembler>> all = new ArrayList<>();
    for (VectorForm form : List.of(S8, D4, new VectorForm(false, 4), new VectorForm(false, 16))) {
      for (Source second : List.of(new Source.Register(3), new Source.Memory(RSI, 0), new Source.Constant(1))) {
        for (int mask : new int[] {ALL, 9}) {
          for (LaneOp op : LaneOp.values()) {
            all.add(a -> a.lanes(op, form, 1, 2, second, mask, false));
            all.add(a -> a.lanes(op, form, 1, 2, second, mask, true));
            for (int constant = 0; constant < 256; constant++) {
              int c = constant;
              all.add(a -> a.lanes(op, form, 1, 2, second, mask, false, c));
            }
          }
          for (VectorOp op : VectorOp.values()) {
            all.add(a -> a.vector(op, false, 1, second, mask, true));
            all.add(a -> a.vector(op, true, 1, second, mask, false, 1));
            all.add(a -> a.vector(op, 1, 2, 3));
            all.add(a -> a.vector(op, 1, 2, RSI, 0));
            all.add(a -> a.vectorLoad(op, 1, RSI, 0, mask));
            all.add(a -> a.vectorStore(op, 1, RSI, 0, mask));
            all.add(a -> a.gather(op, 1, RSI, 2, 3));
          }
        }
      }
      for (Shift shift : Shift.values()) {
        all.add(a -> a.shift(shift, form, 1, new Source.Register(2), 3));
      }
    }
    for (MaskOp op : MaskOp.values()) {
      all.add(a -> a.masks(op, 1, 2, 3));
    }
    all.add(a -> a.maskFromRegister(1, RCX));
    all.add(a -> a.copyMask(1, 2));
    all.add(a -> a.jumpIfAny(1));
    all.add(a -> a.setOnes(1));
    all.add(a -> a.clear(1));
    int written = 0;
    for (Consumer<Avx2LoopAssembler> one : all) {
      Avx2LoopAssembler a = new Avx2LoopAssembler();
      try {
        one.accept(a);
      } catch (IllegalArgumentException e) {
        continue;
      }
      int first = Byte.toUnsignedInt(a.code()[0]);
      assertTrue(first == 0xC4 || first == 0xC5, () -> Integer.toHexString(first));
      written++;
    }
    assertTrue(written > 1000, written + " of " + all.size());
  }
}
