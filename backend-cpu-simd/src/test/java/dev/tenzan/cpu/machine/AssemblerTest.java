package dev.tenzan.cpu.machine;

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
  private static void check(String text, String expected, Consumer<Assembler> instruction) {
    Assembler a = new Assembler();
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
