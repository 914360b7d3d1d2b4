package dev.tenzan.opencl.driver;

import java.util.Map;

/** The error codes of OpenCL 1.2 and its extensions that a backend can meet: their names, and what a user can do. */
public final class ErrorCodes {
  /** No device of the type asked for. */
  public static final int DEVICE_NOT_FOUND = -1;

  /** The device is not available. */
  public static final int DEVICE_NOT_AVAILABLE = -2;

  /** The device has no compiler. */
  public static final int COMPILER_NOT_AVAILABLE = -3;

  /** No memory for a buffer. */
  public static final int MEM_OBJECT_ALLOCATION_FAILURE = -4;

  /** The device ran out of something, often memory. */
  public static final int OUT_OF_RESOURCES = -5;

  /** The host ran out of memory. */
  public static final int OUT_OF_HOST_MEMORY = -6;

  /** A program does not compile. */
  public static final int BUILD_PROGRAM_FAILURE = -11;

  /** A binary is not one of this device. */
  public static final int INVALID_BINARY = -42;

  /** A buffer larger than the device allows. */
  public static final int INVALID_BUFFER_SIZE = -61;

  /** The loader knows no platform. */
  public static final int PLATFORM_NOT_FOUND = -1001;

  private static final Map<Integer, String> NAMES =
      Map.ofEntries(
          Map.entry(-1, "CL_DEVICE_NOT_FOUND"),
          Map.entry(-2, "CL_DEVICE_NOT_AVAILABLE"),
          Map.entry(-3, "CL_COMPILER_NOT_AVAILABLE"),
          Map.entry(-4, "CL_MEM_OBJECT_ALLOCATION_FAILURE"),
          Map.entry(-5, "CL_OUT_OF_RESOURCES"),
          Map.entry(-6, "CL_OUT_OF_HOST_MEMORY"),
          Map.entry(-7, "CL_PROFILING_INFO_NOT_AVAILABLE"),
          Map.entry(-8, "CL_MEM_COPY_OVERLAP"),
          Map.entry(-11, "CL_BUILD_PROGRAM_FAILURE"),
          Map.entry(-12, "CL_MAP_FAILURE"),
          Map.entry(-13, "CL_MISALIGNED_SUB_BUFFER_OFFSET"),
          Map.entry(-14, "CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST"),
          Map.entry(-30, "CL_INVALID_VALUE"),
          Map.entry(-31, "CL_INVALID_DEVICE_TYPE"),
          Map.entry(-32, "CL_INVALID_PLATFORM"),
          Map.entry(-33, "CL_INVALID_DEVICE"),
          Map.entry(-34, "CL_INVALID_CONTEXT"),
          Map.entry(-36, "CL_INVALID_COMMAND_QUEUE"),
          Map.entry(-38, "CL_INVALID_MEM_OBJECT"),
          Map.entry(-42, "CL_INVALID_BINARY"),
          Map.entry(-43, "CL_INVALID_BUILD_OPTIONS"),
          Map.entry(-44, "CL_INVALID_PROGRAM"),
          Map.entry(-45, "CL_INVALID_PROGRAM_EXECUTABLE"),
          Map.entry(-46, "CL_INVALID_KERNEL_NAME"),
          Map.entry(-47, "CL_INVALID_KERNEL_DEFINITION"),
          Map.entry(-48, "CL_INVALID_KERNEL"),
          Map.entry(-49, "CL_INVALID_ARG_INDEX"),
          Map.entry(-50, "CL_INVALID_ARG_VALUE"),
          Map.entry(-51, "CL_INVALID_ARG_SIZE"),
          Map.entry(-52, "CL_INVALID_KERNEL_ARGS"),
          Map.entry(-53, "CL_INVALID_WORK_DIMENSION"),
          Map.entry(-54, "CL_INVALID_WORK_GROUP_SIZE"),
          Map.entry(-55, "CL_INVALID_WORK_ITEM_SIZE"),
          Map.entry(-56, "CL_INVALID_GLOBAL_OFFSET"),
          Map.entry(-57, "CL_INVALID_EVENT_WAIT_LIST"),
          Map.entry(-59, "CL_INVALID_OPERATION"),
          Map.entry(-61, "CL_INVALID_BUFFER_SIZE"),
          Map.entry(-63, "CL_INVALID_GLOBAL_WORK_SIZE"),
          Map.entry(-1001, "CL_PLATFORM_NOT_FOUND_KHR"));

  private ErrorCodes() {}

  /** The name that the OpenCL headers give a code. */
  public static String name(int code) {
    return NAMES.getOrDefault(code, "an unknown OpenCL error");
  }

  /** Whether the code says that memory ran out. */
  public static boolean isMemory(int code) {
    return code == MEM_OBJECT_ALLOCATION_FAILURE || code == OUT_OF_HOST_MEMORY || code == INVALID_BUFFER_SIZE;
  }

  /** What a user can do. */
  public static String remedy(int code) {
    return switch (code) {
      case MEM_OBJECT_ALLOCATION_FAILURE, OUT_OF_HOST_MEMORY, INVALID_BUFFER_SIZE ->
          "close tensors or scopes earlier, or use smaller tensors";
      case OUT_OF_RESOURCES ->
          "the device ran out of memory or stopped a kernel; use smaller tensors, or look into the system log for a reset";
      case DEVICE_NOT_AVAILABLE, DEVICE_NOT_FOUND ->
          "see that the device is plugged in and its driver runs (clinfo), then start again";
      case COMPILER_NOT_AVAILABLE -> "this device needs kernels that were built beforehand";
      case BUILD_PROGRAM_FAILURE -> "report it with the log: a kernel that Tenzan wrote should compile";
      case PLATFORM_NOT_FOUND -> "install an OpenCL runtime for the device";
      default -> "see whether the device still runs (clinfo); if it does, report this";
    };
  }
}
