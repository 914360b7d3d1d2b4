package dev.tenzan.type;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * What a product of floats promises about its bits. {@code Tenzan.with(Numerics.FAST, () -> ...)} sets it for the operations that are
 * called inside; {@code docs/semantics.md} says what each allows.
 */
public enum Numerics {
  /** The same bits everywhere: the documented order of operations, each rounded to the compute type. */
  REPRODUCIBLE,
  /**
   * A backend may use tensor cores and vendor libraries: operands of f32 may be rounded to tf32, and sums may be taken in another
   * order. Results may differ between devices and between runs.
   */
  FAST;

  /** Whether products must have the documented bits. */
  public boolean isReproducible() {
    return this == REPRODUCIBLE;
  }

  /** The name that {@link #parse} takes. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * The mode of a name: {@code reproducible} or {@code fast}.
   *
   * @throws IllegalArgumentException where it is neither, naming both
   */
  public static Numerics parse(String name) {
    for (Numerics n : values()) {
      if (n.toString().equalsIgnoreCase(name.strip())) {
        return n;
      }
    }
    String known = Arrays.stream(values()).map(Numerics::toString).collect(Collectors.joining(" or "));
    throw new IllegalArgumentException("'" + name + "' is no numerics mode; give " + known);
  }
}
