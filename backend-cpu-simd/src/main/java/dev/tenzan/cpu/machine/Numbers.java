package dev.tenzan.cpu.machine;

import dev.tenzan.kernel.MatMulKernel;
import dev.tenzan.type.DType;

/** The operands of products, as instructions see them. */
enum Numbers {
  BYTES(VectorOp.VPDPBUSD, VectorOp.VPADDD, VectorOp.VPMOVZXBD, 4, 4, 256),
  /** Numbers of bf16. */
  HALVES(VectorOp.VDPBF16PS, VectorOp.VADDPS, VectorOp.VPMOVZXWD, 2, 4, 128),
  /** Numbers of f32. */
  SINGLES(VectorOp.VFMADD231PS, VectorOp.VADDPS, VectorOp.LOAD, 1, 4, MatMulKernel.K_BLOCK),
  /** Numbers of f64. */
  DOUBLES(VectorOp.VFMADD231PD, VectorOp.VADDPD, VectorOp.LOAD_LONGS, 1, 8, MatMulKernel.K_BLOCK);

  /** What multiplies groups and adds the products. */
  final VectorOp multiply;

  /** What adds sums. */
  final VectorOp add;

  /** What loads a vector of numbers, extended to the width of a group. */
  final VectorOp load;

  /** How many are a group. */
  final int group;

  /** The bytes of a group, and of a sum. */
  final int groupBytes;

  /** The groups along k of a panel, at most. */
  final int groups;

  Numbers(VectorOp multiply, VectorOp add, VectorOp load, int group, int groupBytes, int groups) {
    this.multiply = multiply;
    this.add = add;
    this.load = load;
    this.group = group;
    this.groupBytes = groupBytes;
    this.groups = groups;
  }

  static Numbers of(DType type) {
    return switch (type) {
      case I8, U8 -> BYTES;
      case BF16 -> HALVES;
      case F32 -> SINGLES;
      case F64 -> DOUBLES;
      default -> throw new IllegalArgumentException("no machine code multiplies " + type);
    };
  }

  /** Whether a group is one number and a sum is of its type. */
  boolean arePlain() {
    return group == 1;
  }

  /** The lanes of a vector of groups. */
  int lanes(VectorSet set) {
    return set.bytes() / groupBytes;
  }

  VectorOp loadGroups() {
    return groupBytes == Long.BYTES ? VectorOp.LOAD_LONGS : VectorOp.LOAD;
  }

  VectorOp storeGroups() {
    return groupBytes == Long.BYTES ? VectorOp.STORE_LONGS : VectorOp.STORE;
  }

  VectorOp broadcastGroup() {
    return groupBytes == Long.BYTES ? VectorOp.BROADCAST_LONGS : VectorOp.BROADCAST;
  }

  VectorOp gatherGroups() {
    return groupBytes == Long.BYTES ? VectorOp.VPGATHERDQ : VectorOp.VPGATHERDD;
  }
}
