package dev.tenzan.nn;

import dev.tenzan.ElementwiseOps;
import dev.tenzan.Tensor;
import dev.tenzan.error.DTypeException;
import dev.tenzan.error.ShapeException;
import dev.tenzan.type.DType;

/** Loss functions and metrics. */
public final class Losses {
  private Losses() {}

  /**
   * The mean over a batch of the negative log-likelihood of the true classes under softmax.
   *
   * @param logits {@code [batch, classes]}, floating point
   * @param labels {@code [batch]}, integers from 0 to classes - 1; a label outside that range adds 0
   * @return a scalar
   */
  public static Tensor softmaxCrossEntropy(Tensor logits, Tensor labels) {
    return softmaxCrossEntropySum(logits, labels).div(Math.max(1, logits.dim(0)));
  }

  /** {@link #softmaxCrossEntropy} summed over the batch. */
  public static Tensor softmaxCrossEntropySum(Tensor logits, Tensor labels) {
    checkClasses("softmaxCrossEntropy", logits, labels);
    // Shifting every logit of a sample changes no probability, so the maximum that keeps exp finite takes no
    // gradient.
    Tensor shifted = logits.sub(Gradients.stop(logits.maxKeep(1)));
    Tensor logNormalizer = shifted.exp().sumKeep(1).log();
    Tensor classes = logits.device().arange(DType.I64, logits.dim(1));
    Tensor isTrue = classes.equal(labels.cast(DType.I64).expandDims(1));
    Tensor negative = logNormalizer.sub(shifted);
    return ElementwiseOps.where(isTrue, negative, negative.zerosLike()).sum();
  }

  /** The mean squared difference of two tensors of one shape, a scalar. */
  public static Tensor meanSquaredError(Tensor prediction, Tensor target) {
    if (!prediction.shape().equals(target.shape())) {
      throw new ShapeException(
          "meanSquaredError: prediction " + prediction.shape() + " and target " + target.shape()
              + " differ; reshape one, for they do not broadcast here");
    }
    return prediction.sub(target).square().mean();
  }

  /**
   * The number of samples whose greatest logit is that of their label, an i64 scalar. Of equal logits the
   * first counts.
   *
   * @param logits {@code [batch, classes]}
   * @param labels {@code [batch]}, integers
   */
  public static Tensor correct(Tensor logits, Tensor labels) {
    checkClasses("correct", logits, labels);
    return logits.argmax(1).equal(labels.cast(DType.I64)).countNonzero();
  }

  private static void checkClasses(String op, Tensor logits, Tensor labels) {
    if (logits.rank() != 2 || labels.rank() != 1 || logits.dim(0) != labels.dim(0)) {
      throw new ShapeException(
          op + ": logits " + logits.shape() + " and labels " + labels.shape()
              + " must be [batch, classes] and [batch]");
    }
    if (!labels.dtype().isInt()) {
      throw new DTypeException(op + ": labels are " + labels.dtype()
          + "; they must be integers: cast(DType.I64)");
    }
  }
}
