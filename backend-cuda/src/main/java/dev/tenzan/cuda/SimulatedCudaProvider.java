package dev.tenzan.cuda;

import dev.tenzan.cuda.driver.SimulatedDriver;
import dev.tenzan.error.DeviceException;
import dev.tenzan.spi.Availability;
import dev.tenzan.spi.Backend;
import dev.tenzan.spi.BackendProvider;

/**
 * Declares the simulated CUDA devices: the backend's very kernels on a PTX interpreter, where there is no GPU. They are there on every
 * machine, and far too slow to be anybody's default: only a name chooses them.
 */
public final class SimulatedCudaProvider implements BackendProvider {
  /** The name of the backend. */
  public static final String NAME = "cuda:sim";

  /** The system property with the number of devices; two where it is not set, so that programs for several can be tried. */
  public static final String DEVICES_PROPERTY = "tenzan.cuda.sim.devices";

  private static final int MOST = 16;

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public int priority() {
    return -100;
  }

  @Override
  public Availability availability() {
    return Availability.yes();
  }

  @Override
  public Backend open() {
    String text = System.getProperty(DEVICES_PROPERTY, "2").strip();
    if (!text.matches("[0-9]{1,2}") || Integer.parseInt(text) < 1 || Integer.parseInt(text) > MOST) {
      throw new DeviceException("-D" + DEVICES_PROPERTY + ": '" + text + "' is no number of devices; give 1 to " + MOST);
    }
    return new CudaBackend(new SimulatedDriver(Integer.parseInt(text)), NAME, null);
  }
}
