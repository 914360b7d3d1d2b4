package dev.tenzan.cpu.machine;

import dev.tenzan.type.DType;

/** The operands of products, as instructions see them. */
enum Numbers {
  BYTES(VectorOp.VPDPBUSD, VectorOp.VPMOVZXBD, 4),
  /** Numbers of bf16. */
  HALVES(VectorOp.VDPBF16PS, VectorOp.VPMOVZXWD, 2);

  /** What multiplies groups and adds the products. */
  final VectorOp dot;

  /** What loads 16 numbers, extended to 32 bits. */
  final VectorOp load;

  /** How many are a group of 32 bits. */
  final int group;

  Numbers(VectorOp dot, VectorOp load, int group) {
    this.dot = dot;
    this.load = load;
    this.group = group;
  }

  static Numbers of(DType type) {
    return type == DType.BF16 ? HALVES : BYTES;
  }
}
