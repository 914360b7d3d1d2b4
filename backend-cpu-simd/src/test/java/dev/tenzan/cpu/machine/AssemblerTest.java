package dev.tenzan.cpu.machine;

import static dev.tenzan.cpu.machine.Assembler.ALL;
import static dev.tenzan.cpu.machine.Assembler.R10;
import static dev.tenzan.cpu.machine.Assembler.R11;
import static dev.tenzan.cpu.machine.Assembler.R8;
import static dev.tenzan.cpu.machine.Assembler.R9;
import static dev.tenzan.cpu.machine.Assembler.RAX;
import static dev.tenzan.cpu.machine.Assembler.RCX;
import static dev.tenzan.cpu.machine.Assembler.RDI;
import static dev.tenzan.cpu.machine.Assembler.RDX;
import static dev.tenzan.cpu.machine.Assembler.RSI;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.HexFormat;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** Compares instructions with what GNU as (binutils 2.40) makes of their text. */
final class AssemblerTest {
  private static final VectorForm F32 = new VectorForm(false, 16);
  private static final VectorForm F64 = new VectorForm(true, 8);

  /** Vectors of 256 bits. */
  private static final VectorForm S8 = new VectorForm(false, 8);

  private static final VectorForm D4 = new VectorForm(true, 4);

  /** Of 32 bits a lane, beside vectors of as many lanes of 64. */
  private static final VectorForm HALF = new VectorForm(false, 8);

  private static void check(String text, String expected, Consumer<Assembler> instruction) {
    Assembler a = new Assembler();
    instruction.accept(a);
    assertEquals(expected, HexFormat.of().formatHex(a.code()), text);
  }

  private static void checkAvx2(String text, String expected, Consumer<Avx2Assembler> instruction) {
    Avx2Assembler a = new Avx2Assembler();
    instruction.accept(a);
    assertEquals(expected, HexFormat.of().formatHex(a.code()), text);
  }

  @Test
  void encodesAsGnuAsDoes() {
    check("mov %rax,%r10", "4989c2", a -> a.move(R10, RAX));
    check("mov $0x80808080,%ecx", "b980808080", a -> a.set(RCX, 0x80808080));
    check("mov 0x28(%rdi),%r9", "4c8b4f28", a -> a.load(R9, RDI, 40));
    check("mov (%rdi),%rax", "488b07", a -> a.load(RAX, RDI, 0));
    check("mov 0x1234(%r8),%rax", "498b8034120000", a -> a.load(RAX, R8, 0x1234));
    check("add %r10,48(%rdi)", "4c015730", a -> a.addToMemory(RDI, 48, R10));
    check("prefetcht0 (%r10)", "410f180a", a -> a.prefetchFirst(R10, 0));
    check("add %r8,%rcx", "4c01c1", a -> a.add(RCX, R8));
    check("add %r11,%r10", "4d01da", a -> a.add(R10, R11));
    check("add $2304,%rsi", "4881c600090000", a -> a.addConstant(RSI, 2304));
    check("and $0x333,%r9", "4981e133030000", a -> a.andConstant(R9, 0x333));
    check("sub $1000,%r10", "4981eae8030000", a -> a.subtractConstant(R10, 1000));
    check("shr $2,%r10", "49c1ea02", a -> a.shiftRight(R10, 2));
    check("test %r9,%r9", "4d85c9", a -> a.test(R9));
    check("kmovw %ecx,%k1", "c5f892c9", a -> a.maskFromRegister(1, RCX));
    check("kmovw %k1,%k2", "c5f890d1", a -> a.copyMask(2, 1));
    check("vpdpbusd %zmm31,%zmm24,%zmm23", "62823d4050ff", a -> a.vector(VectorOp.VPDPBUSD, 23, 24, 31));
    check("vpdpbusd %zmm9,%zmm5,%zmm3", "62d2554850d9", a -> a.vector(VectorOp.VPDPBUSD, 3, 5, 9));
    check("vdpbf16ps %zmm26,%zmm25,%zmm12", "6212364052e2", a -> a.vector(VectorOp.VDPBF16PS, 12, 25, 26));
    check("vaddps 64(%rax),%zmm17,%zmm17", "62e17440584801", a -> a.vector(VectorOp.VADDPS, 17, 17, RAX, 64));
    check("vpaddd (%r8),%zmm1,%zmm9", "62517548fe08", a -> a.vector(VectorOp.VPADDD, 9, 1, R8, 0));
    check("vpaddw %zmm28,%zmm1,%zmm1", "62917548fdcc", a -> a.vector(VectorOp.VPADDW, 1, 1, 28));
    check("vpsubd %zmm25,%zmm23,%zmm23", "62814540faf9", a -> a.vector(VectorOp.VPSUBD, 23, 23, 25));
    check("vpandd %zmm29,%zmm0,%zmm1", "62917d48dbcd", a -> a.vector(VectorOp.VPANDD, 1, 0, 29));
    check("vpord %zmm1,%zmm0,%zmm0", "62f17d48ebc1", a -> a.vector(VectorOp.VPORD, 0, 0, 1));
    check("vpminuw %zmm1,%zmm30,%zmm30", "62620d403af1", a -> a.vector(VectorOp.VPMINUW, 30, 30, 1));
    check("vpermt2w %zmm1,%zmm4,%zmm0", "62f2dd487dc1", a -> a.vector(VectorOp.VPERMT2W, 0, 4, 1));
    check("vpermt2b %zmm21,%zmm5,%zmm30", "622255487df5", a -> a.vector(VectorOp.VPERMT2B, 30, 5, 21));
    check("vmovups 64(%rsi),%ymm9", "62717c28104e02", a -> a.vectorLoad(VectorOp.LOAD_LOWER, 9, RSI, 64, 0));
    check("vinserti64x4 $1,32(%rsi),%zmm17,%zmm17", "62e3f5403a4e0101", a -> a.insertUpper(17, RSI, 32));
    check("vmovups 448(%rdx),%zmm25", "62617c48104a07", a -> a.vectorLoad(VectorOp.LOAD, 25, RDX, 448, 0));
    check("vmovups 100(%r9),%zmm8{%k1}{z}", "62517cc9108164000000", a -> a.vectorLoad(VectorOp.LOAD, 8, R9, 100, 1));
    check("vmovups %zmm11,-8192(%rcx)", "62717c48115980", a -> a.vectorStore(VectorOp.STORE, 11, RCX, -8192, 0));
    check("vmovups %zmm30,8192(%rcx){%k2}", "62617c4a11b100200000", a -> a.vectorStore(VectorOp.STORE, 30, RCX, 8192, 2));
    check("vmovdqu16 %ymm0,32(%rcx){%k1}", "62f1ff297f4101", a -> a.vectorStore(VectorOp.STORE_WORDS, 0, RCX, 32, 1));
    check("vpmovdb %zmm20,16(%rcx){%k1}", "62e27e49316101", a -> a.vectorStore(VectorOp.STORE_LOWER_BYTES, 20, RCX, 16, 1));
    check("vpbroadcastd 6380(%rsi),%zmm31", "62627d4858beec180000", a -> a.vectorLoad(VectorOp.BROADCAST, 31, RSI, 6380, 0));
    check("vpbroadcastd 44(%rsi),%zmm26", "62627d4858560b", a -> a.vectorLoad(VectorOp.BROADCAST, 26, RSI, 44, 0));
    check("vpmovzxwd (%rsi),%zmm1{%k1}{z}", "62f27dc9330e", a -> a.vectorLoad(VectorOp.VPMOVZXWD, 1, RSI, 0, 1));
    check("vpmovzxbd (%rsi),%zmm1{%k1}{z}", "62f27dc9310e", a -> a.vectorLoad(VectorOp.VPMOVZXBD, 1, RSI, 0, 1));
    check("vcvtneps2bf16 (%rsi),%ymm0{%k1}{z}", "62f27ec97206", a -> a.vectorLoad(VectorOp.VCVTNEPS2BF16, 0, RSI, 0, 1));
    check("vpgatherdd (%rsi,%zmm27,1),%zmm0{%k2}", "62b27d4290041e", a -> a.gather(VectorOp.VPGATHERDD, 0, RSI, 27, 2));
    check("vpgatherdd (%r8,%zmm5,1),%zmm19{%k1}", "62c27d49901c28", a -> a.gather(VectorOp.VPGATHERDD, 19, R8, 5, 1));
    check("lea (%rsi,%rax,1),%r10", "4c8d1406", a -> a.sum(R10, RSI, RAX));
    check("lea (%rdx,%r9,1),%r11", "4e8d1c0a", a -> a.sum(R11, RDX, R9));
    check("vfmadd231ps %zmm25,%zmm24,%zmm3", "62923d40b8d9", a -> a.vector(VectorOp.VFMADD231PS, 3, 24, 25));
    check("vfmadd231ps 44(%rsi){1to16},%zmm24,%zmm22", "62e23d50b8760b", a -> a.vectorWithNumber(VectorOp.VFMADD231PS, 22, 24, RSI, 44));
    check("vfmadd231ps 6380(%rsi){1to16},%zmm25,%zmm1", "62f23550b88eec180000",
        a -> a.vectorWithNumber(VectorOp.VFMADD231PS, 1, 25, RSI, 6380));
    check("vfmadd231pd 88(%rsi){1to8},%zmm24,%zmm22", "62e2bd50b8760b", a -> a.vectorWithNumber(VectorOp.VFMADD231PD, 22, 24, RSI, 88));
    check("vfmadd231pd %zmm30,%zmm25,%zmm17", "6282b540b8ce", a -> a.vector(VectorOp.VFMADD231PD, 17, 25, 30));
    check("vaddpd 64(%rax),%zmm7,%zmm7", "62f1c548587801", a -> a.vector(VectorOp.VADDPD, 7, 7, RAX, 64));
    check("vmovupd (%rsi),%zmm1{%k1}{z}", "62f1fdc9100e", a -> a.vectorLoad(VectorOp.LOAD_LONGS, 1, RSI, 0, 1));
    check("vmovupd %zmm20,128(%rcx){%k1}", "62e1fd49116102", a -> a.vectorStore(VectorOp.STORE_LONGS, 20, RCX, 128, 1));
    check("vpbroadcastq 16(%rsi),%zmm26", "6262fd48595602", a -> a.vectorLoad(VectorOp.BROADCAST_LONGS, 26, RSI, 16, 0));
    check("vpgatherdq (%rsi,%ymm27,1),%zmm0{%k2}", "62b2fd4290041e", a -> a.gather(VectorOp.VPGATHERDQ, 0, RSI, 27, 2));
    check("vpbroadcastd %ecx,%zmm29", "62627d487ce9", a -> a.broadcast(29, RCX));
    check("vpslld $24,%zmm1,%zmm1", "62f1754872f118", a -> a.shiftLeft(1, 1, 24));
    check("vpslld $8,%zmm9,%zmm18", "62d16d4072f108", a -> a.shiftLeft(18, 9, 8));
    check("vprold $16,%zmm0,%zmm0", "62f17d4872c810", a -> a.rotateLeft(0, 0, 16));
    check("vpxord %zmm23,%zmm23,%zmm23", "62a14540efff", a -> a.clear(23));
    check("vpternlogd $0xff,%zmm28,%zmm28,%zmm28", "62031d4025e4ff", a -> a.setOnes(28));
    check("prefetcht0 64(%r8,%rdx,2)", "410f184c5040", a -> a.prefetchFirst(new Source.Memory(R8, RDX, 2, 64)));
    check("prefetcht0 (%rsi,%r9)", "420f180c0e", a -> a.prefetchFirst(new Source.Memory(RSI, R9, 1, 0)));
    check("prefetcht0 256(%r10)", "410f188a00010000", a -> a.prefetchFirst(new Source.Memory(R10, 256)));
    check("lea 24(%r8),%rax", "498d4018", a -> a.address(RAX, new Source.Memory(R8, 24)));
    check("prefetcht0 8256(%rsi)", "0f188e40200000", a -> a.prefetchFirst(RSI, 8256));
    check("vshufi32x4 $0x0e,%zmm0,%zmm0,%zmm8", "62737d4843c00e", a -> a.vector(VectorOp.VSHUFI32X4, 8, 0, 0, (byte) 0x0E));
    check("vunpcklps %zmm17,%zmm3,%zmm25", "6221644814c9", a -> a.vector(VectorOp.VUNPCKLPS, 25, 3, 17));
    check("vunpckhps %zmm2,%zmm18,%zmm2", "62f16c4015d2", a -> a.vector(VectorOp.VUNPCKHPS, 2, 18, 2));
    check("vunpcklpd %zmm17,%zmm3,%zmm25", "6221e54814c9", a -> a.vector(VectorOp.VUNPCKLPD, 25, 3, 17));
    check("vunpckhpd %zmm2,%zmm18,%zmm2", "62f1ed4015d2", a -> a.vector(VectorOp.VUNPCKHPD, 2, 18, 2));
    check("vshufi32x4 $0x88,%zmm17,%zmm3,%zmm25", "6223654843c988", a -> a.vector(VectorOp.VSHUFI32X4, 25, 3, 17, (byte) 0x88));
    check("vpshufd $1,%zmm0,%zmm8", "62717d4870c001", a -> a.vector(VectorOp.VPSHUFD, 8, 0, 0, (byte) 1));
    check("vzeroupper; ret", "c5f877c3", a -> a.returnFromVectors());
  }

  @Test
  void encodesWhatLoopsUse() {
    check("mov 8(%rsp),%rax", "488b442408", a -> a.loadArgument(RAX, 0));
    check("mov 16(%rsp),%r9", "4c8b4c2410", a -> a.loadArgument(R9, 1));
    check("movslq 4(%rdx),%rax", "48634204", a -> a.loadInt(RAX, RDX, 4));
    check("xor %ecx,%ecx", "31c9", a -> a.clearRegister(RCX));
    check("add 0x28(%rdi),%rsi", "48037728", a -> a.addFromMemory(RSI, RDI, 40));
    check("imul 0x58(%rdi),%rax", "480faf4758", a -> a.multiplyFromMemory(RAX, RDI, 88));
    check("subq $1,(%rdi)", "48832f01", a -> a.countDown(RDI, 0));
    check("cmp 16(%rdi),%rcx", "483b4f10", a -> a.compare(RCX, RDI, 16));
    check("sub %rcx,%rax", "4829c8", a -> a.subtract(RAX, RCX));
    check("bzhi %rax,%r11,%rax", "c4c2f8f5c3", a -> a.keepLowBits(RAX, R11, RAX));
    check("bzhi %r9,%rcx,%r8", "c462b0f5c1", a -> a.keepLowBits(R8, RCX, R9));
    check("lea 24(%r8,%rcx,4),%rax", "498d448818", a -> a.address(RAX, new Source.Memory(R8, RCX, 4, 24)));
    check("kandw %k3,%k2,%k1", "c5ec41cb", a -> a.masks(MaskOp.AND, 1, 2, 3));
    check("kandnw %k5,%k4,%k6", "c5dc42f5", a -> a.masks(MaskOp.AND_NOT, 6, 4, 5));
    check("knotw %k3,%k7", "c5f844fb", a -> a.masks(MaskOp.NOT, 7, 0, 3));
    check("korw %k3,%k2,%k1", "c5ec45cb", a -> a.masks(MaskOp.OR, 1, 2, 3));
    check("kxnorw %k2,%k2,%k2", "c5ec46d2", a -> a.masks(MaskOp.XNOR, 2, 2, 2));
    check("kxorw %k3,%k2,%k1", "c5ec47cb", a -> a.masks(MaskOp.XOR, 1, 2, 3));
    check("vaddps 64(%r8,%rcx,4),%zmm17,%zmm3", "62d17440585c8801",
        a -> a.lanes(LaneOp.ADD, F32, 3, 17, new Source.Memory(R8, RCX, 4, 64)));
    check("vaddpd 4(%rsi,%rcx,8),%zmm7,%zmm25", "6261c548588cce04000000",
        a -> a.lanes(LaneOp.ADD, F64, 25, 7, new Source.Memory(RSI, RCX, 8, 4)));
    check("vmulps %ymm30,%ymm9,%ymm1", "6291342859ce", a -> a.lanes(LaneOp.MULTIPLY, HALF, 1, 9, new Source.Register(30)));
    check("vsubpd %zmm3,%zmm2,%zmm1{%k2}", "62f1ed4a5ccb", a -> a.lanes(LaneOp.SUBTRACT, F64, 1, 2, new Source.Register(3), 2, false));
    check("vdivps %zmm3,%zmm2,%zmm1", "62f16c485ecb", a -> a.lanes(LaneOp.DIVIDE, F32, 1, 2, new Source.Register(3)));
    check("vminps %zmm3,%zmm2,%zmm1", "62f16c485dcb", a -> a.lanes(LaneOp.MIN, F32, 1, 2, new Source.Register(3)));
    check("vmaxpd %zmm3,%zmm2,%zmm1", "62f1ed485fcb", a -> a.lanes(LaneOp.MAX, F64, 1, 2, new Source.Register(3)));
    check("vsqrtps %zmm19,%zmm1", "62b17c4851cb", a -> a.lanes(LaneOp.SQUARE_ROOT, F32, 1, 0, new Source.Register(19)));
    check("vcmpps $14,%zmm3,%zmm2,%k4", "62f16c48c2e30e", a -> a.lanes(LaneOp.COMPARE, F32, 4, 2, new Source.Register(3), ALL, false, 14));
    check("vpcmpq $6,%zmm3,%zmm2,%k4", "62f3ed481fe306",
        a -> a.lanes(LaneOp.COMPARE_INTEGERS, F64, 4, 2, new Source.Register(3), ALL, false, 6));
    check("vpcmpud $6,%zmm3,%zmm2,%k4{%k1}", "62f36d491ee306",
        a -> a.lanes(LaneOp.COMPARE_UNSIGNED, F32, 4, 2, new Source.Register(3), 1, false, 6));
    check("vfmadd132ps %zmm3,%zmm2,%zmm1", "62f26d4898cb", a -> a.lanes(LaneOp.FMA132, F32, 1, 2, new Source.Register(3)));
    check("vfmadd213pd %zmm3,%zmm2,%zmm1", "62f2ed48a8cb", a -> a.lanes(LaneOp.FMA213, F64, 1, 2, new Source.Register(3)));
    check("vfmadd231ps %ymm3,%ymm2,%ymm1", "62f26d28b8cb", a -> a.lanes(LaneOp.FMA231, HALF, 1, 2, new Source.Register(3)));
    check("vfnmadd213ps %zmm3,%zmm2,%zmm1", "62f26d48accb", a -> a.lanes(LaneOp.FNMA213, F32, 1, 2, new Source.Register(3)));
    check("vfnmadd213pd %zmm19,%zmm2,%zmm1", "62b2ed48accb", a -> a.lanes(LaneOp.FNMA213, F64, 1, 2, new Source.Register(19)));
    check("vscalefps %zmm3,%zmm2,%zmm1", "62f26d482ccb", a -> a.lanes(LaneOp.SCALE, F32, 1, 2, new Source.Register(3)));
    check("vscalefpd %zmm3,%zmm2,%zmm1", "62f2ed482ccb", a -> a.lanes(LaneOp.SCALE, F64, 1, 2, new Source.Register(3)));
    check("vpternlogq $0xf8,%zmm3,%zmm2,%zmm1", "62f3ed4825cbf8",
        a -> a.lanes(LaneOp.TERNARY_LOGIC, F64, 1, 2, new Source.Register(3), ALL, false, 0xF8));
    check("vrangeps $5,%zmm3,%zmm2,%zmm1", "62f36d4850cb05", a -> a.lanes(LaneOp.RANGE, F32, 1, 2, new Source.Register(3), ALL, false, 5));
    check("vpaddd %zmm3,%zmm2,%zmm1", "62f16d48fecb", a -> a.lanes(LaneOp.ADD_INTEGERS, F32, 1, 2, new Source.Register(3)));
    check("vpaddq %zmm3,%zmm2,%zmm1", "62f1ed48d4cb", a -> a.lanes(LaneOp.ADD_INTEGERS, F64, 1, 2, new Source.Register(3)));
    check("vpsubd %zmm3,%zmm2,%zmm1", "62f16d48facb", a -> a.lanes(LaneOp.SUBTRACT_INTEGERS, F32, 1, 2, new Source.Register(3)));
    check("vpsubq %zmm3,%zmm2,%zmm1", "62f1ed48fbcb", a -> a.lanes(LaneOp.SUBTRACT_INTEGERS, F64, 1, 2, new Source.Register(3)));
    check("vpmulld %zmm3,%zmm2,%zmm1", "62f26d4840cb", a -> a.lanes(LaneOp.MULTIPLY_INTEGERS, F32, 1, 2, new Source.Register(3)));
    check("vpmullq %zmm3,%zmm2,%zmm1", "62f2ed4840cb", a -> a.lanes(LaneOp.MULTIPLY_INTEGERS, F64, 1, 2, new Source.Register(3)));
    check("vpandd %zmm3,%zmm2,%zmm1", "62f16d48dbcb", a -> a.lanes(LaneOp.AND, F32, 1, 2, new Source.Register(3)));
    check("vporq %zmm3,%zmm2,%zmm1", "62f1ed48ebcb", a -> a.lanes(LaneOp.OR, F64, 1, 2, new Source.Register(3)));
    check("vpxord %zmm3,%zmm2,%zmm1{%k3}", "62f16d4befcb", a -> a.lanes(LaneOp.XOR, F32, 1, 2, new Source.Register(3), 3, false));
    check("vpminsd %zmm3,%zmm2,%zmm1", "62f26d4839cb", a -> a.lanes(LaneOp.MIN_INTEGERS, F32, 1, 2, new Source.Register(3)));
    check("vpmaxsq %zmm3,%zmm2,%zmm1", "62f2ed483dcb", a -> a.lanes(LaneOp.MAX_INTEGERS, F64, 1, 2, new Source.Register(3)));
    check("vpmaxud %zmm3,%zmm2,%zmm1", "62f26d483fcb", a -> a.lanes(LaneOp.MAX_UNSIGNED, F32, 1, 2, new Source.Register(3)));
    check("vpabsd %zmm3,%zmm1", "62f27d481ecb", a -> a.lanes(LaneOp.ABS_INTEGERS, F32, 1, 0, new Source.Register(3)));
    check("vpabsq %zmm3,%zmm1", "62f2fd481fcb", a -> a.lanes(LaneOp.ABS_INTEGERS, F64, 1, 0, new Source.Register(3)));
    check("vpsllvd %zmm3,%zmm2,%zmm1", "62f26d4847cb", a -> a.lanes(LaneOp.SHIFT_LEFT, F32, 1, 2, new Source.Register(3)));
    check("vpsrlvq %zmm3,%zmm2,%zmm1", "62f2ed4845cb", a -> a.lanes(LaneOp.SHIFT_RIGHT, F64, 1, 2, new Source.Register(3)));
    check("vpsravq %zmm3,%zmm2,%zmm1", "62f2ed4846cb", a -> a.lanes(LaneOp.SHIFT_SIGN, F64, 1, 2, new Source.Register(3)));
    check("vpblendmd %zmm3,%zmm2,%zmm1{%k2}", "62f26d4a64cb", a -> a.lanes(LaneOp.BLEND, F32, 1, 2, new Source.Register(3), 2, false));
    check("vptestmq %zmm3,%zmm2,%k1", "62f2ed4827cb", a -> a.lanes(LaneOp.TEST, F64, 1, 2, new Source.Register(3)));
    check("vpbroadcastq 8(%rdi),%zmm9{%k3}{z}", "6272fdcb594f01",
        a -> a.lanes(LaneOp.BROADCAST, F64, 9, 0, new Source.Memory(RDI, 8), 3, true));
    check("vpermd %zmm3,%zmm2,%zmm1", "62f26d4836cb", a -> a.lanes(LaneOp.PERMUTE, F32, 1, 2, new Source.Register(3)));
    check("vpermt2d 60(%r8,%rcx,8),%zmm2,%zmm1", "62d26d487e8cc83c000000",
        a -> a.lanes(LaneOp.PERMUTE_TWO, F32, 1, 2, new Source.Memory(R8, RCX, 8, 60)));
    check("vshufi64x2 $0x4e,%zmm2,%zmm2,%zmm1", "62f3ed4843ca4e",
        a -> a.lanes(LaneOp.SHUFFLE_PARTS, F64, 1, 2, new Source.Register(2), ALL, false, 0x4E));
    check("vmovd %xmm17,(%rsi)", "62e17d087e0e", a -> a.lanes(LaneOp.STORE_FIRST, F32, 17, 0, new Source.Memory(RSI, 0)));
    check("vmovq %xmm17,8(%rsi)", "62e1fd087e4e01", a -> a.lanes(LaneOp.STORE_FIRST, F64, 17, 0, new Source.Memory(RSI, 8)));
    check("vmovntps %zmm3,64(%r8,%rcx,4)", "62d17c482b5c8801", a -> a.lanes(LaneOp.STREAM, F32, 3, 0, new Source.Memory(R8, RCX, 4, 64)));
    check("vmovntpd %zmm20,(%rsi,%rcx,8)", "62e1fd482b24ce", a -> a.lanes(LaneOp.STREAM, F64, 20, 0, new Source.Memory(RSI, RCX, 8, 0)));
    check("sfence", "0faef8", Assembler::storeFence);
    check("vpmovd2m %zmm3,%k2", "62f27e4839d3", a -> a.lanes(LaneOp.SIGNS, F32, 2, 0, new Source.Register(3)));
    check("vpmovq2m %zmm3,%k2", "62f2fe4839d3", a -> a.lanes(LaneOp.SIGNS, F64, 2, 0, new Source.Register(3)));
    check("vpslld $3,%zmm2,%zmm1", "62f1754872f203", a -> a.shift(Shift.LEFT, F32, 1, new Source.Register(2), 3));
    check("vpsrlq $3,%zmm2,%zmm1", "62f1f54873d203", a -> a.shift(Shift.RIGHT, F64, 1, new Source.Register(2), 3));
    check("vpsraq $3,%zmm2,%zmm1", "62f1f54872e203", a -> a.shift(Shift.RIGHT_SIGNED, F64, 1, new Source.Register(2), 3));
    check("vpsrad $3,%ymm2,%ymm1", "62f1752872e203", a -> a.shift(Shift.RIGHT_SIGNED, HALF, 1, new Source.Register(2), 3));
    check("vpmovsxbd 16(%rsi,%rcx,1),%zmm1", "62f27d48214c0e01",
        a -> a.vector(VectorOp.VPMOVSXBD, false, 1, new Source.Memory(RSI, RCX, 1, 16), ALL, false));
    check("vpmovsxwd 16(%rsi,%rcx,2),%ymm1{%k1}{z}", "62f27da9234c4e01",
        a -> a.vector(VectorOp.VPMOVSXWD, true, 1, new Source.Memory(RSI, RCX, 2, 16), 1, true));
    check("vpmovdw %zmm1,(%rsi,%rcx,2){%k1}", "62f27e49330c4e",
        a -> a.vector(VectorOp.STORE_LOWER_WORDS, false, 1, new Source.Memory(RSI, RCX, 2, 0), 1, false));
    check("vcvtph2ps (%rsi,%rcx,2),%zmm1", "62f27d48130c4e",
        a -> a.vector(VectorOp.VCVTPH2PS, false, 1, new Source.Memory(RSI, RCX, 2, 0), ALL, false));
    check("vcvtps2ph $0,%zmm1,(%rsi,%rcx,2){%k1}", "62f37d491d0c4e00",
        a -> a.vector(VectorOp.VCVTPS2PH, false, 1, new Source.Memory(RSI, RCX, 2, 0), 1, false, 0));
    check("vcvtps2ph $0,%ymm1,%xmm20", "62b37d281dcc00",
        a -> a.vector(VectorOp.VCVTPS2PH, true, 1, new Source.Register(20), ALL, false, 0));
    check("vcvtps2pd %ymm2,%zmm1", "62f17c485aca", a -> a.vector(VectorOp.VCVTPS2PD, false, 1, new Source.Register(2), ALL, false));
    check("vcvtpd2ps %zmm2,%ymm1", "62f1fd485aca", a -> a.vector(VectorOp.VCVTPD2PS, false, 1, new Source.Register(2), ALL, false));
    check("vpmovsxdq %ymm2,%zmm1", "62f27d4825ca", a -> a.vector(VectorOp.VPMOVSXDQ, false, 1, new Source.Register(2), ALL, false));
    check("vpmovqd %zmm1,%ymm2", "62f27e4835ca", a -> a.vector(VectorOp.VPMOVQD, false, 1, new Source.Register(2), ALL, false));
    check("vcvtdq2pd %ymm2,%zmm1", "62f17e48e6ca", a -> a.vector(VectorOp.VCVTDQ2PD, false, 1, new Source.Register(2), ALL, false));
    check("vcvtqq2ps %zmm2,%ymm1", "62f1fc485bca", a -> a.vector(VectorOp.VCVTQQ2PS, false, 1, new Source.Register(2), ALL, false));
    check("vcvttpd2dq %zmm2,%ymm1", "62f1fd48e6ca", a -> a.vector(VectorOp.VCVTTPD2DQ, false, 1, new Source.Register(2), ALL, false));
    check("vcvttps2qq %ymm2,%zmm1", "62f17d487aca", a -> a.vector(VectorOp.VCVTTPS2QQ, false, 1, new Source.Register(2), ALL, false));
    check("vcvtdq2ps %zmm2,%zmm1", "62f17c485bca", a -> a.vector(VectorOp.VCVTDQ2PS, false, 1, new Source.Register(2), ALL, false));
    check("vcvtqq2pd %zmm2,%zmm1", "62f1fe48e6ca", a -> a.vector(VectorOp.VCVTQQ2PD, false, 1, new Source.Register(2), ALL, false));
    check("vcvttps2dq %ymm2,%ymm1", "62f17e285bca", a -> a.vector(VectorOp.VCVTTPS2DQ, true, 1, new Source.Register(2), ALL, false));
    check("vcvttpd2qq %zmm2,%zmm1", "62f1fd487aca", a -> a.vector(VectorOp.VCVTTPD2QQ, false, 1, new Source.Register(2), ALL, false));
    check("vpbroadcastq %rax,%zmm1", "62f2fd487cc8",
        a -> a.vector(VectorOp.BROADCAST_LONG_REGISTER, false, 1, new Source.Register(RAX), ALL, false));
    check("vpbroadcastb (%r8),%zmm1", "62d27d487808", a -> a.vector(VectorOp.VPBROADCASTB, false, 1, new Source.Memory(R8, 0), ALL, false));
    check("vpbroadcastw 2(%r8),%ymm1", "62d27d28794801",
        a -> a.vector(VectorOp.VPBROADCASTW, true, 1, new Source.Memory(R8, 2), ALL, false));
    check("vpgatherdd (%rax,%ymm5,1),%ymm3{%k2}", "62f27d2a901c28", a -> a.gather(true, 3, RAX, 5, 2));
    check("mov %rax,0x58(%rdi)", "48894758", a -> a.store(RAX, RDI, 88));
    check("vpgatherqd (%rax,%zmm5,1),%ymm3{%k2}", "62f27d4a911c28", a -> a.gather(VectorOp.VPGATHERQD, 3, RAX, 5, 2));
    check("vpgatherqq (%rax,%zmm21,1),%zmm3{%k2}", "62f2fd42911c28", a -> a.gather(VectorOp.VPGATHERQQ, 3, RAX, 21, 2));
  }

  @Test
  void encodesAvx2AsGnuAsDoes() {
    checkAvx2("vfmadd231ps %ymm15,%ymm12,%ymm3", "c4c21db8df", a -> a.vector(VectorOp.VFMADD231PS, 3, 12, 15));
    checkAvx2("vfmadd231pd %ymm14,%ymm9,%ymm11", "c442b5b8de", a -> a.vector(VectorOp.VFMADD231PD, 11, 9, 14));
    checkAvx2("vaddps 32(%rax),%ymm7,%ymm7", "c5c4587820", a -> a.vector(VectorOp.VADDPS, 7, 7, RAX, 32));
    checkAvx2("vaddps (%r8),%ymm1,%ymm9", "c441745808", a -> a.vector(VectorOp.VADDPS, 9, 1, R8, 0));
    checkAvx2("vaddpd 160(%rax),%ymm13,%ymm7", "c59558b8a0000000", a -> a.vector(VectorOp.VADDPD, 7, 13, RAX, 160));
    checkAvx2("vmovups 96(%rdx),%ymm12", "c57c106260", a -> a.vectorLoad(VectorOp.LOAD, 12, RDX, 96, ALL));
    checkAvx2("vmovupd 128(%r9),%ymm2", "c4c17d109180000000", a -> a.vectorLoad(VectorOp.LOAD_LONGS, 2, R9, 128, ALL));
    checkAvx2("vmovups %ymm11,-128(%rcx)", "c57c115980", a -> a.vectorStore(VectorOp.STORE, 11, RCX, -128, ALL));
    checkAvx2("vmovupd %ymm11,(%r10)", "c4417d111a", a -> a.vectorStore(VectorOp.STORE_LONGS, 11, R10, 0, ALL));
    checkAvx2("vmaskmovps 100(%r9),%ymm14,%ymm8", "c4420d2c4164", a -> a.vectorLoad(VectorOp.LOAD, 8, R9, 100, 14));
    checkAvx2("vmaskmovpd (%rsi),%ymm1,%ymm0", "c4e2752d06", a -> a.vectorLoad(VectorOp.LOAD_LONGS, 0, RSI, 0, 1));
    checkAvx2("vmaskmovps %ymm3,%ymm15,256(%rcx)", "c4e2052e9900010000", a -> a.vectorStore(VectorOp.STORE, 3, RCX, 256, 15));
    checkAvx2("vmaskmovpd %ymm10,%ymm14,8(%rcx)", "c4620d2f5108", a -> a.vectorStore(VectorOp.STORE_LONGS, 10, RCX, 8, 14));
    checkAvx2("vpbroadcastd 44(%rsi),%ymm14", "c4627d58762c", a -> a.vectorLoad(VectorOp.BROADCAST, 14, RSI, 44, ALL));
    checkAvx2("vpbroadcastq 16(%r8),%ymm6", "c4c27d597010", a -> a.vectorLoad(VectorOp.BROADCAST_LONGS, 6, R8, 16, ALL));
    checkAvx2("vpgatherdd %ymm15,(%rsi,%ymm13,1),%ymm0", "c4a20590042e", a -> a.gather(VectorOp.VPGATHERDD, 0, RSI, 13, 15));
    checkAvx2("vpgatherdd %ymm2,(%r8,%ymm5,1),%ymm9", "c4426d900c28", a -> a.gather(false, 9, R8, 5, 2));
    checkAvx2("vpgatherdq %ymm15,(%rsi,%xmm13,1),%ymm0", "c4a28590042e", a -> a.gather(VectorOp.VPGATHERDQ, 0, RSI, 13, 15));
    checkAvx2("vmovd %ecx,%xmm9; vpbroadcastd %xmm9,%ymm9", "c5796ec9c4427d58c9", a -> a.broadcast(9, RCX));
    checkAvx2("vmovups %ymm14,%ymm15", "c4417c10fe", a -> a.copyMask(15, 14));
    checkAvx2("vpxor %ymm13,%ymm13,%ymm13", "c44115efed", a -> a.clear(13));
    checkAvx2("vpcmpeqd %ymm13,%ymm13,%ymm13", "c4411576ed", a -> a.setOnes(13));
    checkAvx2("vunpcklps %ymm7,%ymm3,%ymm15", "c56414ff", a -> a.vector(VectorOp.VUNPCKLPS, 15, 3, 7));
    checkAvx2("vunpckhps %ymm12,%ymm8,%ymm2", "c4c13c15d4", a -> a.vector(VectorOp.VUNPCKHPS, 2, 8, 12));
    checkAvx2("vunpcklpd %ymm7,%ymm3,%ymm15", "c56514ff", a -> a.vector(VectorOp.VUNPCKLPD, 15, 3, 7));
    checkAvx2("vunpckhpd %ymm2,%ymm8,%ymm2", "c5bd15d2", a -> a.vector(VectorOp.VUNPCKHPD, 2, 8, 2));
    checkAvx2("vperm2f128 $0x20,%ymm9,%ymm3,%ymm12", "c4436506e120", a -> a.parts(12, 3, 9, 0x20));
    checkAvx2("vperm2f128 $0x31,%ymm2,%ymm13,%ymm1", "c4e31506ca31", a -> a.parts(1, 13, 2, 0x31));
    checkAvx2("vpbroadcastd (%rsi,%r8,1),%ymm14", "c4227d583406", a -> a.lanes(LaneOp.BROADCAST, S8, 14, 0, new Source.Memory(RSI, R8, 1, 0)));
    checkAvx2("vpbroadcastq (%rdx,%r8,2),%ymm14", "c4227d593442", a -> a.lanes(LaneOp.BROADCAST, D4, 14, 0, new Source.Memory(RDX, R8, 2, 0)));
    checkAvx2("vpbroadcastq %xmm13,%ymm14", "c4427d59f5", a -> a.lanes(LaneOp.BROADCAST, D4, 14, 0, new Source.Register(13)));
    checkAvx2("vmovups 64(%rsi,%rax,4),%ymm13", "c57c106c8640", a -> a.lanes(LaneOp.LOAD, S8, 13, 0, new Source.Memory(RSI, RAX, 4, 64)));
    checkAvx2("vmaskmovps 32(%rcx),%ymm15,%ymm13", "c462052c6920", a -> a.lanes(LaneOp.LOAD, S8, 13, 0, new Source.Memory(RCX, 32), 15, true));
    checkAvx2("vmaskmovpd %ymm3,%ymm15,32(%rsi,%r9,2)", "c4a2052f5c4e20", a -> a.lanes(LaneOp.STORE, D4, 3, 0, new Source.Memory(RSI, R9, 2, 32), 15, false));
    checkAvx2("vfmadd231ps %ymm13,%ymm14,%ymm2", "c4c20db8d5", a -> a.lanes(LaneOp.FMA231, S8, 2, 14, new Source.Register(13)));
    checkAvx2("vaddpd %ymm3,%ymm12,%ymm3", "c59d58db", a -> a.lanes(LaneOp.ADD, D4, 3, 12, new Source.Register(3)));
    checkAvx2("vmovd %xmm9,(%rsi)", "c5797e0e", a -> a.lanes(LaneOp.STORE_FIRST, S8, 9, 0, new Source.Memory(RSI, 0)));
    checkAvx2("vzeroupper; ret", "c5f877c3", a -> a.returnFromVectors());
  }

  @Test
  void refusesWhatAvx2Lacks() {
    Avx2Assembler a = new Avx2Assembler();
    assertThrows(IllegalArgumentException.class, () -> a.clear(16));
    assertThrows(IllegalArgumentException.class, () -> a.vectorWithNumber(VectorOp.VFMADD231PS, 1, 2, RSI, 0));
    assertThrows(IllegalArgumentException.class, () -> a.vectorLoad(VectorOp.VPMOVZXBD, 1, RSI, 0, 2));
    assertThrows(IllegalArgumentException.class, () -> a.vectorStore(VectorOp.STORE_WORDS, 1, RSI, 0, 2));
    assertThrows(IllegalArgumentException.class, () -> a.lanes(LaneOp.ADD, S8, 1, 2, new Source.Memory(RSI, 0), 1, true));
    assertThrows(IllegalArgumentException.class, () -> a.lanes(LaneOp.FMA231, S8, 1, 2, new Source.Register(3), 1, false));
    assertThrows(IllegalArgumentException.class, () -> a.lanes(LaneOp.SCALE, S8, 1, 2, new Source.Register(3)));
    assertThrows(IllegalArgumentException.class, () -> a.lanes(LaneOp.RANGE, S8, 1, 2, new Source.Register(3), ALL, false, 4));
    assertThrows(IllegalArgumentException.class, () -> a.lanes(LaneOp.TERNARY_LOGIC, S8, 1, 2, new Source.Register(3), ALL, false, 0xE8));
    assertThrows(IllegalArgumentException.class, () -> a.lanes(LaneOp.MAX_UNSIGNED, D4, 1, 2, new Source.Register(3)));
    assertThrows(IllegalArgumentException.class, () -> a.vector(VectorOp.VPTERNLOGD, 1, 2, 3, (byte) 1));
  }

  /** The lowest bits of a register, as lanes of a mask: the constants are 1, 2, 4 and so on, for the conjunction and the comparison. */
  @Test
  void spreadsBitsWithAvx2() {
    Avx2Assembler a = new Avx2Assembler();
    a.maskFromRegister(14, RCX);
    // vmovd %ecx,%xmm14; vpbroadcastd %xmm14,%ymm14; vpand 16(%rip),%ymm14,%ymm14; vpcmpeqd 8(%rip),%ymm14,%ymm14; then what aligns 32 bytes
    String text = HexFormat.of().formatHex(a.code());
    assertEquals("c5796ef1" + "c4427d58f6" + "c50ddb350f000000" + "c50d763507000000" + "00".repeat(7) + "01000000" + "02000000", text.substring(0, 80));
  }

  /** Constants lie behind the code, each at a multiple of its size; the distance to one counts from the end of its instruction. */
  @Test
  void constantsFollowTheCode() {
    Assembler a = new Assembler();
    a.lanes(LaneOp.ADD, F32, 1, 2, new Source.Constant(0x3f800000));
    a.lanes(LaneOp.COMPARE, F32, 4, 2, new Source.Constant(0x3f800000), ALL, false, 1);
    a.lanes(LaneOp.BROADCAST, F64, 3, 0, new Source.Constant(-2));
    a.returnFromVectors();
    // vaddps 26(%rip){1to16}; vcmpltps 15(%rip){1to16}; vpbroadcastq 9(%rip); vzeroupper; ret; 1f; padding; -2
    assertEquals(
        "62f16c58580d1a000000" + "62f16c58c2250f00000001" + "62f2fd48591d09000000" + "c5f877c3" + "00" + "0000803f" + "feffffffffffffff",
        HexFormat.of().formatHex(a.code()));
  }

  @Test
  void jumpsReachTheirTargets() {
    Assembler a = new Assembler();
    a.test(RAX);
    int end = a.jumpIfZero();
    int loop = a.here();
    a.subtractConstant(RAX, 1);
    a.jumpIfNotZero(loop);
    a.land(end);
    a.returnFromVectors();
    // test; je to the end; sub; jne to the sub; vzeroupper; ret
    assertEquals("4885c0" + "0f840d000000" + "4881e801000000" + "0f85f3ffffff" + "c5f877c3", HexFormat.of().formatHex(a.code()));
  }

  @Test
  void longCodeGrows() {
    Assembler a = new Assembler();
    for (int i = 0; i < 1000; i++) {
      a.vector(VectorOp.VPORD, 0, 0, 1);
    }
    assertEquals(6000, a.code().length);
  }

  @Test
  void registersThatCannotBeBasesAreRefused() {
    assertThrows(IllegalArgumentException.class, () -> new Assembler().load(RAX, 12, 0));
  }
}
