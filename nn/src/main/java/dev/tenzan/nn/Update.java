package dev.tenzan.nn;

import dev.tenzan.Tensor;
import java.util.List;

/**
 * The next value of a parameter, not yet evaluated.
 *
 * @param target the parameter
 * @param value its next value
 */
public record Update(Parameter target, Tensor value) {
  /** Evaluates all new values in one program, then puts them into their parameters. */
  public static void commit(List<Update> updates) {
    Tensor.eval(updates.stream().map(Update::value).toList());
    for (Update u : updates) {
      u.target.set(u.value);
    }
  }
}
