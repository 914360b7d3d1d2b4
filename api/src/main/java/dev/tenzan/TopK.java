package dev.tenzan;

/**
 * The greatest elements along an axis.
 *
 * @param values the elements, greatest first
 * @param indices where they were along the axis, as i64
 */
public record TopK(Tensor values, Tensor indices) {}
