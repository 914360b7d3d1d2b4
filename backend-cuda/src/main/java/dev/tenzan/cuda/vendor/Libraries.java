package dev.tenzan.cuda.vendor;

import java.util.function.Supplier;

/**
 * Where NVIDIA's libraries are found.
 *
 * @param products looks for cuBLASLt, the first time that it is asked
 * @param convolutions looks for cuDNN
 */
public record Libraries(Supplier<Found<LtLibrary>> products, Supplier<Found<DnnLibrary>> convolutions) {
  /** None. */
  public static final Libraries NONE = new Libraries(() -> new Found<>(null, ""), () -> new Found<>(null, ""));

  /** Those of this system. */
  public static Libraries installed() {
    return new Libraries(LtLibrary::find, DnnLibrary::find);
  }
}
