package dev.tenzan.cpu;

import dev.tenzan.spi.Availability;
import dev.tenzan.spi.Backend;
import dev.tenzan.spi.BackendProvider;

/** The entry point of the CPU backend; it works on every JVM. */
public final class CpuProvider implements BackendProvider {
  @Override
  public String name() {
    return "cpu";
  }

  @Override
  public int priority() {
    return 100;
  }

  @Override
  public Availability availability() {
    return Availability.yes();
  }

  @Override
  public Backend open() {
    return new CpuBackend();
  }
}
