package dev.tenzan.opencl.bundle;

import dev.tenzan.error.DeviceException;
import dev.tenzan.opencl.driver.DriverError;
import dev.tenzan.opencl.driver.ErrorCodes;
import dev.tenzan.opencl.driver.OpenClDriver;
import dev.tenzan.opencl.program.KernelSource;
import dev.tenzan.opencl.program.ProgramSource;
import java.util.LinkedHashMap;
import java.util.List;

/** Programs from bundles, by the hash of their source. Nothing is compiled. A program that many sources share is loaded once. */
public final class BundlePrograms implements ProgramSource {
  private static final int MOST_SHARED = 64;

  private final OpenClDriver driver;
  private final OpenClDriver.Context context;
  private final OpenClDriver.DeviceId device;
  private final String name;
  private final List<Bundle> bundles;

  /** Shared programs by bundle and file, with a reference of their own. */
  private final LinkedHashMap<String, OpenClDriver.Program> shared = new LinkedHashMap<>(16, 0.75f, true);

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
  public Loaded load(KernelSource source) {
    String hash = source.hash();
    for (Bundle b : bundles) {
      Manifest.Entry e = b.find(hash);
      if (e != null) {
        return new Loaded(e.suffix().isEmpty() ? load(b, e, source) : share(b, e, source), e.suffix());
      }
    }
    throw new MissingKernelException(
        name + " compiles nothing, and none of its bundles " + bundles.stream().map(Bundle::path).toList() + " has the kernel "
            + source.name() + " (" + hash + "); to build it, run the program with -Dtenzan.opencl.record=DIR, then"
            + " tenzan fpga pack DIR --target TARGET --out BUNDLE",
        source.name(), hash);
  }

  private OpenClDriver.Program share(Bundle bundle, Manifest.Entry entry, KernelSource source) {
    String key = bundle.path() + "/" + entry.file();
    OpenClDriver.Program program = shared.get(key);
    if (program == null) {
      program = load(bundle, entry, source);
      shared.put(key, program);
      if (shared.size() > MOST_SHARED) {
        driver.release(shared.pollFirstEntry().getValue());
      }
    }
    driver.retain(program);
    return program;
  }

  @Override
  public void close() {
    shared.values().forEach(driver::release);
    shared.clear();
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
