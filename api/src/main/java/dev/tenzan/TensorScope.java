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
  private static final ThreadLocal<@Nullable TensorScope> CURRENT = new ThreadLocal<>();

  private final @Nullable TensorScope parent;
  private final Thread owner = Thread.currentThread();
  private final List<Tensor> made = new ArrayList<>();
  private @Nullable Set<Tensor> kept;
  private boolean closed;

  private TensorScope(@Nullable TensorScope parent) {
    this.parent = parent;
  }

  /** Opens a scope inside this thread's current one. */
  public static TensorScope open() {
    TensorScope scope = new TensorScope(CURRENT.get());
    CURRENT.set(scope);
    return scope;
  }

  static void register(Tensor t) {
    TensorScope scope = CURRENT.get();
    if (scope != null) {
      scope.made.add(t);
    }
  }

  /** Takes a tensor out of this scope: the enclosing scope owns it then, or nobody. Returns the tensor. */
  public Tensor keep(Tensor tensor) {
    Set<Tensor> set = kept;
    if (set == null) {
      set = Collections.newSetFromMap(new IdentityHashMap<>());
      kept = set;
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
    if (Thread.currentThread() != owner || CURRENT.get() != this) {
      throw new IllegalStateException(
          "tensorScope: closed in another thread or out of order; close scopes innermost first, with try-with-resources");
    }
    closed = true;
    if (parent == null) {
      CURRENT.remove();
    } else {
      CURRENT.set(parent);
    }
    Set<Tensor> spared = kept;
    for (Tensor t : made) {
      if (spared == null || !spared.contains(t)) {
        t.close();
      } else if (parent != null) {
        parent.made.add(t);
      }
    }
    made.clear();
  }
}
