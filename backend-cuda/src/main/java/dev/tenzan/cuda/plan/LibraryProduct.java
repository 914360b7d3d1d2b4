package dev.tenzan.cuda.plan;

import dev.tenzan.cuda.vendor.LtShape;

/**
 * Products that cuBLASLt is asked for.
 *
 * @param shape the products
 * @param a where A begins in its buffer, in bytes
 * @param b where B begins
 */
public record LibraryProduct(LtShape shape, long a, long b) implements LibraryWork {}
