package dev.tenzan.cuda.driver;

import dev.tenzan.cuda.sim.PtxException;
import dev.tenzan.cuda.sim.PtxModule;
import dev.tenzan.cuda.sim.SimException;
import dev.tenzan.cuda.sim.SimMemory;
import dev.tenzan.cuda.sim.Simulator;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Devices that are simulated on the host: every call is done when it returns. They take PTX alone, and what would go wrong on hardware,
 * seen or unseen, is the failure of the launch.
 */
public final class SimulatedDriver implements CudaDriver {
  /** The memory of a device. */
  public static final long MEMORY = 2L << 30;

  /** Few, so that the loops of kernels over what is left of their work are walked with little work. */
  private static final int PROCESSORS = 2;

  private static final int VERSION = 12_060;
  private static final int MOST_SHARED = 163 << 10;

  /** The compute capability that is simulated where no other is asked for: the first with copies to shared memory and tensor cores of f64. */
  private static final int CAPABILITY = 80;

  private final Simulator simulator;
  private final int capability;
  private final List<Device> devices = new ArrayList<>();

  /** What is recorded of streams of which something is. */
  private final Map<Stream, List<Runnable>> recorded = new ConcurrentHashMap<>();

  private record Device(int index, SimMemory memory) implements Context {}

  private record SimStream(Device device) implements Stream {}

  private record SimEvent() implements Event {}

  private record SimModule(PtxModule ptx) implements Module {}

  private record SimFunction(PtxModule module, PtxModule.Kernel kernel) implements Function {}

  private record SimGraph(List<Runnable> launches) implements Graph {}

  private record SimHostMemory(MemorySegment segment) implements HostMemory {}

  /** A number of devices that use all of the host's processors. */
  public SimulatedDriver(int count) {
    this(count, CAPABILITY);
  }

  /** The same, which say that they have a compute capability: ten times it. */
  public SimulatedDriver(int count, int capability) {
    this(
        count, capability,
        new Simulator(Runtime.getRuntime().availableProcessors(), Simulator.Limits.DEFAULT.withSharedBytes(MOST_SHARED)));
  }

  /** A number of devices. */
  public SimulatedDriver(int count, Simulator simulator) {
    this(count, CAPABILITY, simulator);
  }

  private SimulatedDriver(int count, int capability, Simulator simulator) {
    this.simulator = simulator;
    this.capability = capability;
    for (int i = 0; i < count; i++) {
      devices.add(new Device(i, new SimMemory()));
    }
  }

  private static SimMemory memoryOf(Context context) {
    return ((Device) context).memory;
  }

  private static SimMemory memoryOf(Stream stream) {
    return ((SimStream) stream).device.memory;
  }

  @Override
  public int start() {
    return VERSION;
  }

  @Override
  public int deviceCount() {
    return devices.size();
  }

  private Device device(int index) {
    if (index < 0 || index >= devices.size()) {
      throw new DriverError("cuDeviceGet", ErrorCodes.INVALID_DEVICE, "");
    }
    return devices.get(index);
  }

  @Override
  public DeviceFacts facts(int device) {
    device(device);
    return new DeviceFacts(
        "PTX interpreter", capability / 10, capability % 10, PROCESSORS, MEMORY, 0, DeviceFacts.SHARED_BYTES, Simulator.MAX_BLOCK_THREADS, true);
  }

  @Override
  public Context retain(int device) {
    return device(device);
  }

  @Override
  public void release(Context context) {}

  @Override
  public Stream createStream(Context context) {
    return new SimStream((Device) context);
  }

  @Override
  public long handle(Stream stream) {
    return 0;
  }

  @Override
  public void synchronize(Stream stream) {}

  @Override
  public void release(Stream stream) {}

  @Override
  public Event createEvent(Context context) {
    return new SimEvent();
  }

  @Override
  public void record(Event event, Stream stream) {}

  @Override
  public void await(Stream stream, Event event) {}

  @Override
  public void synchronize(Event event) {}

  @Override
  public void release(Event event) {}

  @Override
  public long allocate(Context context, long bytes) {
    SimMemory memory = memoryOf(context);
    if (memory.allocatedBytes() + bytes > MEMORY) {
      throw new DriverError("cuMemAlloc", ErrorCodes.OUT_OF_MEMORY, "");
    }
    return memory.allocate(bytes);
  }

  @Override
  public void free(Context context, long address) {
    memoryOf(context).free(address);
  }

  @Override
  public MemoryInfo memory(Context context) {
    return new MemoryInfo(MEMORY - memoryOf(context).allocatedBytes(), MEMORY);
  }

  @Override
  public HostMemory allocateHost(Context context, long bytes) {
    return new SimHostMemory(Arena.ofAuto().allocate(bytes, 64));
  }

  @Override
  public void free(Context context, HostMemory memory) {}

  /** Nothing but launches is recorded here. */
  private void checkNotRecorded(Stream stream) {
    if (recorded.containsKey(stream)) {
      throw new DriverError("cuMemcpyAsync", ErrorCodes.ILLEGAL_STATE, "the stream is recorded");
    }
  }

  private static void copied(String call, Runnable copy) {
    try {
      copy.run();
    } catch (IndexOutOfBoundsException e) {
      throw new DriverError(call, ErrorCodes.INVALID_VALUE, String.valueOf(e.getMessage()));
    }
  }

  @Override
  public void copyIn(Stream stream, MemorySegment source, long target) {
    checkNotRecorded(stream);
    copied("cuMemcpyHtoDAsync", () -> memoryOf(stream).write(target, source));
  }

  @Override
  public void copyOut(Stream stream, long source, MemorySegment target) {
    checkNotRecorded(stream);
    copied("cuMemcpyDtoHAsync", () -> memoryOf(stream).read(source, target));
  }

  @Override
  public void copy(Stream stream, long source, long target, long bytes) {
    checkNotRecorded(stream);
    copied("cuMemcpyDtoDAsync", () -> memoryOf(stream).copy(source, target, bytes));
  }

  @Override
  public boolean canAccessPeer(int device, int peer) {
    return false; // memories of simulated devices share addresses
  }

  @Override
  public void enablePeerAccess(Context context, Context peer) {
    throw new DriverError("cuCtxEnablePeerAccess", ErrorCodes.PEER_ACCESS_UNSUPPORTED, "");
  }

  @Override
  public void copyPeer(Stream stream, Context from, long source, Context to, long target, long bytes) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment between = arena.allocate(bytes);
      copied("cuMemcpyPeerAsync", () -> memoryOf(from).read(source, between));
      copied("cuMemcpyPeerAsync", () -> memoryOf(to).write(target, between));
    }
  }

  @Override
  public Module load(Context context, byte[] image) {
    try {
      return new SimModule(PtxModule.parse(new String(image, StandardCharsets.US_ASCII)));
    } catch (PtxException e) {
      throw new DriverError("cuModuleLoadDataEx", ErrorCodes.INVALID_PTX, String.valueOf(e.getMessage()));
    }
  }

  @Override
  public void unload(Module module) {}

  @Override
  public Function function(Module module, String name) {
    PtxModule ptx = ((SimModule) module).ptx;
    for (PtxModule.Kernel k : ptx.kernels()) {
      if (k.name().equals(name)) {
        return new SimFunction(ptx, k);
      }
    }
    throw new DriverError("cuModuleGetFunction", ErrorCodes.NOT_FOUND, "the kernel " + name);
  }

  @Override
  public FunctionFacts facts(Function function) {
    PtxModule.Kernel k = ((SimFunction) function).kernel;
    int[] most = k.maximumThreads();
    int threads = most[0] == 0 ? Simulator.MAX_BLOCK_THREADS : most[0] * most[1] * most[2];
    return new FunctionFacts(k.registers().values().stream().mapToInt(Integer::intValue).sum(), k.sharedBytes(), 0, threads);
  }

  @Override
  public void allowShared(Function function, int bytes) {
    if (bytes > MOST_SHARED) {
      throw new DriverError("cuFuncSetAttribute", ErrorCodes.INVALID_VALUE, bytes + " bytes of shared memory");
    }
  }

  @Override
  public void launch(Stream stream, Function function, int grid, int block, int sharedBytes, long[] arguments) {
    SimFunction f = (SimFunction) function;
    List<PtxModule.Parameter> parameters = f.kernel.parameters();
    if (parameters.size() != arguments.length) {
      throw new DriverError(
          "cuLaunchKernel", ErrorCodes.INVALID_VALUE,
          f.kernel.name() + " takes " + parameters.size() + " arguments, not " + arguments.length);
    }
    MemorySegment values = MemorySegment.ofArray(new byte[f.kernel.parameterBytes()]);
    for (int i = 0; i < arguments.length; i++) {
      PtxModule.Parameter p = parameters.get(i);
      if (p.size() == Integer.BYTES) {
        values.set(ValueLayout.JAVA_INT_UNALIGNED, p.offset(), (int) arguments[i]);
      } else {
        values.set(ValueLayout.JAVA_LONG_UNALIGNED, p.offset(), arguments[i]);
      }
    }
    Runnable launch =
        () -> {
          try {
            simulator.launch(f.module, f.kernel.name(), grid, 1, 1, block, 1, 1, sharedBytes, values, memoryOf(stream));
          } catch (SimException e) {
            throw new DriverError("cuLaunchKernel", ErrorCodes.LAUNCH_FAILED, String.valueOf(e.getMessage()));
          }
        };
    List<Runnable> record = recorded.get(stream);
    if (record == null) {
      launch.run();
    } else {
      record.add(launch);
    }
  }

  @Override
  public boolean hasTensorMaps() {
    return false; // sm_80 has none
  }

  @Override
  public void encode(Context context, TensorMap map, long address, MemorySegment to) {
    throw new DriverError("cuTensorMapEncodeTiled", ErrorCodes.NOT_SUPPORTED, "");
  }

  @Override
  public void launch(
      Stream stream, Function function, int grid, int block, int sharedBytes, MemorySegment maps, long[] arguments) {
    throw new DriverError("cuLaunchKernel", ErrorCodes.NOT_SUPPORTED, "tensor maps");
  }

  @Override
  public void beginCapture(Stream stream) {
    if (recorded.putIfAbsent(stream, new ArrayList<>()) != null) {
      throw new DriverError("cuStreamBeginCapture", ErrorCodes.ILLEGAL_STATE, "the stream is recorded already");
    }
  }

  @Override
  public Graph endCapture(Stream stream) {
    List<Runnable> launches = recorded.remove(stream);
    if (launches == null) {
      throw new DriverError("cuStreamEndCapture", ErrorCodes.ILLEGAL_STATE, "the stream is not recorded");
    }
    return new SimGraph(launches);
  }

  @Override
  public void launch(Stream stream, Graph graph) {
    ((SimGraph) graph).launches.forEach(Runnable::run);
  }

  @Override
  public void release(Graph graph) {
    ((SimGraph) graph).launches.clear();
  }
}
