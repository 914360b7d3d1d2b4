package dev.tenzan.opencl.driver;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * One device that runs nothing: every program builds, every kernel does nothing, and memory is zeros. It serves to find out which
 * kernels a program asks for where the device is not at hand; results mean nothing.
 */
public final class DryDriver implements OpenClDriver {
  /** The device's name. */
  public static final String NAME = "dry run (results mean nothing)";

  private static final long MEMORY = 4L << 30;

  /** The least that OpenCL 1.2 promises. */
  private static final long ARGUMENT_BYTES = 1024;

  private static final long EXACT =
      DeviceFacts.DENORM | DeviceFacts.INF_NAN | DeviceFacts.ROUND_TO_NEAREST | DeviceFacts.FMA | DeviceFacts.CORRECT_DIVIDE_SQRT;

  private record Thing() implements Platform, DeviceId, Context, Queue, Program, Kernel, Event {}

  private record Block(MemorySegment bytes) implements Memory {}

  private static MemorySegment bytes(Memory m) {
    return ((Block) m).bytes;
  }

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
    return new DeviceFacts(
        "Tenzan", NAME, "Tenzan", "OpenCL 1.2", "1", 8, 1, MEMORY, MEMORY, 1 << 15, 1, 4, EXACT, EXACT, ARGUMENT_BYTES, false, true);
  }

  /** There is none: what looks for the device elsewhere does not find it. */
  @Override
  public long handle(DeviceId device) {
    return 0;
  }

  @Override
  public Context createContext(Platform platform, DeviceId device) {
    return new Thing();
  }

  @Override
  public Queue createQueue(Context context, DeviceId device, boolean profiling) {
    return new Thing();
  }

  @Override
  public Memory createBuffer(Context context, long bytes) {
    return new Block(Arena.ofAuto().allocate(bytes, 64));
  }

  @Override
  public Program buildSource(Context context, DeviceId device, String source, String options) {
    return new Thing();
  }

  @Override
  public Program buildBinary(Context context, DeviceId device, byte[] binary, String options) {
    return new Thing();
  }

  @Override
  public byte[] binary(Program program) {
    throw new UnsupportedOperationException("a dry run has no binaries");
  }

  @Override
  public Kernel createKernel(Program program, String name) {
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
    return new Thing();
  }

  @Override
  public long nanos(Event event) {
    return 0;
  }

  @Override
  public void release(Event event) {}

  @Override
  public void write(Queue queue, Memory target, long offset, MemorySegment source) {
    MemorySegment.copy(source, 0, bytes(target), offset, source.byteSize());
  }

  @Override
  public void read(Queue queue, Memory source, long offset, MemorySegment target) {
    MemorySegment.copy(bytes(source), offset, target, 0, target.byteSize());
  }

  @Override
  public void copy(Queue queue, Memory source, Memory target, long bytes) {
    MemorySegment.copy(bytes(source), 0, bytes(target), 0, bytes);
  }

  @Override
  public MemorySegment map(Queue queue, Memory memory, long offset, long bytes, boolean write) {
    return bytes(memory).asSlice(offset, bytes);
  }

  @Override
  public void unmap(Queue queue, Memory memory, MemorySegment mapped) {}

  @Override
  public void flush(Queue queue) {}

  @Override
  public void finish(Queue queue) {}

  @Override
  public void release(Memory memory) {}

  @Override
  public void retain(Program program) {}

  @Override
  public void release(Program program) {}

  @Override
  public void release(Kernel kernel) {}

  @Override
  public void release(Queue queue) {}

  @Override
  public void release(Context context) {}
}
