package dev.tenzan.cpu.gemm;

/** An array that grows to the largest size asked for. */
final class FloatArray {
  private float[] array = {};

  /** The array, of at least so many elements; what it holds is open after it has grown. */
  float[] atLeast(int size) {
    if (array.length < size) {
      array = new float[size];
    }
    return array;
  }
}
