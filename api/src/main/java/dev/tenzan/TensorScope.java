package dev.tenzan;

import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Closes the tensors that were made inside it, in this thread, when it ends; for use with try-with-resources. Scopes nest; {@link
 * #keep} hands a tensor to the enclosing scope.
 *
 * {@snippet :
 * try (var scope = TensorScope.open()) {
 *   Tensor loss = model.loss(x, y);
 *   return scope.keep(loss.eval());
 * }
 * }
 */
public final class TensorScope implements AutoCloseable {
  /** The scope that is open in a thread. Scopes are opened by the million, so a thread's entry is made once. */
  private static final class Innermost {
    @Nullable TensorScope scope;
  }

  private static final ThreadLocal<Innermost> INNERMOST = ThreadLocal.withInitial(Innermost::new);

  private final Innermost innermost;
  private final @Nullable TensorScope parent;
  private final Thread owner = Thread.currentThread();
  private final List<Tensor> made = new ArrayList<>();
  private @Nullable Tensor kept;
  private @Nullable Set<Tensor> moreKept;
  private boolean closed;

  private TensorScope(Innermost innermost) {
    this.innermost = innermost;
    this.parent = innermost.scope;
    innermost.scope = this;
  }

  /** Opens a scope inside this thread's current one. */
  public static TensorScope open() {
    return new TensorScope(INNERMOST.get());
  }

  static void register(Tensor t) {
    TensorScope scope = INNERMOST.get().scope;
    if (scope != null) {
      scope.made.add(t);
    }
  }

  /** Takes a tensor out of this scope: the enclosing scope owns it then, or nobody. Returns the tensor. */
  public Tensor keep(Tensor tensor) {
    if (kept == null) {
      kept = tensor;
      return tensor;
    }
    Set<Tensor> set = moreKept;
    if (set == null) {
      set = Collections.newSetFromMap(new IdentityHashMap<>());
      moreKept = set;
    }
    set.add(tensor);
    return tensor;
  }

  /**
   * Closes what was made inside and not kept.
   *
   * @throws IllegalStateException in another thread than the one that opened it, or while an inner scope is open
   */
  @Override
  public void close() {
    if (closed) {
      return;
    }
    if (Thread.currentThread() != owner || innermost.scope != this) {
      throw new IllegalStateException(
          "tensorScope: closed in another thread or out of order; close scopes innermost first, with try-with-resources");
    }
    closed = true;
    innermost.scope = parent;
    Set<Tensor> more = moreKept;
    for (Tensor t : made) {
      if (t != kept && (more == null || !more.contains(t))) {
        t.close();
      } else if (parent != null) {
        parent.made.add(t);
      }
    }
    made.clear();
  }
}
