package dev.tenzan.cpu.machine;

/** The vector instructions that the kernels use, as AVX-512 has them (EVEX); with AVX2 their vectors are half as long. Encodings: Intel SDM, volume 2, each instruction's page. */
public enum VectorOp {
  /** Adds the four products of unsigned bytes of the first source and signed bytes of the second one to each i32. */
  VPDPBUSD(Map.F38, Prefix.P66, 0, 0x50, 512, 64),
  /** Adds two products of bf16 numbers to each f32: two chained fused multiply-adds, that of the upper halves first. */
  VDPBF16PS(Map.F38, Prefix.PF3, 0, 0x52, 512, 64),
  /** Adds the product of two sources to each f32, fused. */
  VFMADD231PS(Map.F38, Prefix.P66, 0, 0xB8, 512, 64),
  /** Adds the product of two sources to each f64, fused. */
  VFMADD231PD(Map.F38, Prefix.P66, 1, 0xB8, 512, 64),
  VADDPD(Map.F, Prefix.P66, 1, 0x58, 512, 64),
  VADDPS(Map.F, Prefix.NONE, 0, 0x58, 512, 64),
  VPADDD(Map.F, Prefix.P66, 0, 0xFE, 512, 64),
  VPADDW(Map.F, Prefix.P66, 0, 0xFD, 512, 64),
  VPSUBD(Map.F, Prefix.P66, 0, 0xFA, 512, 64),
  VPANDD(Map.F, Prefix.P66, 0, 0xDB, 512, 64),
  VPORD(Map.F, Prefix.P66, 0, 0xEB, 512, 64),
  VPXORD(Map.F, Prefix.P66, 0, 0xEF, 512, 64),
  /** The lesser of unsigned words. */
  VPMINUW(Map.F38, Prefix.P66, 0, 0x3A, 512, 64),
  /** Loads 16 numbers of 32 bits. */
  LOAD(Map.F, Prefix.NONE, 0, 0x10, 512, 64),
  /** Stores 16 numbers of 32 bits. */
  STORE(Map.F, Prefix.NONE, 0, 0x11, 512, 64),
  /** Loads 8 numbers of 64 bits. */
  LOAD_LONGS(Map.F, Prefix.P66, 1, 0x10, 512, 64),
  /** Stores 8 numbers of 64 bits. */
  STORE_LONGS(Map.F, Prefix.P66, 1, 0x11, 512, 64),
  /** Stores 16 words (VMOVDQU16). */
  STORE_WORDS(Map.F, Prefix.PF2, 1, 0x7F, 256, 32),
  /** Stores the lower bytes of 16 numbers of 32 bits (VPMOVDB). */
  STORE_LOWER_BYTES(Map.F38, Prefix.PF3, 0, 0x31, 512, 16),
  /** Loads one number of 32 bits for all lanes (VPBROADCASTD from memory). */
  BROADCAST(Map.F38, Prefix.P66, 0, 0x58, 512, 4),
  /** Loads one number of 64 bits for all lanes (VPBROADCASTQ from memory). */
  BROADCAST_LONGS(Map.F38, Prefix.P66, 1, 0x59, 512, 8),
  /** Copies a general register to all lanes (VPBROADCASTD from a register). */
  BROADCAST_REGISTER(Map.F38, Prefix.P66, 0, 0x7C, 512, 4),
  /** Loads 16 words and extends them by zeros to 32 bits. */
  VPMOVZXWD(Map.F38, Prefix.P66, 0, 0x33, 512, 32),
  /** Loads 16 bytes and extends them by zeros to 32 bits. */
  VPMOVZXBD(Map.F38, Prefix.P66, 0, 0x31, 512, 16),
  /** Loads 16 bytes and extends them by their signs to 32 bits. */
  VPMOVSXBD(Map.F38, Prefix.P66, 0, 0x21, 512, 16),
  /** Loads 16 words and extends them by their signs to 32 bits. */
  VPMOVSXWD(Map.F38, Prefix.P66, 0, 0x23, 512, 32),
  /** Stores the lower words of 16 numbers of 32 bits (VPMOVDW). */
  STORE_LOWER_WORDS(Map.F38, Prefix.PF3, 0, 0x33, 512, 32),
  /** Converts 16 numbers of f16 to f32. */
  VCVTPH2PS(Map.F38, Prefix.P66, 0, 0x13, 512, 32),
  /** Converts 16 numbers of f32 to f16; the source is the register, and a constant says how to round. */
  VCVTPS2PH(Map.F3A, Prefix.P66, 0, 0x1D, 512, 32),
  /** Converts 8 numbers of f32 to f64. */
  VCVTPS2PD(Map.F, Prefix.NONE, 0, 0x5A, 512, 32),
  /** Converts 8 numbers of f64 to f32. */
  VCVTPD2PS(Map.F, Prefix.P66, 1, 0x5A, 512, 64),
  /** Extends 8 numbers of 32 bits by their signs to 64 bits. */
  VPMOVSXDQ(Map.F38, Prefix.P66, 0, 0x25, 512, 32),
  /** Extends 8 numbers of 32 bits by zeros to 64 bits. */
  VPMOVZXDQ(Map.F38, Prefix.P66, 0, 0x35, 512, 32),
  /** Takes the lower halves of 8 numbers of 64 bits; the source is the register. */
  VPMOVQD(Map.F38, Prefix.PF3, 0, 0x35, 512, 32),
  /** Converts 8 numbers of i32 to f64. */
  VCVTDQ2PD(Map.F, Prefix.PF3, 0, 0xE6, 512, 32),
  /** Converts 8 numbers of i64 to f32. */
  VCVTQQ2PS(Map.F, Prefix.NONE, 1, 0x5B, 512, 64),
  /** Converts 8 numbers of f64 to i32, towards zero; what does not fit gives the least number. */
  VCVTTPD2DQ(Map.F, Prefix.P66, 1, 0xE6, 512, 64),
  /** Converts 8 numbers of f32 to i64, towards zero; what does not fit gives the least number. */
  VCVTTPS2QQ(Map.F, Prefix.P66, 0, 0x7A, 512, 32),
  /** Copies a general register of 64 bits to all lanes (VPBROADCASTQ from a register). */
  BROADCAST_LONG_REGISTER(Map.F38, Prefix.P66, 1, 0x7C, 512, 8),
  VCVTDQ2PS(Map.F, Prefix.NONE, 0, 0x5B, 512, 64),
  VCVTQQ2PD(Map.F, Prefix.PF3, 1, 0xE6, 512, 64),
  /** Converts f32 to i32, towards zero; what does not fit gives the least number. */
  VCVTTPS2DQ(Map.F, Prefix.PF3, 0, 0x5B, 512, 64),
  /** Converts f64 to i64, towards zero; what does not fit gives the least number. */
  VCVTTPD2QQ(Map.F, Prefix.P66, 1, 0x7A, 512, 64),
  /** Copies one byte in memory to all bytes. */
  VPBROADCASTB(Map.F38, Prefix.P66, 0, 0x78, 512, 1),
  /** Copies one word in memory to all words. */
  VPBROADCASTW(Map.F38, Prefix.P66, 0, 0x79, 512, 2),
  /** Loads 16 numbers of f32 and rounds them to bf16, to nearest even; subnormal numbers become zero. */
  VCVTNEPS2BF16(Map.F38, Prefix.PF3, 0, 0x72, 512, 64),
  /** Loads numbers of 32 bits from a base and the distances of a vector, and clears the mask. */
  VPGATHERDD(Map.F38, Prefix.P66, 0, 0x90, 512, 4),
  /** Loads numbers of 64 bits from a base and the distances of a vector of half the width, and clears the mask. */
  VPGATHERDQ(Map.F38, Prefix.P66, 1, 0x90, 512, 8),
  /** Loads 8 numbers of 32 bits from a base and the distances of a vector of 64 bits a lane, and clears the mask. */
  VPGATHERQD(Map.F38, Prefix.P66, 0, 0x91, 512, 4),
  /** Loads 8 numbers of 64 bits from a base and the distances of a vector of 64 bits a lane, and clears the mask. */
  VPGATHERQQ(Map.F38, Prefix.P66, 1, 0x91, 512, 8),
  /** Shifts (opcode extension 6) or rotates (1) numbers of 32 bits by a constant. */
  SHIFT(Map.F, Prefix.P66, 0, 0x72, 512, 64),
  /** Selects parts of 128 bits, two from each source, by a constant. */
  VSHUFI32X4(Map.F3A, Prefix.P66, 0, 0x43, 512, 64),
  /** Puts the lower two numbers of 32 bits of two sources in turn, within each part of 128 bits. */
  VUNPCKLPS(Map.F, Prefix.NONE, 0, 0x14, 512, 64),
  /** The same with the upper two. */
  VUNPCKHPS(Map.F, Prefix.NONE, 0, 0x15, 512, 64),
  /** Puts the lower numbers of 64 bits of two sources side by side, within each part of 128 bits. */
  VUNPCKLPD(Map.F, Prefix.P66, 1, 0x14, 512, 64),
  /** The same with the upper ones. */
  VUNPCKHPD(Map.F, Prefix.P66, 1, 0x15, 512, 64),
  /** Selects numbers of 32 bits within each part of 128 bits, by a constant. */
  VPSHUFD(Map.F, Prefix.P66, 0, 0x70, 512, 64),
  /** Takes words of two sources, of which the first is the result's register, by the numbers of another one. */
  VPERMT2W(Map.F38, Prefix.P66, 1, 0x7D, 512, 64),
  /** The same with bytes. */
  VPERMT2B(Map.F38, Prefix.P66, 0, 0x7D, 512, 64),
  /** Loads 8 numbers of 32 bits; the others become 0. */
  LOAD_LOWER(Map.F, Prefix.NONE, 0, 0x10, 256, 32),
  /** Puts 256 bits of memory behind the lower 256 of a source, by a constant. */
  VINSERTI64X4(Map.F3A, Prefix.P66, 1, 0x3A, 512, 32),
  VPTERNLOGD(Map.F3A, Prefix.P66, 0, 0x25, 512, 64);

  private static final class Map {
    static final int F = 1;
    static final int F38 = 2;
    static final int F3A = 3;
  }

  private static final class Prefix {
    static final int NONE = 0;
    static final int P66 = 1;
    static final int PF3 = 2;
    static final int PF2 = 3;
  }

  /** The opcode map: 1 for 0F, 2 for 0F 38, 3 for 0F 3A. */
  final int map;

  /** The implied prefix: 0 for none, 1 for 66, 2 for F3, 3 for F2. */
  final int prefix;

  /** The W bit. */
  final int wide;

  final int opcode;

  /** The vector length in the form of EVEX: 1 for 256 bits, 2 for 512. */
  final int length;

  /** The bytes that a distance of one byte counts in. */
  final int unit;

  VectorOp(int map, int prefix, int wide, int opcode, int bits, int unit) {
    this.map = map;
    this.prefix = prefix;
    this.wide = wide;
    this.opcode = opcode;
    this.length = bits / 256;
    this.unit = unit;
  }
}
