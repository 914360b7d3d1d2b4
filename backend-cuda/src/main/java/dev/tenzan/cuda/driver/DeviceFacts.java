package dev.tenzan.cuda.driver;

/**
 * What a device says of itself.
 *
 * @param name the product name
 * @param major the compute capability's first number
 * @param minor its second
 * @param processors the number of streaming multiprocessors
 * @param memoryBytes the size of its memory
 * @param clockKilohertz the clock of its processors
 * @param sharedBytes the shared memory that a block may have without asking for more
 * @param blockThreads the most threads of a block
 * @param simulated whether it is no hardware
 */
public record DeviceFacts(
    String name,
    int major,
    int minor,
    int processors,
    long memoryBytes,
    int clockKilohertz,
    int sharedBytes,
    int blockThreads,
    boolean simulated) {
  /** The least compute capability that kernels are written for, as {@link #capability} counts. */
  public static final int LEAST = 75;

  /** The shared memory that a block of any device may have without its kernel being told. */
  public static final int SHARED_BYTES = 48 << 10;

  /** Ten times the compute capability: 75, 80, 90, 120. */
  public int capability() {
    return 10 * major + minor;
  }

  /** The name of the architecture: {@code sm_75}. */
  public String architecture() {
    return "sm_" + capability();
  }
}
