package dev.tenzan;

import dev.tenzan.kernel.KernelSpec;
import dev.tenzan.spi.Backend;
import dev.tenzan.spi.DeviceInfo;
import dev.tenzan.spi.MemoryStats;
import dev.tenzan.spi.Support;

/**
 * A place where tensors live and operations run, and the factory of its tensors. Obtained from {@link Devices}; one object for
 * each device.
 */
public final class Device implements CreationOps {
  private final String name;
  private final Backend backend;
  private final DeviceInfo info;
  private final Engine engine;

  Device(String name, Backend backend, DeviceInfo info) {
    this.name = name;
    this.backend = backend;
    this.info = info;
    this.engine = new Engine(this);
  }

  /** The name, for example {@code cpu} or {@code cuda:0}. */
  public String name() {
    return name;
  }

  /** What is known of the device. */
  public DeviceInfo info() {
    return info;
  }

  /** The memory that tensors hold on this device. */
  public MemoryStats memory() {
    return backend.memory(info.index());
  }

  /** Whether this device can run a kernel, or why not. */
  public Support supports(KernelSpec kernel) {
    return backend.supports(info.index(), kernel);
  }

  /** Waits until everything launched on this device is done. */
  public void synchronize() {
    backend.synchronize(info.index());
  }

  @Override
  public Device device() {
    return this;
  }

  Backend backend() {
    return backend;
  }

  int index() {
    return info.index();
  }

  Engine engine() {
    return engine;
  }

  @Override
  public String toString() {
    return name;
  }
}
