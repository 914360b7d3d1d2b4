package dev.tenzan.opencl.bundle;

import dev.tenzan.error.DeviceException;
import dev.tenzan.opencl.driver.DriverError;
import dev.tenzan.opencl.driver.ErrorCodes;
import dev.tenzan.opencl.driver.OpenClDriver;
import dev.tenzan.opencl.program.KernelSource;
import dev.tenzan.opencl.program.ProgramSource;
import java.util.List;

/** Programs from bundles, by the hash of their source. Nothing is compiled. */
public final class BundlePrograms implements ProgramSource {
  private final OpenClDriver driver;
  private final OpenClDriver.Context context;
  private final OpenClDriver.DeviceId device;
  private final String name;
  private final List<Bundle> bundles;

  /**
   * Programs of one device.
   *
   * @param name the device's name for messages
   * @param bundles where to look, in this order
   */
  public BundlePrograms(
      OpenClDriver driver,
      OpenClDriver.Context context,
      OpenClDriver.DeviceId device,
      String name,
      List<Bundle> bundles) {
    this.driver = driver;
    this.context = context;
    this.device = device;
    this.name = name;
    this.bundles = List.copyOf(bundles);
  }

  @Override
  public OpenClDriver.Program load(KernelSource source) {
    String hash = source.hash();
    for (Bundle b : bundles) {
      Manifest.Entry e = b.find(hash);
      if (e != null) {
        return load(b, e, source);
      }
    }
    throw new MissingKernelException(
        name + " compiles nothing, and none of its bundles " + bundles.stream().map(Bundle::path).toList() + " has the kernel "
            + source.name() + " (" + hash + "); to build it, run the program with -Dtenzan.opencl.record=DIR, then"
            + " tenzan fpga pack DIR --target TARGET --out BUNDLE",
        source.name(), hash);
  }

  private OpenClDriver.Program load(Bundle bundle, Manifest.Entry entry, KernelSource source) {
    byte[] binary = bundle.binary(entry);
    try {
      return driver.buildBinary(context, device, binary, source.options());
    } catch (DriverError e) {
      throw new DeviceException(
          name + " does not take the kernel " + entry.name() + " of bundle " + bundle.path() + ", which was built for "
              + entry.board() + " by " + entry.toolchain() + ": " + e.call() + " failed with " + ErrorCodes.name(e.code())
              + " (" + e.code() + ")" + (e.detail().isEmpty() ? "" : ": " + e.detail())
              + "; build the bundle for this device, with tenzan fpga pack",
          e);
    }
  }
}
