package dev.tenzan.reference;

import dev.tenzan.spi.Availability;
import dev.tenzan.spi.Backend;
import dev.tenzan.spi.BackendProvider;

/** The entry point of the reference backend: available everywhere, chosen only where nothing else is. */
public final class ReferenceProvider implements BackendProvider {
  @Override
  public String name() {
    return ReferenceBackend.NAME;
  }

  @Override
  public int priority() {
    return 0;
  }

  @Override
  public Availability availability() {
    return Availability.yes();
  }

  @Override
  public Backend open() {
    return new ReferenceBackend();
  }
}
