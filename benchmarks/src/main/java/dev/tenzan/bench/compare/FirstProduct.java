package dev.tenzan.bench.compare;

import dev.tenzan.bench.work.Limit;
import java.util.List;

/**
 * The time from the start of a process to its first matrix product: each library runs in JVMs of its own, with a program that does
 * nothing else. Unlike other work it is not opened in a library.
 */
public record FirstProduct() implements Work {
  /** Rows and columns of the matrices. */
  public static final int SIZE = 512;

  /** The elements of a matrix, row by row; what a program multiplies is made here, so that all make it alike. */
  public static float[] matrix(int seed) {
    float[] values = new float[SIZE * SIZE];
    int state = seed;
    for (int i = 0; i < values.length; i++) {
      state = state * 1_664_525 + 1_013_904_223;
      values[i] = (state >> 8) * 0x1p-24f;
    }
    return values;
  }

  /** The first line that a program prints, when it has the product: its last element. */
  public static void print(float lastElement) {
    System.out.println(lastElement);
    System.out.flush();
  }

  @Override
  public String group() {
    return "start";
  }

  @Override
  public String name() {
    return "process start to first matmul";
  }

  @Override
  public String size() {
    return Work.by(SIZE, SIZE, SIZE);
  }

  @Override
  public List<HostArray.Spec> inputs() {
    return List.of();
  }

  @Override
  public double resultBytes() {
    return 4.0 * SIZE * SIZE;
  }

  @Override
  public double flops() {
    return 0;
  }

  @Override
  public Limit limit() {
    return Limit.NONE;
  }
}
