package dev.tenzan.nn;

import dev.tenzan.Tensor;
import dev.tenzan.error.DTypeException;
import dev.tenzan.type.DType;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a layer needs to know of one pass through a model: whether it is training, the random keys of this
 * pass, and where to leave new values of running statistics. A context serves one pass; keys come in the
 * order in which layers ask for them, so equal contexts give equal bits.
 */
public final class Context {
  private final @Nullable Tensor key;
  private final List<Update> updates = new ArrayList<>();
  private int keys;

  private Context(@Nullable Tensor key) {
    this.key = key;
  }

  /** A context for using a model: no dropout, no augmentation, statistics at rest. */
  public static Context inference() {
    return new Context(null);
  }

  /**
   * A context for one training step.
   *
   * @param key an i64 scalar, different in every step; a tensor so that all steps have one program
   * @throws DTypeException where it is not i64
   */
  public static Context training(Tensor key) {
    if (key.dtype() != DType.I64 || key.rank() != 0) {
      throw new DTypeException("context: the key is " + key.dtype() + key.shape()
          + "; it must be an i64 scalar");
    }
    return new Context(key);
  }

  /** Whether this pass is a training step. */
  public boolean isTraining() {
    return key != null;
  }

  /**
   * The next random key, an i64 scalar.
   *
   * @throws IllegalStateException outside training
   */
  public Tensor nextKey() {
    if (key == null) {
      throw new IllegalStateException("context: random keys are for training; check isTraining() first");
    }
    return key.add(keys++);
  }

  /** Leaves a new value for a parameter that is no weight: a running statistic. */
  public void update(Parameter target, Tensor value) {
    updates.add(new Update(target, value));
  }

  /** The values that layers left, cut off from the graph that is differentiated. */
  public List<Update> updates() {
    return updates.stream().map(u -> new Update(u.target(), Gradients.stop(u.value()))).toList();
  }
}
