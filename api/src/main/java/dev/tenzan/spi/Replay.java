package dev.tenzan.spi;

/** Runs the launches of one program, which is run again and again: a backend may hold them back until all have come, and repeat them at once. */
@FunctionalInterface
public interface Replay {
  /**
   * Runs a program once.
   *
   * @param launches allocates and frees the program's buffers and launches its kernels, in the same order each time
   */
  void run(Runnable launches);
}
