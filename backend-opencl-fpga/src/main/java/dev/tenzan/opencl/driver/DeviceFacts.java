package dev.tenzan.opencl.driver;

/**
 * What a device says of itself.
 *
 * @param platform the platform's name and version
 * @param name the product name
 * @param vendor the vendor
 * @param version the OpenCL version of the device
 * @param driver the driver's version
 * @param type the bits of its type, see {@link #isCpu}
 * @param computeUnits the number of compute units
 * @param memoryBytes the size of its memory
 * @param maxAllocation the greatest buffer in bytes
 * @param localBytes the local memory of a work-group in bytes
 * @param maxGroup the most work-items of a group
 * @param floatWidth the preferred vector width for float
 * @param floatBits the floating-point capabilities of float, see the constants
 * @param doubleBits those of double; 0 where it has none
 * @param argumentBytes the most bytes of kernel arguments
 * @param sharesMemory whether host and device share memory
 * @param compiler whether it compiles source
 */
public record DeviceFacts(
    String platform,
    String name,
    String vendor,
    String version,
    String driver,
    long type,
    int computeUnits,
    long memoryBytes,
    long maxAllocation,
    long localBytes,
    long maxGroup,
    int floatWidth,
    long floatBits,
    long doubleBits,
    long argumentBytes,
    boolean sharesMemory,
    boolean compiler) {
  /** Subnormal numbers are kept. */
  public static final long DENORM = 1;

  /** Infinities and NaN are supported. */
  public static final long INF_NAN = 1 << 1;

  /** Rounds to nearest even. */
  public static final long ROUND_TO_NEAREST = 1 << 2;

  /** Has a fused multiply-add. */
  public static final long FMA = 1 << 5;

  /** Division and square root of float can be correctly rounded. */
  public static final long CORRECT_DIVIDE_SQRT = 1 << 7;

  /** What names a device and its driver where something about it is kept. */
  public String identity() {
    return String.join("\n", platform, vendor, name, version, driver);
  }

  /** Whether it is a processor. */
  public boolean isCpu() {
    return (type & 2) != 0;
  }

  /** Whether it is a graphics processor. */
  public boolean isGpu() {
    return (type & 4) != 0;
  }

  /** Its type in a word. */
  public String typeName() {
    return isCpu() ? "cpu" : isGpu() ? "gpu" : "accelerator";
  }

  /** The same device, with kernels from elsewhere or without any. */
  public DeviceFacts withCompiler(boolean available) {
    return new DeviceFacts(
        platform, name, vendor, version, driver, type, computeUnits, memoryBytes, maxAllocation, localBytes, maxGroup, floatWidth,
        floatBits, doubleBits, argumentBytes, sharesMemory, available);
  }
}
