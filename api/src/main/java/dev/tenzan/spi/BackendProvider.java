package dev.tenzan.spi;

/**
 * The entry point of a backend, found through {@link java.util.ServiceLoader}. Loading and asking must be cheap and must not fail,
 * whatever is missing on the machine.
 */
public interface BackendProvider {
  /** The backend's name, for example {@code cpu}; lower case. A colon is only in a variant of another backend: {@code cuda:sim}. */
  String name();

  /** The higher is chosen first where the user names no device; one below 0 is only chosen by its name. */
  int priority();

  /** Whether the backend can be used here, or what is missing and how to get it. */
  Availability availability();

  /** Opens the backend; called at most once, and only where it is available. */
  Backend open();
}
