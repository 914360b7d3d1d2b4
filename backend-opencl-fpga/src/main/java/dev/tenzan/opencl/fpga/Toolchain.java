package dev.tenzan.opencl.fpga;

import java.util.Locale;

/** The offline compilers that projects are written for. */
public enum Toolchain {
  /** Intel FPGA SDK for OpenCL: {@code aoc}. */
  INTEL(".aocx"),
  /** AMD Vitis: {@code v++}. */
  AMD(".xclbin"),
  /** PoCL: {@code poclcc}. */
  POCL(".poclbin");

  private final String ending;

  Toolchain(String ending) {
    this.ending = ending;
  }

  /** The ending of its binaries. */
  public String ending() {
    return ending;
  }

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
