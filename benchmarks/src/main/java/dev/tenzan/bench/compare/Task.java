package dev.tenzan.bench.compare;

/** A piece of work in one library, with its inputs where that library works. */
public interface Task extends AutoCloseable {
  /** Does the work once as a user's program would: allocates the result, waits for it, and frees it. */
  void run();

  /** Does the work once and returns the result row by row; f32 values and whole numbers are exact as doubles. */
  double[] result();

  /** Frees the inputs. */
  @Override
  void close();
}
