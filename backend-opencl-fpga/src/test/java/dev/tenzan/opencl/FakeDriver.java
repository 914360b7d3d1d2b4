package dev.tenzan.opencl;

import dev.tenzan.opencl.driver.DeviceFacts;
import dev.tenzan.opencl.driver.DriverError;
import dev.tenzan.opencl.driver.ErrorCodes;
import dev.tenzan.opencl.driver.OpenClDriver;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** A driver without a device: buffers are host memory, programs always build, kernels do nothing. */
final class FakeDriver implements OpenClDriver {
  private static final byte[] BINARY = "a fake binary".getBytes(StandardCharsets.UTF_8);

  private final boolean sharesMemory;
  private final long memoryBytes;
  int built;
  /** The names of the kernels that were asked for. */
  final List<String> entries = new ArrayList<>();

  int loaded;
  int released;
  int created;

  FakeDriver(boolean sharesMemory, long memoryBytes) {
    this.sharesMemory = sharesMemory;
    this.memoryBytes = memoryBytes;
  }

  private record Thing() implements Platform, DeviceId, Context, Queue, Program, Kernel, Event {}

  private record Block(MemorySegment bytes) implements Memory {}

  @Override
  public List<Platform> platforms() {
    return List.of(new Thing());
  }

  @Override
  public List<DeviceId> devices(Platform platform) {
    return List.of(new Thing());
  }

  @Override
  public DeviceFacts facts(Platform platform, DeviceId device) {
    return facts(sharesMemory, memoryBytes, -1, -1);
  }

  static DeviceFacts facts(boolean sharesMemory, long memoryBytes, long floatBits, long doubleBits) {
    return new DeviceFacts(
        "Fake", "fake device", "nobody", "OpenCL 1.2", "1", 2, 2, memoryBytes, memoryBytes / 2, 1 << 15, 256, 8, floatBits,
        doubleBits, 1024, sharesMemory, true);
  }

  @Override
  public long handle(DeviceId device) {
    return 1;
  }

  @Override
  public Context createContext(Platform platform, DeviceId device) {
    created++;
    return new Thing();
  }

  @Override
  public Queue createQueue(Context context, DeviceId device, boolean profiling) {
    created++;
    return new Thing();
  }

  @Override
  public Memory createBuffer(Context context, long bytes) {
    created++;
    return new Block(Arena.ofAuto().allocate(bytes, 64));
  }

  @Override
  public Program buildSource(Context context, DeviceId device, String source, String options) {
    created++;
    built++;
    return new Thing();
  }

  @Override
  public Program buildBinary(Context context, DeviceId device, byte[] binary, String options) {
    if (!java.util.Arrays.equals(binary, BINARY)) {
      throw new DriverError("clCreateProgramWithBinary", ErrorCodes.INVALID_BINARY, "");
    }
    created++;
    loaded++;
    return new Thing();
  }

  @Override
  public byte[] binary(Program program) {
    return BINARY.clone();
  }

  @Override
  public Kernel createKernel(Program program, String name) {
    created++;
    entries.add(name);
    return new Thing();
  }

  @Override
  public void setArgument(Kernel kernel, int index, Memory memory) {}

  @Override
  public void setArgument(Kernel kernel, int index, long value) {}

  @Override
  public void setArgument(Kernel kernel, int index, int value) {}

  @Override
  public void enqueue(Queue queue, Kernel kernel, long global, long local) {}

  @Override
  public Event enqueueTimed(Queue queue, Kernel kernel, long global, long local) {
    created++;
    return new Thing();
  }

  @Override
  public long nanos(Event event) {
    return 1000;
  }

  @Override
  public void release(Event event) {
    released++;
  }

  @Override
  public void write(Queue queue, Memory target, long offset, MemorySegment source) {
    MemorySegment.copy(source, 0, ((Block) target).bytes, offset, source.byteSize());
  }

  @Override
  public void read(Queue queue, Memory source, long offset, MemorySegment target) {
    MemorySegment.copy(((Block) source).bytes, offset, target, 0, target.byteSize());
  }

  @Override
  public void copy(Queue queue, Memory source, Memory target, long bytes) {
    MemorySegment.copy(((Block) source).bytes, 0, ((Block) target).bytes, 0, bytes);
  }

  @Override
  public MemorySegment map(Queue queue, Memory memory, long offset, long bytes, boolean write) {
    return ((Block) memory).bytes.asSlice(offset, bytes);
  }

  @Override
  public void unmap(Queue queue, Memory memory, MemorySegment mapped) {}

  @Override
  public void flush(Queue queue) {}

  @Override
  public void finish(Queue queue) {}

  @Override
  public void retain(Program program) {
    created++;
  }

  @Override
  public void release(Memory memory) {
    released++;
  }

  @Override
  public void release(Program program) {
    released++;
  }

  @Override
  public void release(Kernel kernel) {
    released++;
  }

  @Override
  public void release(Queue queue) {
    released++;
  }

  @Override
  public void release(Context context) {
    released++;
  }
}
