package dev.tenzan.opencl;

import dev.tenzan.spi.Availability;
import dev.tenzan.spi.Backend;
import dev.tenzan.spi.BackendProvider;

/** Declares the OpenCL backend, which this version does not bring yet: it is listed, and never available. */
public final class OpenClProvider implements BackendProvider {
  private static final Availability MISSING =
      Availability.no(
          "this version of Tenzan brings no OpenCL kernels",
          "use the cpu device, or a later version of tenzan-opencl");

  @Override
  public String name() {
    return "opencl";
  }

  @Override
  public int priority() {
    return 200;
  }

  @Override
  public Availability availability() {
    return MISSING;
  }

  @Override
  public Backend open() {
    throw new IllegalStateException("opencl: " + MISSING.missing() + "; " + MISSING.remedy());
  }
}
