package dev.tenzan.cuda.driver;

import dev.tenzan.spi.NativeFile;
import jcuda.JCudaVersion;
import jcuda.LibUtils;

/** The files of JCuda's native libraries. */
public final class JCudaFiles {
  private JCudaFiles() {}

  /**
   * Makes a library's file whole, before JCuda loads it.
   *
   * @param library its name without version and system, such as JCudaDriver
   */
  public static void provide(String library) {
    String name = LibUtils.createLibraryFileName(LibUtils.createPlatformLibraryName(library + "-" + JCudaVersion.get()));
    NativeFile.provide(LibUtils.class.getResource("/lib/" + name), name);
  }
}
