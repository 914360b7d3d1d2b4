package dev.tenzan.opencl;

import dev.tenzan.error.ClosedException;
import dev.tenzan.error.DeviceException;
import dev.tenzan.error.ShapeException;
import dev.tenzan.error.UnsupportedKernelException;
import dev.tenzan.kernel.CustomKernel;
import dev.tenzan.kernel.KernelSpec;
import dev.tenzan.opencl.driver.DeviceFacts;
import dev.tenzan.opencl.driver.DriverError;
import dev.tenzan.opencl.driver.OpenClDriver;
import dev.tenzan.opencl.plan.Abilities;
import dev.tenzan.opencl.plan.Style;
import dev.tenzan.spi.Backend;
import dev.tenzan.spi.BinaryCache;
import dev.tenzan.spi.Buffer;
import dev.tenzan.spi.DeviceInfo;
import dev.tenzan.spi.Executable;
import dev.tenzan.spi.MemoryStats;
import dev.tenzan.spi.Support;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The OpenCL devices of the machine: processors, graphics processors and accelerators of every platform that the loader knows, in
 * its order. Launches are queued and return at once, save those of kernels that check indices, which wait for the result of the check.
 */
public final class OpenClBackend implements Backend {
  private final OpenClDriver driver;
  private final ProgramSettings settings;
  private final List<Found> found = new ArrayList<>();
  private boolean closed;

  /** A device that was found. It is opened when it is first used: contexts cost time, and most programs use one device. */
  private static final class Found {
    final OpenClDriver.Platform platform;
    final OpenClDriver.DeviceId id;
    final DeviceFacts facts;
    final DeviceInfo info;
    @Nullable OpenClDevice opened;

    Found(OpenClDriver.Platform platform, OpenClDriver.DeviceId id, DeviceFacts facts, DeviceInfo info) {
      this.platform = platform;
      this.id = id;
      this.facts = facts;
      this.info = info;
    }
  }

  /**
   * Finds every device.
   *
   * @param cache where binaries are kept, or null
   * @throws DeviceException where the driver does not answer
   */
  public OpenClBackend(OpenClDriver driver, @Nullable BinaryCache cache) {
    this(ProgramSettings.compiling(cache), driver);
  }

  /**
   * Finds every device.
   *
   * @param settings where programs come from
   * @throws DeviceException where the driver does not answer
   */
  public static OpenClBackend open(OpenClDriver driver, ProgramSettings settings) {
    return new OpenClBackend(settings, driver);
  }

  private OpenClBackend(ProgramSettings settings, OpenClDriver driver) {
    this.driver = driver;
    this.settings = settings;
    try {
      for (OpenClDriver.Platform platform : driver.platforms()) {
        for (OpenClDriver.DeviceId id : driver.devices(platform)) {
          DeviceFacts facts = driver.facts(platform, id);
          found.add(new Found(platform, id, facts, describe(facts, found.size())));
        }
      }
    } catch (DriverError e) {
      throw Failures.typed("open", "opencl:" + found.size(), e);
    }
  }

  private DeviceInfo describe(DeviceFacts f, int index) {
    Map<String, String> properties = new LinkedHashMap<>();
    properties.put("type", f.typeName());
    properties.put("compute units", Integer.toString(f.computeUnits()));
    properties.put("f64", f.doubleBits() != 0 ? "yes" : "no");
    properties.put("exact", Abilities.exactness(f));
    Style.Shape shape = settings.style(f).shape();
    properties.put("kernels for", shape.kind().label() + (shape.kind() == Style.Kind.FPGA ? "" : ", tile " + shape.tile()));
    properties.put("programs", settings.describe(f));
    properties.put("platform", f.platform().split(" {2}|,", 2)[0]);
    properties.put("driver", f.driver());
    return new DeviceInfo(index, f.name(), f.memoryBytes(), Collections.unmodifiableMap(properties));
  }

  @Override
  public String name() {
    return OpenClProvider.NAME;
  }

  @Override
  public List<DeviceInfo> devices() {
    return found.stream().map(f -> f.info).toList();
  }

  private Found found(String what, int index) {
    if (index < 0 || index >= found.size()) {
      throw new DeviceException(
          what + ": opencl has no device " + index + "; it has " + found.size() + ", counted from 0");
    }
    return found.get(index);
  }

  /** What a device says of itself. */
  DeviceFacts facts(int device) {
    return found("facts", device).facts;
  }

  /** A device, opened where it was not yet. */
  private synchronized OpenClDevice device(String what, int index) {
    Found f = found(what, index);
    if (closed) {
      throw new ClosedException(what + ": the opencl backend is closed; open it again");
    }
    OpenClDevice d = f.opened;
    if (d == null) {
      String name = "opencl:" + index;
      d = Failures.guard(what, name, () -> new OpenClDevice(driver, f.platform, f.id, f.facts, index, settings));
      f.opened = d;
    }
    return d;
  }

  @Override
  public Support supports(int device, KernelSpec kernel) {
    DeviceFacts facts = found("supports", device).facts;
    return Abilities.supports(facts.withCompiler(settings.hasPrograms(facts)), kernel);
  }

  @Override
  public Buffer allocate(int device, long bytes) {
    OpenClDevice d = device("allocate", device);
    return Failures.guard("allocate", d.name, () -> d.pool.allocate(bytes));
  }

  @Override
  public void free(Buffer buffer) {
    OpenClBuffer b = own("free", buffer);
    b.owner.free(b);
  }

  private OpenClBuffer own(String what, Buffer buffer) {
    if (!(buffer instanceof OpenClBuffer b) || !b.owner.equals(pool(b.device()))) {
      throw new DeviceException(what + ": the buffer belongs to another backend; copy it to this device first");
    }
    return b;
  }

  private synchronized @Nullable BufferPool pool(int index) {
    OpenClDevice d = index < found.size() ? found.get(index).opened : null;
    return d == null ? null : d.pool;
  }

  private OpenClBuffer usable(String what, Buffer buffer) {
    OpenClBuffer b = own(what, buffer);
    if (b.isFreed()) {
      throw new ClosedException(
          what + ": a buffer of " + b.byteSize() + " bytes was freed; use it before it is freed");
    }
    return b;
  }

  private static void checkRange(String what, long offset, long bytes, long size) {
    if (offset < 0 || bytes > size - offset) {
      throw new ShapeException(
          what + ": " + bytes + " bytes at offset " + offset + " do not fit a buffer of " + size
              + " bytes; give a smaller range");
    }
  }

  @Override
  public void copyIn(MemorySegment source, Buffer target, long targetByteOffset) {
    OpenClBuffer b = usable("copyIn", target);
    checkRange("copyIn", targetByteOffset, source.byteSize(), b.byteSize());
    OpenClDevice d = device("copyIn", b.device());
    Failures.run("copyIn", d.name, () -> d.copyIn(source, b, targetByteOffset));
  }

  @Override
  public void copyOut(Buffer source, long sourceByteOffset, MemorySegment target) {
    OpenClBuffer b = usable("copyOut", source);
    checkRange("copyOut", sourceByteOffset, target.byteSize(), b.byteSize());
    OpenClDevice d = device("copyOut", b.device());
    Failures.run("copyOut", d.name, () -> d.copyOut(b, sourceByteOffset, target));
  }

  @Override
  public Executable compile(int device, KernelSpec kernel) {
    Support support = supports(device, kernel);
    if (!support.supported()) {
      throw new UnsupportedKernelException(
          kernel.name() + ": not supported on opencl:" + device + ": " + support.reason() + "; use another device");
    }
    OpenClDevice d = device("compile", device);
    return kernel instanceof CustomKernel c ? CustomExecutable.of(c, d) : d.compile(kernel);
  }

  @Override
  public void launch(Executable executable, List<Buffer> buffers) {
    if (executable instanceof CustomExecutable c && isOpen(c.device())) {
      c.run(operands(c.kernel().name(), c.device(), c.bytes(), buffers));
    } else if (executable instanceof OpenClKernel k && isOpen(k.device())) {
      List<OpenClBuffer> operands = operands(k.kernel().name(), k.device(), k.plan().bytes(), buffers);
      k.device().launch(k, operands.stream().map(b -> b.memory).toList());
    } else {
      throw new DeviceException(
          executable.kernel().name() + ": was compiled by another backend; compile it on this one");
    }
  }

  private boolean isOpen(OpenClDevice device) {
    return device.pool.equals(pool(device.index));
  }

  /** The buffers of a launch, checked. */
  private List<OpenClBuffer> operands(String op, OpenClDevice device, List<Long> bytes, List<Buffer> buffers) {
    if (buffers.size() != bytes.size()) {
      throw new DeviceException(
          op + ": launched with " + buffers.size() + " buffers; pass " + bytes.size() + ", inputs first");
    }
    List<OpenClBuffer> operands = new ArrayList<>(bytes.size());
    for (int i = 0; i < bytes.size(); i++) {
      OpenClBuffer b = usable(op, buffers.get(i));
      if (!b.owner.equals(device.pool)) {
        throw new DeviceException(
            op + ": buffer " + i + " is on opencl:" + b.device() + ", the kernel on " + device.name
                + "; copy it there first");
      }
      if (b.byteSize() < bytes.get(i)) {
        throw new ShapeException(
            op + ": buffer " + i + " has " + b.byteSize() + " bytes, but the kernel touches " + bytes.get(i)
                + "; allocate more or correct the kernel's addresses");
      }
      operands.add(b);
    }
    return operands;
  }

  @Override
  public void synchronize(int device) {
    OpenClDevice d = device("synchronize", device);
    Failures.run("synchronize", d.name, d::synchronize);
  }

  @Override
  public MemoryStats memory(int device) {
    found("memory", device);
    BufferPool pool = pool(device);
    return pool == null ? new MemoryStats(0, 0, 0, 0) : pool.stats();
  }

  @Override
  public synchronized void close() {
    closed = true;
    for (Found f : found) {
      if (f.opened != null) {
        f.opened.close();
      }
    }
  }
}
