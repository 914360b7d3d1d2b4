package dev.tenzan.spi;

/**
 * Whether a device can run a kernel.
 *
 * @param supported whether it can
 * @param reason why not, in one line; empty where supported
 */
public record Support(boolean supported, String reason) {
  private static final Support YES = new Support(true, "");

  /** The device can run it. */
  public static Support yes() {
    return YES;
  }

  /** The device cannot run it, and why. */
  public static Support no(String reason) {
    return new Support(false, reason);
  }
}
