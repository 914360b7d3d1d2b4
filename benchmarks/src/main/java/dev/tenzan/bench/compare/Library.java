package dev.tenzan.bench.compare;

import java.util.List;
import java.util.Optional;

/**
 * A library that does the same work as Tenzan. Those on the class path are found by {@link java.util.ServiceLoader}; they have a
 * constructor without arguments that touches nothing of the library.
 */
public interface Library extends AutoCloseable {
  /** The library's name, short enough for the heading of a column. */
  String name();

  /**
   * Loads the library; called once, before anything is opened.
   *
   * @param threads the threads that it may use
   * @return the library's own description of its version and set-up
   */
  String start(int threads);

  /**
   * Makes a piece of work ready to run.
   *
   * @param inputs what {@link Work#inputs()} describes
   * @return empty where the library has no such function
   */
  Optional<Task> open(Work work, List<HostArray> inputs);

  /**
   * The name of a class whose program computes the product of {@link FirstProduct}, with the number of threads as its argument, and
   * prints it; empty where there is none.
   */
  default Optional<String> firstProgram() {
    return Optional.empty();
  }

  /** Frees what the library holds. */
  @Override
  default void close() {}
}
