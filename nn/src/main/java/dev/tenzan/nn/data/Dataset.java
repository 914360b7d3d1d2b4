package dev.tenzan.nn.data;

import dev.tenzan.Device;
import dev.tenzan.Tensor;
import dev.tenzan.TensorScope;
import dev.tenzan.error.DTypeException;
import dev.tenzan.error.ShapeException;
import dev.tenzan.type.DType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Labelled samples on a device. Samples keep the dtype they came in (a byte for each pixel); a batch is
 * gathered, cast and scaled on the device.
 */
public final class Dataset implements AutoCloseable {
  private final Tensor samples;
  private final Tensor labels;
  private final int classes;
  private final double divisor;

  /**
   * A data set.
   *
   * @param samples {@code [n, ...]}, any number dtype
   * @param labels {@code [n]}, i64, from 0 to classes - 1
   * @param divisor what elements are divided by when a batch is made, for example 255
   * @throws ShapeException where the numbers of samples and labels differ
   * @throws DTypeException where labels are not i64
   */
  public Dataset(Tensor samples, Tensor labels, int classes, double divisor) {
    if (samples.rank() < 1 || labels.rank() != 1 || samples.dim(0) != labels.dim(0)) {
      throw new ShapeException(
          "dataset: samples " + samples.shape() + " and labels " + labels.shape()
              + " must be [n, ...] and [n]");
    }
    if (labels.dtype() != DType.I64) {
      throw new DTypeException("dataset: labels are " + labels.dtype()
          + "; they must be i64: cast(DType.I64)");
    }
    this.samples = samples;
    this.labels = labels;
    this.classes = classes;
    this.divisor = divisor;
  }

  /** The number of samples. */
  public int size() {
    return Math.toIntExact(labels.size());
  }

  /** The number of classes. */
  public int classes() {
    return classes;
  }

  /** The device. */
  public Device device() {
    return labels.device();
  }

  /** The samples as they are stored. */
  public Tensor samples() {
    return samples;
  }

  /** The labels, i64. */
  public Tensor labels() {
    return labels;
  }

  /** The samples at some i64 indices {@code [b]}, as f32 {@code [b, ...]} divided by the divisor. */
  public Tensor inputs(Tensor indices) {
    return samples.take(indices, 0).cast(DType.F32).div(divisor);
  }

  /** The labels at some i64 indices {@code [b]}. */
  public Tensor targets(Tensor indices) {
    return labels.take(indices, 0);
  }

  /** All indices in order, cut into batches; the last one may be smaller. */
  public List<long[]> batches(int batchSize) {
    long[] order = new long[size()];
    Arrays.setAll(order, i -> i);
    return cut(order, batchSize);
  }

  /**
   * All indices shuffled, cut into batches; the last one may be smaller. The shuffle is that of Fisher and
   * Yates with Philox words (Salmon et al., 2011) under the key, the same on every device: {@code word * n /
   * 2^32} chooses among n, with a bias below n / 2^32.
   */
  public List<long[]> shuffledBatches(long key, int batchSize) {
    long[] order = new long[size()];
    Arrays.setAll(order, i -> i);
    int[] words;
    try (TensorScope _ = TensorScope.open()) {
      words = device().randomBits(key, order.length).toInts();
    }
    for (int i = order.length - 1; i > 0; i--) {
      int j = (int) (Integer.toUnsignedLong(words[i]) * (i + 1L) >>> 32);
      long swapped = order[i];
      order[i] = order[j];
      order[j] = swapped;
    }
    return cut(order, batchSize);
  }

  private static List<long[]> cut(long[] order, int batchSize) {
    if (batchSize < 1) {
      throw new ShapeException("dataset: batch size " + batchSize + "; give at least 1");
    }
    List<long[]> batches = new ArrayList<>();
    for (int i = 0; i < order.length; i += batchSize) {
      batches.add(Arrays.copyOfRange(order, i, Math.min(order.length, i + batchSize)));
    }
    return batches;
  }

  /** Gives the tensors up. */
  @Override
  public void close() {
    samples.close();
    labels.close();
  }
}
