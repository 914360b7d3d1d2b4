package dev.tenzan.opencl.program;

import dev.tenzan.opencl.driver.DeviceFacts;
import dev.tenzan.opencl.driver.DriverError;
import dev.tenzan.opencl.driver.ErrorCodes;
import dev.tenzan.opencl.driver.OpenClDriver;
import dev.tenzan.spi.BinaryCache;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Programs by the device's compiler, with a {@link BinaryCache} before it. */
public final class CompiledPrograms implements ProgramSource {
  private final OpenClDriver driver;
  private final OpenClDriver.Context context;
  private final OpenClDriver.DeviceId device;
  private final String identity;
  private final @Nullable BinaryCache cache;

  /** See {@code short.cl}; given up where the compiler does not take it. */
  private volatile boolean shortHeader;

  /** Programs of one device; {@code cache} is null where binaries are not to be kept. */
  public CompiledPrograms(
      OpenClDriver driver,
      OpenClDriver.Context context,
      OpenClDriver.DeviceId device,
      DeviceFacts facts,
      @Nullable BinaryCache cache) {
    this.driver = driver;
    this.context = context;
    this.device = device;
    this.identity = facts.identity();
    this.cache = cache;
    this.shortHeader = facts.platform().startsWith("Portable Computing Language");
  }

  /** The name of a source's binary for this device and driver in the cache. */
  String key(KernelSource source) {
    return KernelSource.sha256(identity + "\n" + source.hash());
  }

  @Override
  public Loaded load(KernelSource source) {
    return new Loaded(program(source), "");
  }

  /** The built program of a source; the caller releases it. */
  public OpenClDriver.Program program(KernelSource source) {
    BinaryCache c = cache;
    if (c == null) {
      return build(source);
    }
    String key = key(source);
    Optional<byte[]> binary = c.read(key);
    if (binary.isPresent()) {
      try {
        return driver.buildBinary(context, device, binary.get(), source.options());
      } catch (DriverError e) {
        // The device does not take what was kept, as after an update that left the version alone. Building again is exact.
        c.remove(key);
      }
    }
    OpenClDriver.Program program = build(source);
    try {
      c.write(key, driver.binary(program));
    } catch (DriverError e) {
      driver.release(program);
      throw e;
    }
    return program;
  }

  private OpenClDriver.Program build(KernelSource source) {
    if (shortHeader) {
      try {
        String text = Texts.resource("short.cl") + source.code();
        return driver.buildSource(context, device, text, source.options() + " -D_OPENCL_H_");
      } catch (DriverError e) {
        if (e.code() != ErrorCodes.BUILD_PROGRAM_FAILURE) {
          throw e;
        }
        OpenClDriver.Program program = driver.buildSource(context, device, source.code(), source.options());
        shortHeader = false; // it is the header's fault: with the compiler's own the program compiles
        return program;
      }
    }
    return driver.buildSource(context, device, source.code(), source.options());
  }
}
