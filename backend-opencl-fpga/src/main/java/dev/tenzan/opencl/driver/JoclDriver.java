package dev.tenzan.opencl.driver;

import dev.tenzan.spi.NativeFile;
import java.lang.foreign.MemorySegment;
import java.nio.Buffer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jocl.CL;
import org.jocl.LibUtils;
import org.jocl.Pointer;
import org.jocl.Sizeof;
import org.jocl.cl_command_queue;
import org.jocl.cl_context;
import org.jocl.cl_context_properties;
import org.jocl.cl_device_id;
import org.jocl.cl_event;
import org.jocl.cl_kernel;
import org.jocl.cl_mem;
import org.jocl.cl_platform_id;
import org.jocl.cl_program;

/**
 * The OpenCL runtime of the machine, through JOCL. Natives get memory outside the heap only: JOCL pins arrays, which keeps the
 * garbage collector from moving them while a call runs.
 *
 * <p>Making one loads the native library; where there is none the JVM throws an {@link UnsatisfiedLinkError}.
 */
public final class JoclDriver implements OpenClDriver {
  /** A ByteBuffer ends below 2 GiB, so longer copies go in parts. */
  private static final long PART = 1L << 30;

  /** Deprecated by OpenCL 2.0, whose replacement OpenCL 1.2 does not have. */
  private static final int HOST_UNIFIED_MEMORY = 0x1035;

  private static final ThreadLocal<ByteBuffer> SCALAR =
      ThreadLocal.withInitial(() -> ByteBuffer.allocateDirect(8).order(ByteOrder.nativeOrder()));

  /** The native library of the JOCL on the class path, which does not say its version. */
  private static final String LIBRARY = "JOCL_2_0_6";

  /** Loads the OpenCL library. */
  public JoclDriver() {
    NativeFile.provide(CL.class.getResource("/lib/" + libraryFile()), libraryFile());
    SignalHandlers.kept(
        () -> {
          CL.setExceptionsEnabled(false);
          return true;
        });
  }

  static String libraryFile() {
    return LibUtils.createLibraryFileName(LibUtils.createPlatformLibraryName(LIBRARY));
  }

  private record JoclPlatform(cl_platform_id id) implements Platform {}

  private record JoclDevice(cl_device_id id) implements DeviceId {}

  private record JoclContext(cl_context id) implements Context {}

  private record JoclQueue(cl_command_queue id) implements Queue {}

  private record JoclMemory(cl_mem id) implements Memory {}

  private record JoclProgram(cl_program id) implements Program {}

  private record JoclEvent(cl_event id) implements Event {}

  private record JoclKernel(cl_kernel id) implements Kernel {}

  private static cl_device_id id(DeviceId d) {
    return ((JoclDevice) d).id;
  }

  private static cl_context id(Context c) {
    return ((JoclContext) c).id;
  }

  private static cl_command_queue id(Queue q) {
    return ((JoclQueue) q).id;
  }

  private static cl_mem id(Memory m) {
    return ((JoclMemory) m).id;
  }

  private static cl_kernel id(Kernel k) {
    return ((JoclKernel) k).id;
  }

  private static cl_program id(Program p) {
    return ((JoclProgram) p).id;
  }

  private static void check(String call, int code) {
    if (code != CL.CL_SUCCESS) {
      throw new DriverError(call, code, "");
    }
  }

  @Override
  public List<Platform> platforms() {
    return SignalHandlers.kept(JoclDriver::findPlatforms);
  }

  private static List<Platform> findPlatforms() {
    int[] count = new int[1];
    int code = CL.clGetPlatformIDs(0, null, count);
    if (code == ErrorCodes.PLATFORM_NOT_FOUND || (code == CL.CL_SUCCESS && count[0] == 0)) {
      return List.of();
    }
    check("clGetPlatformIDs", code);
    cl_platform_id[] ids = new cl_platform_id[count[0]];
    check("clGetPlatformIDs", CL.clGetPlatformIDs(ids.length, ids, null));
    List<Platform> all = new ArrayList<>();
    for (cl_platform_id p : ids) {
      all.add(new JoclPlatform(p));
    }
    return all;
  }

  @Override
  public List<DeviceId> devices(Platform platform) {
    return SignalHandlers.kept(() -> findDevices(((JoclPlatform) platform).id));
  }

  private static List<DeviceId> findDevices(cl_platform_id p) {
    long types = CL.CL_DEVICE_TYPE_CPU | CL.CL_DEVICE_TYPE_GPU | CL.CL_DEVICE_TYPE_ACCELERATOR;
    int[] count = new int[1];
    int code = CL.clGetDeviceIDs(p, types, 0, null, count);
    if (code == ErrorCodes.DEVICE_NOT_FOUND || (code == CL.CL_SUCCESS && count[0] == 0)) {
      return List.of();
    }
    check("clGetDeviceIDs", code);
    cl_device_id[] ids = new cl_device_id[count[0]];
    check("clGetDeviceIDs", CL.clGetDeviceIDs(p, types, ids.length, ids, null));
    List<DeviceId> all = new ArrayList<>();
    for (cl_device_id d : ids) {
      all.add(new JoclDevice(d));
    }
    return all;
  }

  @Override
  public DeviceFacts facts(Platform platform, DeviceId device) {
    cl_platform_id p = ((JoclPlatform) platform).id;
    cl_device_id d = id(device);
    String extensions = " " + text(d, CL.CL_DEVICE_EXTENSIONS) + " ";
    boolean doubles = extensions.contains(" cl_khr_fp64 ");
    return new DeviceFacts(
        platformText(p, CL.CL_PLATFORM_NAME) + " " + platformText(p, CL.CL_PLATFORM_VERSION),
        text(d, CL.CL_DEVICE_NAME),
        text(d, CL.CL_DEVICE_VENDOR),
        text(d, CL.CL_DEVICE_VERSION),
        text(d, CL.CL_DRIVER_VERSION),
        number(d, CL.CL_DEVICE_TYPE, 8),
        (int) number(d, CL.CL_DEVICE_MAX_COMPUTE_UNITS, 4),
        number(d, CL.CL_DEVICE_GLOBAL_MEM_SIZE, 8),
        number(d, CL.CL_DEVICE_MAX_MEM_ALLOC_SIZE, 8),
        number(d, CL.CL_DEVICE_LOCAL_MEM_SIZE, 8),
        number(d, CL.CL_DEVICE_MAX_WORK_GROUP_SIZE, 8),
        (int) number(d, CL.CL_DEVICE_PREFERRED_VECTOR_WIDTH_FLOAT, 4),
        number(d, CL.CL_DEVICE_SINGLE_FP_CONFIG, 8),
        doubles ? number(d, CL.CL_DEVICE_DOUBLE_FP_CONFIG, 8) : 0,
        number(d, CL.CL_DEVICE_MAX_PARAMETER_SIZE, 8),
        number(d, HOST_UNIFIED_MEMORY, 4) != 0,
        number(d, CL.CL_DEVICE_COMPILER_AVAILABLE, 4) != 0);
  }

  @Override
  public long handle(DeviceId device) {
    return id(device).getNativePointer();
  }

  private static String platformText(cl_platform_id p, int what) {
    long[] size = new long[1];
    check("clGetPlatformInfo", CL.clGetPlatformInfo(p, what, 0, null, size));
    ByteBuffer b = direct(size[0]);
    check("clGetPlatformInfo", CL.clGetPlatformInfo(p, what, size[0], Pointer.to(b), null));
    return text(b);
  }

  private static String text(cl_device_id d, int what) {
    long[] size = new long[1];
    check("clGetDeviceInfo", CL.clGetDeviceInfo(d, what, 0, null, size));
    ByteBuffer b = direct(size[0]);
    check("clGetDeviceInfo", CL.clGetDeviceInfo(d, what, size[0], Pointer.to(b), null));
    return text(b);
  }

  private static long number(cl_device_id d, int what, int bytes) {
    ByteBuffer b = direct(8);
    check("clGetDeviceInfo", CL.clGetDeviceInfo(d, what, bytes, Pointer.to(b), null));
    return bytes == 8 ? b.getLong(0) : b.getInt(0);
  }

  private static ByteBuffer direct(long bytes) {
    return ByteBuffer.allocateDirect(Math.max(1, Math.toIntExact(bytes))).order(ByteOrder.nativeOrder());
  }

  /** The text of a buffer, which ends with a zero. */
  private static String text(ByteBuffer b) {
    byte[] bytes = new byte[b.capacity()];
    b.get(0, bytes);
    int end = 0;
    while (end < bytes.length && bytes[end] != 0) {
      end++;
    }
    return new String(bytes, 0, end, StandardCharsets.UTF_8).strip();
  }

  @Override
  public Context createContext(Platform platform, DeviceId device) {
    cl_context_properties properties = new cl_context_properties();
    properties.addProperty(CL.CL_CONTEXT_PLATFORM, ((JoclPlatform) platform).id);
    int[] code = new int[1];
    cl_context c =
        SignalHandlers.kept(
            () -> CL.clCreateContext(properties, 1, new cl_device_id[] {id(device)}, null, null, code));
    check("clCreateContext", code[0]);
    return new JoclContext(c);
  }

  @Override
  @SuppressWarnings("deprecation") // OpenCL 1.2 has no other way to create a queue
  public Queue createQueue(Context context, DeviceId device, boolean profiling) {
    int[] code = new int[1];
    cl_command_queue q =
        CL.clCreateCommandQueue(id(context), id(device), profiling ? CL.CL_QUEUE_PROFILING_ENABLE : 0, code);
    check("clCreateCommandQueue", code[0]);
    return new JoclQueue(q);
  }

  @Override
  public Memory createBuffer(Context context, long bytes) {
    int[] code = new int[1];
    cl_mem m = CL.clCreateBuffer(id(context), CL.CL_MEM_READ_WRITE, bytes, null, code);
    check("clCreateBuffer", code[0]);
    return new JoclMemory(m);
  }

  @Override
  public Program buildSource(Context context, DeviceId device, String source, String options) {
    int[] code = new int[1];
    cl_program p = CL.clCreateProgramWithSource(id(context), 1, new String[] {source}, null, code);
    check("clCreateProgramWithSource", code[0]);
    return build(p, id(device), options);
  }

  @Override
  public Program buildBinary(Context context, DeviceId device, byte[] binary, String options) {
    int[] code = new int[1];
    cl_program p =
        CL.clCreateProgramWithBinary(
            id(context), 1, new cl_device_id[] {id(device)}, new long[] {binary.length}, new byte[][] {binary},
            new int[1], code);
    check("clCreateProgramWithBinary", code[0]);
    return build(p, id(device), options);
  }

  private static Program build(cl_program p, cl_device_id d, String options) {
    int code = SignalHandlers.kept(() -> CL.clBuildProgram(p, 1, new cl_device_id[] {d}, options, null, null));
    if (code == CL.CL_SUCCESS) {
      return new JoclProgram(p);
    }
    String log = "";
    long[] size = new long[1];
    if (CL.clGetProgramBuildInfo(p, d, CL.CL_PROGRAM_BUILD_LOG, 0, null, size) == CL.CL_SUCCESS && size[0] > 0) {
      ByteBuffer b = direct(size[0]);
      if (CL.clGetProgramBuildInfo(p, d, CL.CL_PROGRAM_BUILD_LOG, size[0], Pointer.to(b), null) == CL.CL_SUCCESS) {
        log = text(b);
      }
    }
    CL.clReleaseProgram(p);
    throw new DriverError("clBuildProgram", code, log);
  }

  @Override
  public byte[] binary(Program program) {
    cl_program p = id(program);
    ByteBuffer size = direct(8);
    check("clGetProgramInfo", CL.clGetProgramInfo(p, CL.CL_PROGRAM_BINARY_SIZES, 8, Pointer.to(size), null));
    ByteBuffer bytes = direct(size.getLong(0));
    Pointer list = Pointer.to(Pointer.to(bytes));
    check("clGetProgramInfo", CL.clGetProgramInfo(p, CL.CL_PROGRAM_BINARIES, Sizeof.POINTER, list, null));
    byte[] copy = new byte[Math.toIntExact(size.getLong(0))];
    bytes.get(0, copy);
    return copy;
  }

  @Override
  public Kernel createKernel(Program program, String name) {
    int[] code = new int[1];
    cl_kernel k = CL.clCreateKernel(id(program), name, code);
    check("clCreateKernel", code[0]);
    return new JoclKernel(k);
  }

  @Override
  public void setArgument(Kernel kernel, int index, Memory memory) {
    check("clSetKernelArg", CL.clSetKernelArg(id(kernel), index, Sizeof.cl_mem, Pointer.to(id(memory))));
  }

  @Override
  public void setArgument(Kernel kernel, int index, long value) {
    ByteBuffer b = SCALAR.get().putLong(0, value);
    check("clSetKernelArg", CL.clSetKernelArg(id(kernel), index, Long.BYTES, Pointer.to(b)));
  }

  @Override
  public void setArgument(Kernel kernel, int index, int value) {
    ByteBuffer b = SCALAR.get().putInt(0, value);
    check("clSetKernelArg", CL.clSetKernelArg(id(kernel), index, Integer.BYTES, Pointer.to(b)));
  }

  @Override
  public void enqueue(Queue queue, Kernel kernel, long global, long local) {
    int code =
        CL.clEnqueueNDRangeKernel(
            id(queue), id(kernel), 1, null, new long[] {global}, new long[] {local}, 0, null, null);
    check("clEnqueueNDRangeKernel", code);
  }

  @Override
  public Event enqueueTimed(Queue queue, Kernel kernel, long global, long local) {
    cl_event event = new cl_event();
    int code =
        CL.clEnqueueNDRangeKernel(
            id(queue), id(kernel), 1, null, new long[] {global}, new long[] {local}, 0, null, event);
    check("clEnqueueNDRangeKernel", code);
    return new JoclEvent(event);
  }

  @Override
  public long nanos(Event event) {
    cl_event e = ((JoclEvent) event).id;
    check("clWaitForEvents", CL.clWaitForEvents(1, new cl_event[] {e}));
    return profiled(e, CL.CL_PROFILING_COMMAND_END) - profiled(e, CL.CL_PROFILING_COMMAND_START);
  }

  private static long profiled(cl_event e, int what) {
    long[] value = new long[1];
    check("clGetEventProfilingInfo", CL.clGetEventProfilingInfo(e, what, Sizeof.cl_ulong, Pointer.to(value), null));
    return value[0];
  }

  @Override
  public void release(Event event) {
    CL.clReleaseEvent(((JoclEvent) event).id);
  }

  @Override
  public void write(Queue queue, Memory target, long offset, MemorySegment source) {
    for (long at = 0; at < source.byteSize(); at += PART) {
      long bytes = Math.min(PART, source.byteSize() - at);
      Buffer b = source.asSlice(at, bytes).asByteBuffer();
      int code =
          CL.clEnqueueWriteBuffer(id(queue), id(target), true, offset + at, bytes, Pointer.toBuffer(b), 0, null, null);
      check("clEnqueueWriteBuffer", code);
    }
  }

  @Override
  public void read(Queue queue, Memory source, long offset, MemorySegment target) {
    for (long at = 0; at < target.byteSize(); at += PART) {
      long bytes = Math.min(PART, target.byteSize() - at);
      Buffer b = target.asSlice(at, bytes).asByteBuffer();
      int code =
          CL.clEnqueueReadBuffer(id(queue), id(source), true, offset + at, bytes, Pointer.toBuffer(b), 0, null, null);
      check("clEnqueueReadBuffer", code);
    }
  }

  @Override
  public void copy(Queue queue, Memory source, Memory target, long bytes) {
    check("clEnqueueCopyBuffer", CL.clEnqueueCopyBuffer(id(queue), id(source), id(target), 0, 0, bytes, 0, null, null));
  }

  @Override
  public MemorySegment map(Queue queue, Memory memory, long offset, long bytes, boolean write) {
    long flags = write ? CL.CL_MAP_WRITE_INVALIDATE_REGION : CL.CL_MAP_READ;
    int[] code = new int[1];
    ByteBuffer b = CL.clEnqueueMapBuffer(id(queue), id(memory), true, flags, offset, bytes, 0, null, null, code);
    check("clEnqueueMapBuffer", code[0]);
    return MemorySegment.ofBuffer(b);
  }

  @Override
  public void unmap(Queue queue, Memory memory, MemorySegment mapped) {
    ByteBuffer b = mapped.asByteBuffer();
    check("clEnqueueUnmapMemObject", CL.clEnqueueUnmapMemObject(id(queue), id(memory), b, 0, null, null));
  }

  @Override
  public void flush(Queue queue) {
    check("clFlush", CL.clFlush(id(queue)));
  }

  @Override
  public void finish(Queue queue) {
    check("clFinish", CL.clFinish(id(queue)));
  }

  @Override
  public void release(Memory memory) {
    CL.clReleaseMemObject(id(memory));
  }

  @Override
  public void retain(Program program) {
    check("clRetainProgram", CL.clRetainProgram(id(program)));
  }

  @Override
  public void release(Program program) {
    CL.clReleaseProgram(id(program));
  }

  @Override
  public void release(Kernel kernel) {
    CL.clReleaseKernel(id(kernel));
  }

  @Override
  public void release(Queue queue) {
    CL.clReleaseCommandQueue(id(queue));
  }

  @Override
  public void release(Context context) {
    CL.clReleaseContext(id(context));
  }
}
