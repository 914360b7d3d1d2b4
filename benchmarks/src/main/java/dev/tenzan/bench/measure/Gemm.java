package dev.tenzan.bench.measure;

import java.lang.foreign.MemorySegment;

/** A library with a general matrix product, as the peer of the matmul rows. */
public interface Gemm {
  /** The library's name. */
  String name();

  /** What the library says of itself and where it runs. */
  String description();

  /**
   * The product of two square matrices, ready to run.
   *
   * @param n rows and columns
   * @param wide f64, otherwise f32
   * @param a the left one, row by row, outside the heap
   * @param b the right one
   * @throws UnsupportedOperationException where the library cannot do it, with the reason
   */
  Product open(int n, boolean wide, MemorySegment a, MemorySegment b);

  /** A product whose operands are where the library works. */
  interface Product extends AutoCloseable {
    /** Computes it, and waits for the end. */
    void run();

    /** What the last run computed, row by row. */
    MemorySegment result();

    /** Frees what it holds. */
    @Override
    void close();
  }
}
