package dev.tenzan.cuda;

import dev.tenzan.spi.Availability;
import dev.tenzan.spi.Backend;
import dev.tenzan.spi.BackendProvider;

/** Declares the CUDA backend, which this version does not bring yet: it is listed, and never available. */
public final class CudaProvider implements BackendProvider {
  private static final Availability MISSING =
      Availability.no(
          "this version of Tenzan brings no CUDA kernels",
          "use the cpu device, or a later version of tenzan-cuda");

  @Override
  public String name() {
    return "cuda";
  }

  @Override
  public int priority() {
    return 300;
  }

  @Override
  public Availability availability() {
    return MISSING;
  }

  @Override
  public Backend open() {
    throw new IllegalStateException("cuda: " + MISSING.missing() + "; " + MISSING.remedy());
  }
}
