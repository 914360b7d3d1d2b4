package dev.tenzan.opencl.bundle;

import dev.tenzan.opencl.program.KernelSource;

/** What builds binaries where no program runs on them. */
public interface OfflineCompiler {
  /** The ending of its binaries in the folder of a recording. */
  String ending();

  /** Its name and version. */
  String toolchain();

  /** The board or device that it builds for. */
  String board();

  /**
   * The binary of a source.
   *
   * @throws dev.tenzan.error.TenzanException where it does not compile, with the compiler's log
   */
  byte[] compile(KernelSource source);
}
