package dev.tenzan.reference;

import dev.tenzan.error.DeviceException;
import dev.tenzan.error.UnsupportedKernelException;
import dev.tenzan.ir.CustomBody;
import dev.tenzan.kernel.ConvolutionKernel;
import dev.tenzan.kernel.CustomKernel;
import dev.tenzan.kernel.KernelSpec;
import dev.tenzan.kernel.LoopKernel;
import dev.tenzan.kernel.MatMulKernel;
import dev.tenzan.kernel.ScanKernel;
import dev.tenzan.kernel.ScatterKernel;
import dev.tenzan.kernel.SortKernel;
import dev.tenzan.scalar.ReduceOp;
import dev.tenzan.spi.Backend;
import dev.tenzan.spi.Buffer;
import dev.tenzan.spi.DeviceInfo;
import dev.tenzan.spi.Executable;
import dev.tenzan.spi.MemoryStats;
import dev.tenzan.spi.Support;
import dev.tenzan.type.DType;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The scalar backend: plain loops that follow the kernels' specifications to the letter; other backends are
 * measured against it. One device, no vectors, no threads; a launch is done when it returns.
 */
public final class ReferenceBackend implements Backend {
  /** The name of the backend and of its one device. */
  public static final String NAME = "reference";

  private final HostMemory memory;

  /**
   * Opens the backend; buffers take at most {@code -Dtenzan.reference.memory} bytes, by default the
   * greatest heap size.
   *
   * @throws DeviceException where that property is not a positive number
   */
  public ReferenceBackend() {
    this(HostMemory.defaultLimit());
  }

  /** Opens the backend with room for {@code memoryLimit} bytes of buffers. */
  public ReferenceBackend(long memoryLimit) {
    memory = new HostMemory(memoryLimit);
  }

  private record Ready(KernelSpec kernel, ReferenceBackend owner, Runner runner, List<Runner.Access> accesses)
      implements Executable {}

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public List<DeviceInfo> devices() {
    return List.of(
        new DeviceInfo(0, "scalar reference", memory.limit(), Map.of("threads", "1")));
  }

  @Override
  public Support supports(int device, KernelSpec kernel) {
    checkDevice(device, "supports");
    return switch (kernel) {
      case LoopKernel k -> {
        LoopKernel.Reduction r = k.reduction();
        yield r == null ? Support.yes() : combines(r.op(), k.body().type(r.value()));
      }
      case MatMulKernel k -> numeric(k.input());
      case ConvolutionKernel k -> numeric(k.dtype());
      case ScatterKernel k -> {
        ReduceOp combine = k.combine();
        yield combine == null ? Support.yes() : combines(combine, k.dtype());
      }
      case ScanKernel k -> combines(k.op(), k.dtype());
      case SortKernel k ->
          k.length() <= Integer.MAX_VALUE - 8
              ? Support.yes()
              : Support.no("an axis of " + k.length() + " elements is too long to sort here");
      case CustomKernel k ->
          k.body() instanceof CustomBody.Host
              ? Support.yes()
              : Support.no("only a CustomBody.Host runs here, not " + k.body().getClass().getName());
    };
  }

  private static Support combines(ReduceOp op, DType dtype) {
    boolean defined = op != ReduceOp.SUM || dtype != DType.BOOL;
    return defined ? Support.yes() : Support.no("sum is not defined for bool");
  }

  private static Support numeric(DType dtype) {
    return dtype == DType.BOOL ? Support.no("products are not defined for bool") : Support.yes();
  }

  @Override
  public synchronized Buffer allocate(int device, long bytes) {
    checkDevice(device, "allocate");
    return memory.allocate(bytes);
  }

  @Override
  public synchronized void free(Buffer buffer) {
    memory.free(buffer);
  }

  @Override
  public synchronized void copyIn(MemorySegment source, Buffer target, long targetByteOffset) {
    MemorySegment to = memory.segment(target, "copyIn");
    checkRange("copyIn", targetByteOffset, source.byteSize(), to.byteSize());
    MemorySegment.copy(source, 0, to, targetByteOffset, source.byteSize());
  }

  @Override
  public synchronized void copyOut(Buffer source, long sourceByteOffset, MemorySegment target) {
    MemorySegment from = memory.segment(source, "copyOut");
    checkRange("copyOut", sourceByteOffset, target.byteSize(), from.byteSize());
    MemorySegment.copy(from, sourceByteOffset, target, 0, target.byteSize());
  }

  private static void checkRange(String op, long offset, long bytes, long size) {
    if (offset < 0 || offset > size - bytes) {
      throw new DeviceException(
          op + ": " + bytes + " bytes from byte " + offset + " leave a buffer of " + size
              + " bytes; copy within the buffer");
    }
  }

  @Override
  public Executable compile(int device, KernelSpec kernel) {
    Support support = supports(device, kernel);
    if (!support.supported()) {
      throw new UnsupportedKernelException(
          kernel.name() + ": cannot run on reference: " + support.reason() + "; ask supports() first");
    }
    Runner runner =
        switch (kernel) {
          case LoopKernel k -> new LoopRunner(k);
          case MatMulKernel k -> new MatMulRunner(k);
          case ConvolutionKernel k -> new ConvolutionRunner(k);
          case ScatterKernel k -> new ScatterRunner(k);
          case ScanKernel k -> new ScanRunner(k);
          case SortKernel k -> new SortRunner(k);
          case CustomKernel k -> new CustomRunner(k, (CustomBody.Host) k.body());
        };
    return new Ready(kernel, this, runner, runner.accesses());
  }

  @Override
  public synchronized void launch(Executable executable, List<Buffer> buffers) {
    if (!(executable instanceof Ready ready) || ready.owner != this) {
      throw new DeviceException(
          executable.kernel().name() + ": was compiled by another backend; compile it on this one");
    }
    String op = ready.kernel.name();
    int inputs = ready.kernel.inputs().size();
    int slots = inputs + ready.kernel.outputs().size();
    if (buffers.size() != slots) {
      throw new DeviceException(
          op + ": " + buffers.size() + " buffers for " + slots + " slots; pass the inputs, then the outputs");
    }
    List<MemorySegment> memories = new ArrayList<>(slots);
    for (Buffer b : buffers) {
      memories.add(memory.segment(b, op));
    }
    for (Runner.Access a : ready.accesses) {
      checkAccess(op, a, inputs, memories.get(a.slot()).byteSize());
    }
    checkOverlap(op, inputs, memories);
    ready.runner.run(memories.subList(0, inputs), memories.subList(inputs, slots));
  }

  private static void checkAccess(String op, Runner.Access a, int inputs, long bytes) {
    long holds = bytes / a.storage().byteSize();
    if (a.first() <= a.last() && (a.first() < 0 || a.last() >= holds)) {
      String slot = a.slot() < inputs ? "input " + a.slot() : "output " + (a.slot() - inputs);
      throw new DeviceException(
          op + ": " + slot + " is addressed from " + a.storage() + " element " + a.first() + " to " + a.last()
              + ", but its buffer holds " + holds + "; pass a larger buffer or correct the addresses");
    }
  }

  private static void checkOverlap(String op, int inputs, List<MemorySegment> memories) {
    for (int o = inputs; o < memories.size(); o++) {
      for (int i = 0; i < inputs; i++) {
        if (memories.get(i).asOverlappingSlice(memories.get(o)).isPresent()) {
          throw new DeviceException(
              op + ": output " + (o - inputs) + " and input " + i + " are one buffer; write to another");
        }
      }
    }
  }

  @Override
  public synchronized void synchronize(int device) {
    checkDevice(device, "synchronize");
    memory.checkOpen();
  }

  @Override
  public synchronized MemoryStats memory(int device) {
    checkDevice(device, "memory");
    return memory.stats();
  }

  @Override
  public synchronized void close() {
    memory.close();
  }

  private static void checkDevice(int device, String op) {
    if (device != 0) {
      throw new DeviceException(op + ": no device " + device + "; the reference backend has device 0 alone");
    }
  }
}
