package dev.tenzan.spi;

import dev.tenzan.kernel.KernelSpec;

/** A kernel made ready for one device; launched any number of times, by any thread. */
public interface Executable {
  /** What it runs. */
  KernelSpec kernel();
}
