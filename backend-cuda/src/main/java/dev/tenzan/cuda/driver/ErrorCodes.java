package dev.tenzan.cuda.driver;

import java.util.Map;

/** The error codes of the CUDA driver that a backend can meet: their names, and what a user can do. */
public final class ErrorCodes {
  /** A call that worked. */
  public static final int SUCCESS = 0;

  /** An argument out of range. */
  public static final int INVALID_VALUE = 1;

  /** No memory for a block. */
  public static final int OUT_OF_MEMORY = 2;

  /** The driver is a stub for linking. */
  public static final int STUB_LIBRARY = 34;

  /** The device is held by another process. */
  public static final int DEVICE_UNAVAILABLE = 46;

  /** No device is there. */
  public static final int NO_DEVICE = 100;

  /** No device of this number is there. */
  public static final int INVALID_DEVICE = 101;

  /** What was to be loaded is neither PTX nor a binary. */
  public static final int INVALID_IMAGE = 200;

  /** A binary for another architecture. */
  public static final int NO_BINARY_FOR_GPU = 209;

  /** The memory has an error that cannot be corrected. */
  public static final int ECC_UNCORRECTABLE = 214;

  /** The devices cannot reach each other's memory. */
  public static final int PEER_ACCESS_UNSUPPORTED = 217;

  /** PTX that does not assemble. */
  public static final int INVALID_PTX = 218;

  /** PTX of a later version than the driver knows. */
  public static final int UNSUPPORTED_PTX_VERSION = 222;

  /** A call that does not fit what came before. */
  public static final int ILLEGAL_STATE = 401;

  /** No function of this name. */
  public static final int NOT_FOUND = 500;

  /** Work that is not done yet. */
  public static final int NOT_READY = 600;

  /** A kernel touched memory that is not its own. */
  public static final int ILLEGAL_ADDRESS = 700;

  /** A kernel that asks for more than the device has. */
  public static final int LAUNCH_OUT_OF_RESOURCES = 701;

  /** A kernel that ran too long. */
  public static final int LAUNCH_TIMEOUT = 702;

  /** Access between the devices was allowed before. */
  public static final int PEER_ACCESS_ALREADY_ENABLED = 704;

  /** A kernel that failed while it ran. */
  public static final int LAUNCH_FAILED = 719;

  /** A call that the driver or the device does not have. */
  public static final int NOT_SUPPORTED = 801;

  /** The kernel module and the library differ. */
  public static final int SYSTEM_DRIVER_MISMATCH = 803;

  /** Something that has no other code. */
  public static final int UNKNOWN = 999;

  private static final Map<Integer, String> NAMES =
      Map.ofEntries(
          Map.entry(1, "CUDA_ERROR_INVALID_VALUE"),
          Map.entry(2, "CUDA_ERROR_OUT_OF_MEMORY"),
          Map.entry(3, "CUDA_ERROR_NOT_INITIALIZED"),
          Map.entry(4, "CUDA_ERROR_DEINITIALIZED"),
          Map.entry(34, "CUDA_ERROR_STUB_LIBRARY"),
          Map.entry(46, "CUDA_ERROR_DEVICE_UNAVAILABLE"),
          Map.entry(100, "CUDA_ERROR_NO_DEVICE"),
          Map.entry(101, "CUDA_ERROR_INVALID_DEVICE"),
          Map.entry(102, "CUDA_ERROR_DEVICE_NOT_LICENSED"),
          Map.entry(200, "CUDA_ERROR_INVALID_IMAGE"),
          Map.entry(201, "CUDA_ERROR_INVALID_CONTEXT"),
          Map.entry(209, "CUDA_ERROR_NO_BINARY_FOR_GPU"),
          Map.entry(214, "CUDA_ERROR_ECC_UNCORRECTABLE"),
          Map.entry(217, "CUDA_ERROR_PEER_ACCESS_UNSUPPORTED"),
          Map.entry(218, "CUDA_ERROR_INVALID_PTX"),
          Map.entry(220, "CUDA_ERROR_NVLINK_UNCORRECTABLE"),
          Map.entry(221, "CUDA_ERROR_JIT_COMPILER_NOT_FOUND"),
          Map.entry(222, "CUDA_ERROR_UNSUPPORTED_PTX_VERSION"),
          Map.entry(223, "CUDA_ERROR_JIT_COMPILATION_DISABLED"),
          Map.entry(304, "CUDA_ERROR_OPERATING_SYSTEM"),
          Map.entry(400, "CUDA_ERROR_INVALID_HANDLE"),
          Map.entry(ILLEGAL_STATE, "CUDA_ERROR_ILLEGAL_STATE"),
          Map.entry(500, "CUDA_ERROR_NOT_FOUND"),
          Map.entry(600, "CUDA_ERROR_NOT_READY"),
          Map.entry(700, "CUDA_ERROR_ILLEGAL_ADDRESS"),
          Map.entry(701, "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES"),
          Map.entry(702, "CUDA_ERROR_LAUNCH_TIMEOUT"),
          Map.entry(704, "CUDA_ERROR_PEER_ACCESS_ALREADY_ENABLED"),
          Map.entry(705, "CUDA_ERROR_PEER_ACCESS_NOT_ENABLED"),
          Map.entry(708, "CUDA_ERROR_PRIMARY_CONTEXT_ACTIVE"),
          Map.entry(709, "CUDA_ERROR_CONTEXT_IS_DESTROYED"),
          Map.entry(710, "CUDA_ERROR_ASSERT"),
          Map.entry(714, "CUDA_ERROR_HARDWARE_STACK_ERROR"),
          Map.entry(715, "CUDA_ERROR_ILLEGAL_INSTRUCTION"),
          Map.entry(716, "CUDA_ERROR_MISALIGNED_ADDRESS"),
          Map.entry(717, "CUDA_ERROR_INVALID_ADDRESS_SPACE"),
          Map.entry(718, "CUDA_ERROR_INVALID_PC"),
          Map.entry(719, "CUDA_ERROR_LAUNCH_FAILED"),
          Map.entry(800, "CUDA_ERROR_NOT_PERMITTED"),
          Map.entry(NOT_SUPPORTED, "CUDA_ERROR_NOT_SUPPORTED"),
          Map.entry(802, "CUDA_ERROR_SYSTEM_NOT_READY"),
          Map.entry(803, "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH"),
          Map.entry(804, "CUDA_ERROR_COMPAT_NOT_SUPPORTED_ON_DEVICE"),
          Map.entry(909, "CUDA_ERROR_TIMEOUT"),
          Map.entry(999, "CUDA_ERROR_UNKNOWN"));

  private ErrorCodes() {}

  /** The name that the CUDA headers give a code. */
  public static String name(int code) {
    return NAMES.getOrDefault(code, "an unknown CUDA error");
  }

  /** Whether the code says that memory ran out. */
  public static boolean isMemory(int code) {
    return code == OUT_OF_MEMORY;
  }

  /** Whether the context is of no use after this code: every later call on it fails with the same. */
  public static boolean isSticky(int code) {
    return switch (code) {
      case 4, DEVICE_UNAVAILABLE, ECC_UNCORRECTABLE, 220, ILLEGAL_ADDRESS, LAUNCH_TIMEOUT, 709, 710, 714, 715, 716, 717, 718,
          LAUNCH_FAILED, UNKNOWN ->
          true;
      default -> false;
    };
  }

  /** What a user can do. */
  public static String remedy(int code) {
    return switch (code) {
      case OUT_OF_MEMORY -> "close tensors or scopes earlier, or use smaller tensors";
      case STUB_LIBRARY -> "take the toolkit's folder 'stubs' out of the library path: it hides the driver's own library";
      case NO_DEVICE, INVALID_DEVICE -> "see that nvidia-smi lists the device, and that CUDA_VISIBLE_DEVICES does not hide it";
      case DEVICE_UNAVAILABLE -> "another process holds the device alone (nvidia-smi -q -d COMPUTE); end it, or change the mode";
      case 802, SYSTEM_DRIVER_MISMATCH, 804 ->
          "the driver's library and the kernel's module do not fit together (nvidia-smi says so too); restart after an update";
      case INVALID_PTX, INVALID_IMAGE, NOT_FOUND -> "report it with the log: a kernel that Tenzan wrote should load";
      case NO_BINARY_FOR_GPU, UNSUPPORTED_PTX_VERSION, 221 -> "update the NVIDIA driver";
      case LAUNCH_OUT_OF_RESOURCES -> "report it: a kernel that Tenzan wrote should fit the device";
      case LAUNCH_TIMEOUT -> "a display's time limit ended a kernel; use smaller tensors, or a device without a display, in a new process";
      case ECC_UNCORRECTABLE, 220 -> "the hardware reported an error that cannot be corrected; look at nvidia-smi -q";
      case ILLEGAL_ADDRESS, 714, 715, 716, 717, 718, LAUNCH_FAILED ->
          "report it: a kernel went wrong. The device is usable again in a new process";
      default -> "see whether the device still runs (nvidia-smi); if it does, report this";
    };
  }
}
