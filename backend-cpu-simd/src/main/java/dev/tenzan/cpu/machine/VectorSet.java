package dev.tenzan.cpu.machine;

import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The vector instructions that machine code may use: how long their vectors are, and how many registers hold them. */
public enum VectorSet {
  /** The parts of AVX-512 that all processors but the first ones with it have. */
  AVX512(512, 32, "avx512f avx512bw avx512dq avx512vl bmi2"),
  /** AVX2 with fused multiply-adds and the conversions of f16, and what else all its processors have. */
  AVX2(256, 16, "avx2 fma f16c bmi2 popcnt");

  private final int bits;
  private final int registers;
  private final boolean isThere;

  /** A set that needs some features, as Linux calls them. */
  VectorSet(int bits, int registers, String features) {
    this.bits = bits;
    this.registers = registers;
    this.isThere = ProcessorFlags.hasAll(Set.of(features.split(" ")));
  }

  /** The set whose vectors have so many bits, which are those that the JVM uses, where its code can run here; or else null. */
  public static @Nullable VectorSet ofBits(int bits) {
    for (VectorSet set : values()) {
      if (set.bits == bits && set.canRun()) {
        return set;
      }
    }
    return null;
  }

  /** Whether its code can run here, as far as is known without trying. */
  public boolean canRun() {
    return isThere && MachineCode.obstacle().isEmpty();
  }

  /** The width of a vector in bits. */
  public int bits() {
    return bits;
  }

  /** The width of a vector in bytes. */
  public int bytes() {
    return bits / Byte.SIZE;
  }

  /** The vector registers. */
  public int registers() {
    return registers;
  }

  /** Whether masks have registers of their own; otherwise they are vectors. */
  public boolean hasMaskRegisters() {
    return this == AVX512;
  }

  /** The register of a function's mask of a number from 1 on; where masks are vectors, the last ones. */
  int mask(int number) {
    return hasMaskRegisters() ? number : registers - number;
  }

  /** An assembler for it. */
  public Assembler assembler() {
    return this == AVX512 ? new Assembler() : new Avx2LoopAssembler();
  }
}
