package dev.tenzan.cuda;

import dev.tenzan.cuda.driver.CudaDriver;
import dev.tenzan.cuda.driver.DeviceFacts;
import dev.tenzan.cuda.driver.DriverError;
import dev.tenzan.cuda.plan.Abilities;
import dev.tenzan.cuda.plan.FastWay;
import dev.tenzan.cuda.vendor.Libraries;
import dev.tenzan.error.ClosedException;
import dev.tenzan.error.DeviceException;
import dev.tenzan.error.ShapeException;
import dev.tenzan.error.UnsupportedKernelException;
import dev.tenzan.kernel.AttentionRun;
import dev.tenzan.kernel.KernelSpec;
import dev.tenzan.kernel.RowRun;
import dev.tenzan.spi.Backend;
import dev.tenzan.spi.BinaryCache;
import dev.tenzan.spi.Buffer;
import dev.tenzan.spi.DeviceInfo;
import dev.tenzan.spi.Executable;
import dev.tenzan.spi.MemoryStats;
import dev.tenzan.spi.Replay;
import dev.tenzan.spi.RunExecutable;
import dev.tenzan.spi.Support;
import java.lang.foreign.MemorySegment;
import java.util.AbstractMap;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The CUDA devices of the machine that have the architecture kernels are written for, in the driver's order. Launches are queued and
 * return at once, save those of kernels that check indices, which wait for the result of the check.
 */
public final class CudaBackend implements Backend {
  private final CudaDriver driver;
  private final String name;
  private final @Nullable BinaryCache cache;
  private final @Nullable Libraries libraries;
  private final List<Found> found = new ArrayList<>();
  private volatile boolean closed;

  /** A device that was found. It is opened when it is first used: contexts cost time and memory, and most programs use one device. */
  private static final class Found {
    final int ordinal;
    final DeviceFacts facts;
    final DeviceInfo info;
    final Failures failures;
    volatile @Nullable CudaDevice opened;

    Found(int ordinal, DeviceFacts facts, DeviceInfo info, Failures failures) {
      this.ordinal = ordinal;
      this.facts = facts;
      this.info = info;
      this.failures = failures;
    }
  }

  /**
   * Finds every device.
   *
   * @param name the backend's name, the first part of the devices' names
   * @param cache where assembled kernels are kept, or null
   * @throws DeviceException where the driver does not answer
   */
  public CudaBackend(CudaDriver driver, String name, @Nullable BinaryCache cache) {
    this(driver, name, cache, null);
  }

  /**
   * Finds every device.
   *
   * @param name the backend's name, the first part of the devices' names
   * @param cache where assembled kernels are kept, or null
   * @param libraries finds NVIDIA's, or null where the devices cannot have it
   * @throws DeviceException where the driver does not answer
   */
  CudaBackend(CudaDriver driver, String name, @Nullable BinaryCache cache, @Nullable Libraries libraries) {
    FastWay.isOwn(System.getProperty(FastWay.PROPERTY, "auto")); // throws where it is none
    this.driver = driver;
    this.libraries = libraries;
    this.name = name;
    this.cache = cache;
    try {
      int version = driver.start();
      int count = driver.deviceCount();
      for (int ordinal = 0; ordinal < count; ordinal++) {
        DeviceFacts facts = driver.facts(ordinal);
        if (facts.capability() >= DeviceFacts.LEAST) {
          int index = found.size();
          found.add(new Found(ordinal, facts, describe(facts, index, version, libraries), new Failures(name + ":" + index)));
        }
      }
    } catch (DriverError e) {
      throw Failures.typed("open", name + ":" + found.size(), e);
    }
  }

  private static DeviceInfo describe(DeviceFacts f, int index, int version, @Nullable Libraries libraries) {
    Map<String, String> properties = new LinkedHashMap<>();
    properties.put("architecture", f.architecture());
    properties.put("multiprocessors", Integer.toString(f.processors()));
    if (f.simulated()) {
      properties.put("simulated", "yes: slow, for tests");
    } else {
      properties.put("clock", f.clockKilohertz() / 1000 + " MHz");
      properties.put("driver", "CUDA " + CudaProvider.version(version));
    }
    return new DeviceInfo(index, f.name(), f.memoryBytes(), new Properties(properties, libraries));
  }

  /** Properties of a device. Loading NVIDIA's libraries takes a while, so they are looked for when somebody reads them. */
  private static final class Properties extends AbstractMap<String, String> {
    private final Map<String, String> all;
    private @Nullable Libraries libraries;

    Properties(Map<String, String> all, @Nullable Libraries libraries) {
      this.all = all;
      this.libraries = libraries;
    }

    @Override
    public synchronized Set<Map.Entry<String, String>> entrySet() {
      if (libraries != null) {
        all.put("cuBLASLt", libraries.products().get().text());
        all.put("cuDNN", libraries.convolutions().get().text());
        libraries = null;
      }
      return Collections.unmodifiableMap(all).entrySet();
    }
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public List<DeviceInfo> devices() {
    return found.stream().map(f -> f.info).toList();
  }

  private Found found(String what, int index) {
    if (index < 0 || index >= found.size()) {
      throw new DeviceException(
          what + ": " + name + " has no device " + index + "; it has " + found.size() + ", counted from 0");
    }
    return found.get(index);
  }

  /** What a device says of itself. */
  DeviceFacts facts(int device) {
    return found("facts", device).facts;
  }

  /** A device, opened where it was not yet. */
  private CudaDevice device(String what, int index) {
    CudaDevice d = found(what, index).opened;
    checkOpen(what); // without the lock, which the closing thread may have, as this one may have the device's
    return d == null ? open(what, index) : d;
  }

  private void checkOpen(String what) {
    if (closed) {
      throw new ClosedException(what + ": the cuda backend is closed; open it again");
    }
  }

  private synchronized CudaDevice open(String what, int index) {
    Found f = found(what, index);
    checkOpen(what);
    CudaDevice d = f.opened;
    if (d == null) {
      Libraries found = libraries == null ? Libraries.NONE : libraries;
      d =
          f.failures.guard(
              what, () -> new CudaDevice(driver, f.ordinal, f.facts, name + ":" + index, index, f.failures, cache, found));
      f.opened = d;
    }
    return d;
  }

  private @Nullable CudaDevice opened(int index) {
    return index < found.size() ? found.get(index).opened : null;
  }

  @Override
  public Support supports(int device, KernelSpec kernel) {
    found("supports", device);
    return Abilities.declared(kernel);
  }

  @Override
  public Buffer allocate(int device, long bytes) {
    CudaDevice d = device("allocate", device);
    return d.failures.guard("allocate", () -> d.pool.allocate(bytes));
  }

  @Override
  public void free(Buffer buffer) {
    CudaBuffer b = own("free", buffer);
    b.owner.free(b);
  }

  private CudaBuffer own(String what, Buffer buffer) {
    if (!(buffer instanceof CudaBuffer b) || !b.owner.isOf(opened(b.device()))) {
      throw new DeviceException(what + ": the buffer belongs to another backend; copy it to this device first");
    }
    return b;
  }

  private CudaBuffer usable(String what, Buffer buffer) {
    CudaBuffer b = own(what, buffer);
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
    CudaBuffer b = usable("copyIn", target);
    checkRange("copyIn", targetByteOffset, source.byteSize(), b.byteSize());
    CudaDevice d = device("copyIn", b.device());
    d.failures.run("copyIn", () -> d.copyIn(source, b, targetByteOffset));
  }

  @Override
  public void copyOut(Buffer source, long sourceByteOffset, MemorySegment target) {
    CudaBuffer b = usable("copyOut", source);
    checkRange("copyOut", sourceByteOffset, target.byteSize(), b.byteSize());
    CudaDevice d = device("copyOut", b.device());
    d.failures.run("copyOut", () -> d.copyOut(b, sourceByteOffset, target));
  }

  @Override
  public void copy(Buffer source, long sourceByteOffset, Buffer target, long targetByteOffset, long bytes) {
    CudaBuffer from = usable("copy", source);
    CudaBuffer to = usable("copy", target);
    checkRange("copy", sourceByteOffset, bytes, from.byteSize());
    checkRange("copy", targetByteOffset, bytes, to.byteSize());
    CudaDevice giver = device("copy", from.device());
    CudaDevice taker = device("copy", to.device());
    giver.failures.checkThere("copy");
    taker.failures.checkThere("copy");
    giver.copy(from.address + sourceByteOffset, taker, to.address + targetByteOffset, bytes);
  }

  @Override
  public Executable compile(int device, KernelSpec kernel) {
    Support support = supports(device, kernel);
    if (!support.supported()) {
      throw new UnsupportedKernelException(
          kernel.name() + ": not supported on " + name + ":" + device + ": " + support.reason() + "; use another device");
    }
    return device("compile", device).compile(kernel);
  }

  @Override
  public @Nullable RunExecutable compile(int device, RowRun run) {
    CudaKernel k = device("compile", device).compile(run);
    return k == null ? null : buffers -> launch(k, buffers);
  }

  @Override
  public @Nullable RunExecutable compile(int device, AttentionRun run) {
    CudaKernel k = device("compile", device).compile(run);
    return k == null ? null : buffers -> launch(k, buffers);
  }

  @Override
  public @Nullable Replay replay(int device) {
    return device("replay", device).replay();
  }

  @Override
  public void launch(Executable executable, List<Buffer> buffers) {
    if (!(executable instanceof CudaKernel k) || !k.device().pool.isOf(opened(k.device().index))) {
      throw new DeviceException(
          executable.kernel().name() + ": was compiled by another backend; compile it on this one");
    }
    k.device().launch(k, operands(k, buffers));
  }

  /** The addresses of the buffers of a launch, which are checked, and room for those of the scratch buffers. */
  private long[] operands(CudaKernel k, List<Buffer> buffers) {
    String op = k.kernel().name();
    List<Long> bytes = k.plan().bytes();
    if (buffers.size() != bytes.size()) {
      throw new DeviceException(
          op + ": launched with " + buffers.size() + " buffers; pass " + bytes.size() + ", inputs first");
    }
    long[] operands = new long[bytes.size() + k.plan().temps().size()];
    for (int i = 0; i < bytes.size(); i++) {
      CudaBuffer b = usable(op, buffers.get(i));
      if (!b.owner.isOf(k.device())) {
        throw new DeviceException(
            op + ": buffer " + i + " is on " + name + ":" + b.device() + ", the kernel on " + k.device().name
                + "; copy it there first");
      }
      if (b.byteSize() < bytes.get(i)) {
        throw new ShapeException(
            op + ": buffer " + i + " has " + b.byteSize() + " bytes, but the kernel touches " + bytes.get(i)
                + "; allocate more or correct the kernel's addresses");
      }
      operands[i] = b.address;
    }
    return operands;
  }

  @Override
  public void synchronize(int device) {
    CudaDevice d = device("synchronize", device);
    d.failures.run("synchronize", d::synchronize);
  }

  @Override
  public MemoryStats memory(int device) {
    found("memory", device);
    CudaDevice d = opened(device);
    return d == null ? new MemoryStats(0, 0, 0, 0) : d.pool.stats();
  }

  @Override
  public void close() {
    synchronized (this) {
      closed = true; // nothing is opened from now on
    }
    for (Found f : found) {
      CudaDevice d = f.opened;
      if (d != null) {
        d.close();
      }
    }
  }
}
