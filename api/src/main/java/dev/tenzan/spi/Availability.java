package dev.tenzan.spi;

/**
 * Whether a backend can be used on this machine.
 *
 * @param available whether it can
 * @param missing what is missing, in one line; empty where available
 * @param remedy how to get it, in one line; empty where available
 */
public record Availability(boolean available, String missing, String remedy) {
  /** The backend can be used. */
  public static Availability yes() {
    return new Availability(true, "", "");
  }

  /** The backend cannot be used: what is missing and how to get it. */
  public static Availability no(String missing, String remedy) {
    return new Availability(false, missing, remedy);
  }
}
