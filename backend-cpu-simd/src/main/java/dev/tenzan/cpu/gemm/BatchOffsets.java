package dev.tenzan.cpu.gemm;

/**
 * The element offset of each product's matrix, for batches counted in row-major order over several extents.
 *
 * @param offset the offset of batch 0
 * @param extents the batch extents
 * @param strides the distance of matrices along each extent, in elements; 0 where they are shared
 */
public record BatchOffsets(long offset, long[] extents, long[] strides) {
  /** The offset of one batch. */
  public long at(long batch) {
    long result = offset;
    long rest = batch;
    for (int d = extents.length - 1; rest > 0; d--) {
      long next = rest / extents[d];
      result += (rest - next * extents[d]) * strides[d];
      rest = next;
    }
    return result;
  }

  /** Whether all batches have the same offset. */
  public boolean shared() {
    for (int d = 0; d < extents.length; d++) {
      if (extents[d] > 1 && strides[d] != 0) {
        return false;
      }
    }
    return true;
  }

  /** Whether the offset grows by the same amount from each batch to the next. */
  boolean isEven() {
    long run = evenStride();
    for (int d = extents.length - 1; d >= 0; d--) {
      if (extents[d] > 1) {
        if (strides[d] != run) {
          return false;
        }
        run *= extents[d];
      }
    }
    return true;
  }

  /** So many batches, from any multiple of this number on, grow by the same amount each. */
  long evenRun() {
    long run = 1;
    for (int d = extents.length - 1; d >= 0; d--) {
      if (extents[d] > 1) {
        if (strides[d] != run * evenStride()) {
          break;
        }
        run *= extents[d];
      }
    }
    return run;
  }

  /** The growth from each batch to the next, where it is even. */
  long evenStride() {
    for (int d = extents.length - 1; d >= 0; d--) {
      if (extents[d] > 1) {
        return strides[d];
      }
    }
    return 0;
  }
}
