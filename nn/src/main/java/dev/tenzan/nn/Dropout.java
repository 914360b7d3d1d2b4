package dev.tenzan.nn;

import dev.tenzan.ElementwiseOps;
import dev.tenzan.Tensor;
import dev.tenzan.error.TenzanException;
import dev.tenzan.ir.Op;
import dev.tenzan.type.DType;

/**
 * A layer that sets a random part of its input to zero in training and scales the rest up (Srivastava et al.,
 * 2014). The mask comes from the context's key, so that runs repeat.
 *
 * @param rate the share that is dropped, at least 0 and less than 1
 */
public record Dropout(double rate) implements Layer {
  /** Checks the rate. */
  public Dropout {
    if (!(rate >= 0 && rate < 1)) {
      throw new TenzanException("dropout: rate " + rate
          + " is out of range; give at least 0 and less than 1");
    }
  }

  @Override
  public Tensor apply(Tensor x, Context context) {
    if (!context.isTraining() || rate == 0) {
      return x;
    }
    Tensor bits = Tensor.apply(new Op.RandomBits(x.shape(), 0), context.nextKey());
    // Random words are uniform over all 32-bit integers: below this one lies the share to be dropped.
    double threshold = Math.rint((rate - 0.5) * 0x1p32);
    Tensor dropped = bits.less(x.device().scalar(DType.I32, Math.min(threshold, Integer.MAX_VALUE)));
    return ElementwiseOps.where(dropped, x.zerosLike(), x.mul(1 / (1 - rate)));
  }
}
