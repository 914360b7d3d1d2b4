package dev.tenzan.cuda;

import dev.tenzan.cuda.driver.CudaDriver;
import dev.tenzan.cuda.driver.DeviceFacts;
import dev.tenzan.cuda.driver.DriverError;
import dev.tenzan.cuda.driver.ErrorCodes;
import dev.tenzan.cuda.driver.TensorMap;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** A driver without a device: memory is the host's, modules always load, kernels do nothing. */
final class FakeDriver implements CudaDriver {
  static final long MEMORY = 64 << 20;

  /** What the devices say of themselves. */
  List<DeviceFacts> devices = List.of(facts("fake device", 7, 5, true));

  int version = 12_060;
  int created;
  int released;

  /** Whether what was loaded is PTX, for each module. */
  final List<Boolean> loadedText = new ArrayList<>();

  boolean tensorMaps;
  long streamHandle;

  /** The arguments of each launch. */
  final List<long[]> launched = new ArrayList<>();

  /** The tensor maps that were asked for, and the maps of each launch. */
  final List<String> encoded = new ArrayList<>();

  final List<byte[]> mapped = new ArrayList<>();

  private final TreeMap<Long, MemorySegment> memory = new TreeMap<>();
  private final Map<Long, Arena> arenas = new HashMap<>();
  private long allocated;

  private record Thing() implements Context, Stream, Event, Module, Function, Graph {}

  private record Host(MemorySegment segment) implements HostMemory {}

  /** Simulated devices take PTX as it is, which saves tests the time of the assembler. */
  static DeviceFacts facts(String name, int major, int minor, boolean simulated) {
    return new DeviceFacts(name, major, minor, 4, MEMORY, 1_000_000, 48 << 10, 1024, simulated);
  }

  private Thing create() {
    created++;
    return new Thing();
  }

  @Override
  public int start() {
    return version;
  }

  @Override
  public int deviceCount() {
    return devices.size();
  }

  @Override
  public DeviceFacts facts(int device) {
    return devices.get(device);
  }

  @Override
  public Context retain(int device) {
    return create();
  }

  @Override
  public void release(Context context) {
    released++;
  }

  @Override
  public Stream createStream(Context context) {
    return create();
  }

  @Override
  public long handle(Stream stream) {
    return streamHandle;
  }

  @Override
  public void synchronize(Stream stream) {}

  @Override
  public void release(Stream stream) {
    released++;
  }

  @Override
  public Event createEvent(Context context) {
    return create();
  }

  @Override
  public void record(Event event, Stream stream) {}

  @Override
  public void await(Stream stream, Event event) {}

  @Override
  public void synchronize(Event event) {}

  @Override
  public void release(Event event) {
    released++;
  }

  @Override
  public long allocate(Context context, long bytes) {
    if (allocated + bytes > MEMORY) {
      throw new DriverError("cuMemAlloc", ErrorCodes.OUT_OF_MEMORY, "");
    }
    created++;
    allocated += bytes;
    Arena arena = Arena.ofShared();
    MemorySegment block = arena.allocate(bytes, 256);
    memory.put(block.address(), block);
    arenas.put(block.address(), arena);
    return block.address();
  }

  @Override
  public void free(Context context, long address) {
    released++;
    allocated -= memory.remove(address).byteSize();
    arenas.remove(address).close();
  }

  @Override
  public MemoryInfo memory(Context context) {
    return new MemoryInfo(MEMORY - allocated, MEMORY);
  }

  @Override
  public HostMemory allocateHost(Context context, long bytes) {
    created++;
    return new Host(Arena.ofAuto().allocate(bytes, 64));
  }

  @Override
  public void free(Context context, HostMemory hostMemory) {
    released++;
  }

  private MemorySegment at(long address, long bytes) {
    Map.Entry<Long, MemorySegment> e = memory.floorEntry(address);
    return e.getValue().asSlice(address - e.getKey(), bytes);
  }

  @Override
  public void copyIn(Stream stream, MemorySegment source, long target) {
    at(target, source.byteSize()).copyFrom(source);
  }

  @Override
  public void copyOut(Stream stream, long source, MemorySegment target) {
    target.copyFrom(at(source, target.byteSize()));
  }

  @Override
  public void copy(Stream stream, long source, long target, long bytes) {
    at(target, bytes).copyFrom(at(source, bytes));
  }

  @Override
  public boolean canAccessPeer(int device, int peer) {
    return false;
  }

  @Override
  public void enablePeerAccess(Context context, Context peer) {}

  @Override
  public void copyPeer(Stream stream, Context from, long source, Context to, long target, long bytes) {
    copy(stream, source, target, bytes);
  }

  @Override
  public Module load(Context context, byte[] image) {
    loadedText.add(new String(image, StandardCharsets.ISO_8859_1).contains(".version"));
    return create();
  }

  @Override
  public void unload(Module module) {
    released++;
  }

  @Override
  public Function function(Module module, String name) {
    return new Thing();
  }

  @Override
  public void allowShared(Function function, int bytes) {}

  @Override
  public FunctionFacts facts(Function function) {
    return new FunctionFacts(1, 0, 0, 1024);
  }

  @Override
  public void launch(Stream stream, Function function, int grid, int block, int sharedBytes, long[] arguments) {
    launched.add(arguments.clone());
  }

  @Override
  public boolean hasTensorMaps() {
    return tensorMaps;
  }

  @Override
  public void encode(Context context, TensorMap map, long address, MemorySegment to) {
    encoded.add(map + " at " + address);
    to.fill((byte) encoded.size());
  }

  @Override
  public void launch(
      Stream stream, Function function, int grid, int block, int sharedBytes, MemorySegment maps, long[] arguments) {
    mapped.add(maps.toArray(ValueLayout.JAVA_BYTE));
  }

  @Override
  public void beginCapture(Stream stream) {}

  @Override
  public Graph endCapture(Stream stream) {
    return create();
  }

  @Override
  public void launch(Stream stream, Graph graph) {}

  @Override
  public void release(Graph graph) {
    released++;
  }
}
