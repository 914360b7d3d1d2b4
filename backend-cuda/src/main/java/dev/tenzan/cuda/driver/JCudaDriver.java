package dev.tenzan.cuda.driver;

import static jcuda.driver.CUdevice_attribute.CU_DEVICE_ATTRIBUTE_CLOCK_RATE;
import static jcuda.driver.CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR;
import static jcuda.driver.CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR;
import static jcuda.driver.CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK;
import static jcuda.driver.CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK;
import static jcuda.driver.CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT;
import static jcuda.driver.JCudaDriver.cuCtxEnablePeerAccess;
import static jcuda.driver.JCudaDriver.cuDeviceCanAccessPeer;
import static jcuda.driver.JCudaDriver.cuDeviceGet;
import static jcuda.driver.JCudaDriver.cuDeviceGetAttribute;
import static jcuda.driver.JCudaDriver.cuDeviceGetCount;
import static jcuda.driver.JCudaDriver.cuDeviceGetName;
import static jcuda.driver.JCudaDriver.cuDevicePrimaryCtxRelease;
import static jcuda.driver.JCudaDriver.cuDevicePrimaryCtxRetain;
import static jcuda.driver.JCudaDriver.cuDeviceTotalMem;
import static jcuda.driver.JCudaDriver.cuDriverGetVersion;
import static jcuda.driver.JCudaDriver.cuEventCreate;
import static jcuda.driver.JCudaDriver.cuEventDestroy;
import static jcuda.driver.JCudaDriver.cuFuncGetAttribute;
import static jcuda.driver.JCudaDriver.cuFuncSetAttribute;
import static jcuda.driver.JCudaDriver.cuInit;
import static jcuda.driver.JCudaDriver.cuMemAlloc;
import static jcuda.driver.JCudaDriver.cuMemAllocHost;
import static jcuda.driver.JCudaDriver.cuMemFree;
import static jcuda.driver.JCudaDriver.cuMemFreeHost;
import static jcuda.driver.JCudaDriver.cuMemGetInfo;
import static jcuda.driver.JCudaDriver.cuMemcpyPeerAsync;
import static jcuda.driver.JCudaDriver.cuModuleGetFunction;
import static jcuda.driver.JCudaDriver.cuModuleLoadDataEx;
import static jcuda.driver.JCudaDriver.cuModuleUnload;
import static jcuda.driver.JCudaDriver.cuStreamCreate;
import static jcuda.driver.JCudaDriver.cuStreamDestroy;
import static jcuda.driver.JCudaDriver.setExceptionsEnabled;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import jcuda.Pointer;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUevent;
import jcuda.driver.CUevent_flags;
import jcuda.driver.CUfunction;
import jcuda.driver.CUfunction_attribute;
import jcuda.driver.CUjit_option;
import jcuda.driver.CUmodule;
import jcuda.driver.CUstream;
import jcuda.driver.CUstream_flags;

/**
 * NVIDIA's driver, through JCuda, and past it for the calls of every operation ({@link DriverCalls}). Natives get memory outside the heap
 * only: JCuda pins arrays, which keeps the garbage collector from moving them while a call runs.
 *
 * <p>Making one loads the native libraries; where there is no driver, or no native access, the JVM throws an {@link UnsatisfiedLinkError}.
 */
public final class JCudaDriver implements CudaDriver {
  private static final System.Logger LOG = System.getLogger("dev.tenzan.cuda");
  private static final int LOG_BYTES = 16 << 10;

  /** The most parameters of a kernel, of 8 bytes each. */
  private static final int PARAMETERS = 512;

  private static final ThreadLocal<Parameters> ARGUMENTS = ThreadLocal.withInitial(Parameters::new);

  /** The driver wants back the very objects that it gave. */
  private final Map<Long, CUdeviceptr> allocated = new ConcurrentHashMap<>();

  /** Loads the driver's library. */
  public JCudaDriver() {
    JCudaFiles.provide("JCudaDriver");
    setExceptionsEnabled(false);
    DriverCalls.link();
  }

  private record CudaContext(CUdevice device, NativeContext id) implements Context {}

  private record CudaStream(CudaContext context, NativeStream id) implements Stream {}

  private record CudaEvent(CudaContext context, NativeEvent id) implements Event {}

  private record CudaModule(CudaContext context, CUmodule id) implements Module {}

  private record CudaFunction(CudaContext context, NativeFunction id) implements Function {}

  private record CudaGraph(CudaContext context, long executable) implements Graph {}

  private record CudaHostMemory(Pointer pointer, MemorySegment segment) implements HostMemory {}

  /** A device address, which JCuda keeps as a base and an offset. */
  private static final class Address extends CUdeviceptr {
    Address(long address) {
      super(new CUdeviceptr(), address);
    }
  }

  /** A device address that the driver gave. */
  private static final class Allocated extends CUdeviceptr {
    long address() {
      return getNativePointer() + getByteOffset();
    }
  }

  /** A context that tells its handle. */
  private static final class NativeContext extends CUcontext {
    long handle() {
      return getNativePointer();
    }
  }

  /** A stream that tells its handle. */
  private static final class NativeStream extends CUstream {
    long handle() {
      return getNativePointer();
    }
  }

  /** An event that tells its handle. */
  private static final class NativeEvent extends CUevent {
    long handle() {
      return getNativePointer();
    }
  }

  /** A function that tells its handle. */
  private static final class NativeFunction extends CUfunction {
    long handle() {
      return getNativePointer();
    }
  }

  /** The arguments of the launches of one thread: the driver copies them during the call. */
  private static final class Parameters {
    private final MemorySegment values = Arena.ofAuto().allocate(ValueLayout.JAVA_LONG, PARAMETERS);
    private final MemorySegment pointers = Arena.ofAuto().allocate(ValueLayout.ADDRESS, PARAMETERS);
    private final MemorySegment behindMaps = Arena.ofAuto().allocate(ValueLayout.ADDRESS, PARAMETERS);

    Parameters() {
      for (int i = 0; i < PARAMETERS; i++) {
        pointers.setAtIndex(ValueLayout.ADDRESS, i, values.asSlice(8L * i));
      }
    }

    MemorySegment of(long[] arguments) {
      MemorySegment.copy(arguments, 0, values, ValueLayout.JAVA_LONG, 0, arguments.length);
      return pointers;
    }

    /** The maps stay where they are. */
    MemorySegment of(MemorySegment maps, long[] arguments) {
      int count = (int) (maps.byteSize() / TensorMap.BYTES);
      for (int i = 0; i < count; i++) {
        behindMaps.setAtIndex(ValueLayout.ADDRESS, i, maps.asSlice((long) i * TensorMap.BYTES));
      }
      for (int i = 0; i < arguments.length; i++) {
        behindMaps.setAtIndex(ValueLayout.ADDRESS, count + i, values.asSlice(8L * i));
      }
      MemorySegment.copy(arguments, 0, values, ValueLayout.JAVA_LONG, 0, arguments.length);
      return behindMaps;
    }
  }

  private static void check(String call, int code) {
    if (code != ErrorCodes.SUCCESS) {
      throw new DriverError(call, code, "");
    }
  }

  private static void released(String call, int code) {
    if (code != ErrorCodes.SUCCESS) {
      LOG.log(System.Logger.Level.DEBUG, "{0} failed with {1}", call, ErrorCodes.name(code));
    }
  }

  /** Contexts are a state of the thread. */
  private static CudaContext enter(Context context) {
    CudaContext c = (CudaContext) context;
    check("cuCtxSetCurrent", DriverCalls.setCurrent(c.id.handle()));
    return c;
  }

  private static NativeStream enter(Stream stream) {
    CudaStream s = (CudaStream) stream;
    enter(s.context);
    return s.id;
  }

  @Override
  public int start() {
    check("cuInit", cuInit(0));
    int[] version = new int[1];
    check("cuDriverGetVersion", cuDriverGetVersion(version));
    return version[0];
  }

  @Override
  public int deviceCount() {
    int[] count = new int[1];
    int code = cuDeviceGetCount(count);
    if (code == ErrorCodes.NO_DEVICE) {
      return 0;
    }
    check("cuDeviceGetCount", code);
    return count[0];
  }

  private static CUdevice device(int index) {
    CUdevice device = new CUdevice();
    check("cuDeviceGet", cuDeviceGet(device, index));
    return device;
  }

  private static int attribute(CUdevice device, int attribute) {
    int[] value = new int[1];
    check("cuDeviceGetAttribute", cuDeviceGetAttribute(value, attribute, device));
    return value[0];
  }

  @Override
  public DeviceFacts facts(int index) {
    CUdevice device = device(index);
    byte[] name = new byte[256];
    check("cuDeviceGetName", cuDeviceGetName(name, name.length, device));
    int length = 0;
    while (length < name.length && name[length] != 0) {
      length++;
    }
    long[] bytes = new long[1];
    check("cuDeviceTotalMem", cuDeviceTotalMem(bytes, device));
    return new DeviceFacts(
        new String(name, 0, length, StandardCharsets.UTF_8).strip(),
        attribute(device, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR),
        attribute(device, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR),
        attribute(device, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT),
        bytes[0],
        attribute(device, CU_DEVICE_ATTRIBUTE_CLOCK_RATE),
        attribute(device, CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK),
        attribute(device, CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK),
        false);
  }

  @Override
  public Context retain(int index) {
    CUdevice device = device(index);
    NativeContext context = new NativeContext();
    check("cuDevicePrimaryCtxRetain", cuDevicePrimaryCtxRetain(context, device));
    return new CudaContext(device, context);
  }

  @Override
  public void release(Context context) {
    released("cuDevicePrimaryCtxRelease", cuDevicePrimaryCtxRelease(((CudaContext) context).device));
  }

  @Override
  public Stream createStream(Context context) {
    CudaContext c = enter(context);
    NativeStream stream = new NativeStream();
    check("cuStreamCreate", cuStreamCreate(stream, CUstream_flags.CU_STREAM_NON_BLOCKING));
    return new CudaStream(c, stream);
  }

  @Override
  public long handle(Stream stream) {
    return enter(stream).handle();
  }

  @Override
  public void synchronize(Stream stream) {
    check("cuStreamSynchronize", DriverCalls.synchronizeStream(enter(stream).handle()));
  }

  @Override
  public void release(Stream stream) {
    released("cuStreamDestroy", cuStreamDestroy(((CudaStream) stream).id));
  }

  @Override
  public Event createEvent(Context context) {
    CudaContext c = enter(context);
    NativeEvent event = new NativeEvent();
    check("cuEventCreate", cuEventCreate(event, CUevent_flags.CU_EVENT_DISABLE_TIMING));
    return new CudaEvent(c, event);
  }

  @Override
  public void record(Event event, Stream stream) {
    check("cuEventRecord", DriverCalls.record(((CudaEvent) event).id.handle(), enter(stream).handle()));
  }

  @Override
  public void await(Stream stream, Event event) {
    check("cuStreamWaitEvent", DriverCalls.await(enter(stream).handle(), ((CudaEvent) event).id.handle()));
  }

  @Override
  public void synchronize(Event event) {
    CudaEvent e = (CudaEvent) event;
    enter(e.context);
    check("cuEventSynchronize", DriverCalls.synchronizeEvent(e.id.handle()));
  }

  @Override
  public void release(Event event) {
    released("cuEventDestroy", cuEventDestroy(((CudaEvent) event).id));
  }

  @Override
  public long allocate(Context context, long bytes) {
    enter(context);
    Allocated block = new Allocated();
    check("cuMemAlloc", cuMemAlloc(block, bytes));
    allocated.put(block.address(), block);
    return block.address();
  }

  @Override
  public void free(Context context, long address) {
    CUdeviceptr block = allocated.remove(address);
    if (block == null) {
      throw new IllegalArgumentException("free: no block begins at " + address);
    }
    int code = DriverCalls.setCurrent(((CudaContext) context).id.handle());
    released("cuMemFree", code == ErrorCodes.SUCCESS ? cuMemFree(block) : code);
  }

  @Override
  public MemoryInfo memory(Context context) {
    enter(context);
    long[] free = new long[1];
    long[] total = new long[1];
    check("cuMemGetInfo", cuMemGetInfo(free, total));
    return new MemoryInfo(free[0], total[0]);
  }

  @Override
  public HostMemory allocateHost(Context context, long bytes) {
    enter(context);
    Pointer pointer = new Pointer();
    check("cuMemAllocHost", cuMemAllocHost(pointer, bytes));
    return new CudaHostMemory(pointer, MemorySegment.ofBuffer(pointer.getByteBuffer(0, bytes)));
  }

  @Override
  public void free(Context context, HostMemory memory) {
    int code = DriverCalls.setCurrent(((CudaContext) context).id.handle());
    released("cuMemFreeHost", code == ErrorCodes.SUCCESS ? cuMemFreeHost(((CudaHostMemory) memory).pointer) : code);
  }

  @Override
  public void copyIn(Stream stream, MemorySegment source, long target) {
    check("cuMemcpyHtoDAsync", DriverCalls.copyIn(target, source, enter(stream).handle()));
  }

  @Override
  public void copyOut(Stream stream, long source, MemorySegment target) {
    check("cuMemcpyDtoHAsync", DriverCalls.copyOut(target, source, enter(stream).handle()));
  }

  @Override
  public void copy(Stream stream, long source, long target, long bytes) {
    check("cuMemcpyDtoDAsync", DriverCalls.copy(target, source, bytes, enter(stream).handle()));
  }

  @Override
  public boolean canAccessPeer(int device, int peer) {
    int[] can = new int[1];
    check("cuDeviceCanAccessPeer", cuDeviceCanAccessPeer(can, device(device), device(peer)));
    return can[0] != 0;
  }

  @Override
  public void enablePeerAccess(Context context, Context peer) {
    enter(context);
    int code = cuCtxEnablePeerAccess(((CudaContext) peer).id, 0);
    if (code != ErrorCodes.PEER_ACCESS_ALREADY_ENABLED) {
      check("cuCtxEnablePeerAccess", code);
    }
  }

  @Override
  public void copyPeer(Stream stream, Context from, long source, Context to, long target, long bytes) {
    CUstream s = enter(stream);
    CUcontext sourceContext = ((CudaContext) from).id;
    CUcontext targetContext = ((CudaContext) to).id;
    check(
        "cuMemcpyPeerAsync",
        cuMemcpyPeerAsync(new Address(target), targetContext, new Address(source), sourceContext, bytes, s));
  }

  @Override
  public Module load(Context context, byte[] image) {
    CudaContext c = enter(context);
    CUmodule module = new CUmodule();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment text = arena.allocate(image.length + 1L); // PTX ends with a zero, which the arena wrote
      MemorySegment.copy(image, 0, text, ValueLayout.JAVA_BYTE, 0, image.length);
      MemorySegment log = arena.allocate(LOG_BYTES);
      MemorySegment values = arena.allocateFrom(ValueLayout.JAVA_LONG, log.address(), LOG_BYTES);
      int[] options = {CUjit_option.CU_JIT_ERROR_LOG_BUFFER, CUjit_option.CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES};
      int code =
          cuModuleLoadDataEx(
              module, Pointer.to(text.asByteBuffer()), options.length, options, Pointer.to(values.asByteBuffer()));
      if (code != ErrorCodes.SUCCESS) {
        throw new DriverError("cuModuleLoadDataEx", code, log.getString(0).strip());
      }
    }
    return new CudaModule(c, module);
  }

  @Override
  public void unload(Module module) {
    CudaModule m = (CudaModule) module;
    int code = DriverCalls.setCurrent(m.context.id.handle());
    released("cuModuleUnload", code == ErrorCodes.SUCCESS ? cuModuleUnload(m.id) : code);
  }

  @Override
  public Function function(Module module, String name) {
    CudaModule m = (CudaModule) module;
    enter(m.context);
    NativeFunction function = new NativeFunction();
    int code = cuModuleGetFunction(function, m.id, name);
    if (code != ErrorCodes.SUCCESS) {
      throw new DriverError("cuModuleGetFunction", code, "the kernel " + name);
    }
    return new CudaFunction(m.context, function);
  }

  private static int attribute(CUfunction function, int attribute) {
    int[] value = new int[1];
    check("cuFuncGetAttribute", cuFuncGetAttribute(value, attribute, function));
    return value[0];
  }

  @Override
  public FunctionFacts facts(Function function) {
    CudaFunction f = (CudaFunction) function;
    enter(f.context);
    return new FunctionFacts(
        attribute(f.id, CUfunction_attribute.CU_FUNC_ATTRIBUTE_NUM_REGS),
        attribute(f.id, CUfunction_attribute.CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES),
        attribute(f.id, CUfunction_attribute.CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES),
        attribute(f.id, CUfunction_attribute.CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK));
  }

  @Override
  public void allowShared(Function function, int bytes) {
    CudaFunction f = (CudaFunction) function;
    enter(f.context);
    check(
        "cuFuncSetAttribute",
        cuFuncSetAttribute(f.id, CUfunction_attribute.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, bytes));
  }

  @Override
  public void launch(Stream stream, Function function, int grid, int block, int sharedBytes, long[] arguments) {
    long f = ((CudaFunction) function).id.handle();
    MemorySegment parameters = ARGUMENTS.get().of(arguments);
    long s = enter(stream).handle();
    check("cuLaunchKernel", DriverCalls.launch(f, grid, block, sharedBytes, s, parameters));
  }

  @Override
  public boolean hasTensorMaps() {
    return DriverCalls.hasTensorMaps();
  }

  @Override
  public void encode(Context context, TensorMap map, long address, MemorySegment to) {
    enter(context);
    int rank = map.dims().size();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment dims = arena.allocateFrom(ValueLayout.JAVA_LONG, map.dims().stream().mapToLong(Long::longValue).toArray());
      MemorySegment strides = arena.allocateFrom(ValueLayout.JAVA_LONG, map.strides().stream().mapToLong(Long::longValue).toArray());
      MemorySegment box = arena.allocateFrom(ValueLayout.JAVA_INT, map.box().stream().mapToInt(Integer::intValue).toArray());
      MemorySegment steps = arena.allocate(ValueLayout.JAVA_INT, rank);
      for (int d = 0; d < rank; d++) {
        steps.setAtIndex(ValueLayout.JAVA_INT, d, 1);
      }
      int code = DriverCalls.encodeTensorMap(to, map.type(), rank, address, dims, strides, box, steps);
      if (code != ErrorCodes.SUCCESS) {
        throw new DriverError("cuTensorMapEncodeTiled", code, map + " at 0x" + Long.toHexString(address));
      }
    }
  }

  @Override
  public void launch(
      Stream stream, Function function, int grid, int block, int sharedBytes, MemorySegment maps, long[] arguments) {
    long f = ((CudaFunction) function).id.handle();
    MemorySegment parameters = ARGUMENTS.get().of(maps, arguments);
    long s = enter(stream).handle();
    check("cuLaunchKernel", DriverCalls.launch(f, grid, block, sharedBytes, s, parameters));
  }

  @Override
  public void beginCapture(Stream stream) {
    check("cuStreamBeginCapture", DriverCalls.beginCapture(enter(stream).handle()));
  }

  @Override
  public Graph endCapture(Stream stream) {
    long s = enter(stream).handle();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment handle = arena.allocate(ValueLayout.JAVA_LONG);
      check("cuStreamEndCapture", DriverCalls.endCapture(s, handle));
      long graph = handle.get(ValueLayout.JAVA_LONG, 0);
      int code = DriverCalls.instantiate(handle, graph);
      released("cuGraphDestroy", DriverCalls.destroyGraph(graph));
      check("cuGraphInstantiate", code);
      return new CudaGraph(((CudaStream) stream).context, handle.get(ValueLayout.JAVA_LONG, 0));
    }
  }

  @Override
  public void launch(Stream stream, Graph graph) {
    check("cuGraphLaunch", DriverCalls.launchGraph(((CudaGraph) graph).executable, enter(stream).handle()));
  }

  @Override
  public void release(Graph graph) {
    CudaGraph g = (CudaGraph) graph;
    int code = DriverCalls.setCurrent(g.context.id.handle());
    released("cuGraphExecDestroy", code == ErrorCodes.SUCCESS ? DriverCalls.destroyExecutable(g.executable) : code);
  }
}
