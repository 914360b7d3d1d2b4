package dev.tenzan.cpu;

import dev.tenzan.cpu.gemm.MatrixEngine;
import dev.tenzan.cpu.loop.LoopCompiler;
import dev.tenzan.cpu.loop.VectorIsa;
import dev.tenzan.cpu.loop.VectorUse;
import dev.tenzan.cpu.machine.ProductInstructions;
import dev.tenzan.cpu.machine.VectorSet;
import dev.tenzan.error.ClosedException;
import dev.tenzan.error.DeviceException;
import dev.tenzan.error.ShapeException;
import dev.tenzan.error.TenzanException;
import dev.tenzan.error.UnsupportedKernelException;
import dev.tenzan.ir.CustomBody;
import dev.tenzan.kernel.AttentionRun;
import dev.tenzan.kernel.CustomKernel;
import dev.tenzan.kernel.KernelSpec;
import dev.tenzan.kernel.RowRun;
import dev.tenzan.spi.Backend;
import dev.tenzan.spi.Buffer;
import dev.tenzan.spi.DeviceInfo;
import dev.tenzan.spi.Executable;
import dev.tenzan.spi.MemoryStats;
import dev.tenzan.spi.RunExecutable;
import dev.tenzan.spi.Support;
import java.lang.foreign.MemorySegment;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * The processor that the JVM runs on, as one device. Every launch runs to its end before it returns, on the calling thread and those of
 * a {@link CpuPool}.
 */
public final class CpuBackend implements Backend {
  /** The system property that bounds the unused memory kept for reuse, in bytes. */
  public static final String POOL_LIMIT_PROPERTY = "tenzan.cpu.pool.limit";

  /** The system property that bounds the memory of all buffers, in bytes; without it, what the JVM allows off the heap. */
  public static final String MEMORY_LIMIT_PROPERTY = "tenzan.cpu.memory.limit";

  private static final int MAX_KERNELS = 2048;

  private final CpuPool pool;
  private final CpuMemory memory;
  private final DeviceInfo info;
  private final KernelCompiler compiler;
  private volatile boolean closed;

  /** The launches of all threads that have not ended: kernels that address memory must not lose it. */
  private final AtomicInteger running = new AtomicInteger();

  private final Map<KernelSpec, CpuKernel> kernels =
      new LinkedHashMap<>(256, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<KernelSpec, CpuKernel> eldest) {
          return size() > MAX_KERNELS;
        }
      };

  /** Opens the backend with the threads and the limits that the system properties ask for. */
  public CpuBackend() {
    this(CpuFeatures.detect());
  }

  private CpuBackend(CpuFeatures features) {
    this(CpuPool.configuredThreads(), features, VectorUse.WHERE_FASTER, machineVectors(features), LoopCompiler.STREAMED);
  }

  /**
   * Opens the backend.
   *
   * @param machine the vectors of the machine code in which loops run where it does what they do; null for none
   * @param streamed from how many bytes on a loop's results pass the caches by
   */
  CpuBackend(int threads, CpuFeatures features, VectorUse use, @Nullable VectorSet machine, long streamed) {
    this.pool = new CpuPool(threads);
    long limit = size(MEMORY_LIMIT_PROPERTY, features.memoryBytes());
    this.memory = new CpuMemory(size(POOL_LIMIT_PROPERTY, limit / 4), limit);
    VectorIsa isa = features.useVectors() ? CpuVectors.detect() : null;
    MatrixEngine matrices = features.useVectors() ? MatrixEngine.create(pool) : MatrixEngine.scalar(pool);
    LoopCompiler loops = new LoopCompiler(pool, isa, use, machine, streamed);
    this.compiler = new KernelCompiler(pool, matrices, loops);
    this.info = describe(threads, features, limit, isa);
  }

  /** The vectors of machine code that are as long as those of the JVM, or null where none runs here. */
  static @Nullable VectorSet machineVectors(CpuFeatures features) {
    VectorIsa isa = features.useVectors() ? CpuVectors.detect() : null;
    return isa == null ? null : VectorSet.ofBits(isa.bits());
  }

  /** A property that is a number of bytes. */
  private static long size(String property, long otherwise) {
    String text = System.getProperty(property);
    if (text == null) {
      return otherwise;
    }
    try {
      long size = Long.parseLong(text.strip());
      if (size >= 0) {
        return size;
      }
    } catch (NumberFormatException e) {
      throw badSize(property, text, e);
    }
    throw badSize(property, text, null);
  }

  private static TenzanException badSize(String property, String text, @Nullable Throwable cause) {
    return new TenzanException("cpu: -D" + property + "=" + text + " is not a size; give a number of bytes, 0 or more", cause);
  }

  private static DeviceInfo describe(int threads, CpuFeatures features, long memory, @Nullable VectorIsa isa) {
    Map<String, String> properties = new LinkedHashMap<>();
    properties.put("vector bits", isa == null ? "none (scalar code)" : Integer.toString(isa.bits()));
    properties.put("threads", Integer.toString(threads));
    properties.put(
        "vector api",
        features.vectorModule() ? "yes" : "absent: start java with --add-modules jdk.incubator.vector");
    properties.put(
        "c2", features.c2() ? "yes" : "off: vectors need it; leave out -Xint and -XX:TieredStopAtLevel");
    String obstacle = SystemMemory.obstacleToLargePages();
    properties.put("large pages", obstacle.isEmpty() ? "yes" : "no: " + obstacle);
    properties.put("machine code", isa == null ? "no: there are no vectors" : ProductInstructions.describe(isa.bits()));
    properties.put("java", System.getProperty("java.vm.version", ""));
    return new DeviceInfo(
        0, features.model(), memory, java.util.Collections.unmodifiableMap(properties));
  }

  @Override
  public String name() {
    return "cpu";
  }

  @Override
  public List<DeviceInfo> devices() {
    return List.of(info);
  }

  @Override
  public Support supports(int device, KernelSpec kernel) {
    if (kernel instanceof CustomKernel c && !(c.body() instanceof CustomBody.Host)) {
      return Support.no(
          "custom operation " + c.name() + ": the cpu runs bodies of CustomBody.Host, not "
              + c.body().getClass().getName());
    }
    return Support.yes();
  }

  @Override
  public Buffer allocate(int device, long bytes) {
    checkDevice("allocate", device);
    return memory.allocate(bytes);
  }

  @Override
  public void free(Buffer buffer) {
    if (!(buffer instanceof HostBuffer b)) {
      throw new DeviceException(
          "free: " + buffer.getClass().getName() + " is not a buffer of cpu; free it where it was allocated");
    }
    memory.free(b);
  }

  @Override
  public void copyIn(MemorySegment source, Buffer target, long targetByteOffset) {
    HostBuffer buffer = checkBuffer("copyIn", target);
    checkRange("copyIn", targetByteOffset, source.byteSize(), buffer.byteSize());
    MemorySegment.copy(source, 0, buffer.segment(), targetByteOffset, source.byteSize());
  }

  @Override
  public void copyOut(Buffer source, long sourceByteOffset, MemorySegment target) {
    HostBuffer buffer = checkBuffer("copyOut", source);
    checkRange("copyOut", sourceByteOffset, target.byteSize(), buffer.byteSize());
    MemorySegment.copy(buffer.segment(), sourceByteOffset, target, 0, target.byteSize());
  }

  private static void checkRange(String what, long offset, long bytes, long size) {
    if (offset < 0 || bytes > size - offset) {
      throw new ShapeException(
          what + ": " + bytes + " bytes at offset " + offset + " do not fit a buffer of " + size
              + " bytes; give a smaller range");
    }
  }

  @Override
  public Executable compile(int device, KernelSpec kernel) {
    checkDevice("compile", device);
    Support support = supports(device, kernel);
    if (!support.supported()) {
      throw new UnsupportedKernelException(
          kernel.name() + ": not supported on cpu: " + support.reason() + "; use another device");
    }
    synchronized (kernels) {
      CpuKernel known = kernels.get(kernel);
      if (known == null) {
        known = compiler.compile(kernel);
        kernels.put(kernel, known);
      }
      return known;
    }
  }

  @Override
  public @Nullable RunExecutable compile(int device, RowRun run) {
    checkDevice("compile", device);
    CpuKernel chain = compiler.compile(run);
    return chain == null ? null : buffers -> launch(chain, buffers);
  }

  @Override
  public @Nullable RunExecutable compile(int device, AttentionRun run) {
    checkDevice("compile", device);
    CpuKernel chain = compiler.compile(run);
    return chain == null ? null : buffers -> launch(chain, buffers);
  }

  @Override
  public void launch(Executable executable, List<Buffer> buffers) {
    if (!(executable instanceof CpuKernel k)) {
      throw new DeviceException(
          "launch: " + executable.getClass().getName() + " was not compiled by cpu; compile the kernel there");
    }
    long[] bytes = k.bytes();
    if (buffers.size() != bytes.length) {
      throw new DeviceException(
          k.kernel().name() + ": launched with " + buffers.size() + " buffers; pass " + bytes.length
              + ", inputs first");
    }
    MemorySegment[] segments = new MemorySegment[bytes.length];
    for (int i = 0; i < segments.length; i++) {
      HostBuffer b = checkBuffer("launch", buffers.get(i));
      if (b.byteSize() < bytes[i]) {
        throw new ShapeException(
            k.kernel().name() + ": buffer " + i + " has " + b.byteSize() + " bytes, but the kernel touches "
                + bytes[i] + "; allocate more or correct the kernel's addresses");
      }
      segments[i] = b.segment();
    }
    running.incrementAndGet();
    try {
      checkOpen("launch");
      k.code().run(segments);
    } finally {
      running.decrementAndGet();
    }
  }

  private HostBuffer checkBuffer(String what, Buffer buffer) {
    if (!(buffer instanceof HostBuffer b) || b.owner() != memory) {
      throw new DeviceException(
          what + ": the buffer belongs to another backend or device; copy it to this cpu device first");
    }
    if (b.isFreed()) {
      throw new ClosedException(
          what + ": a buffer of " + b.byteSize() + " bytes was freed; use it before it is freed");
    }
    checkOpen(what);
    return b;
  }

  private void checkDevice(String what, int device) {
    if (device != 0) {
      throw new DeviceException(what + ": cpu has no device " + device + "; use cpu:0");
    }
    checkOpen(what);
  }

  private void checkOpen(String what) {
    if (closed) {
      throw new ClosedException(what + ": the cpu backend is closed; open it again");
    }
  }

  @Override
  public void synchronize(int device) {
    checkDevice("synchronize", device); // launches are done when they return
  }

  @Override
  public MemoryStats memory(int device) {
    checkDevice("memory", device);
    return memory.stats();
  }

  @Override
  public void close() {
    closed = true;
    pool.close();
    while (running.get() != 0) {
      Thread.onSpinWait();
    }
    memory.close();
  }
}
