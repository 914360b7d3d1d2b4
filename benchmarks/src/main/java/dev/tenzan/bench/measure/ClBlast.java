package dev.tenzan.bench.measure;

import static dev.tenzan.bench.measure.Natives.call;
import static dev.tenzan.bench.measure.Natives.function;
import static dev.tenzan.bench.measure.Natives.library;
import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_DOUBLE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.util.List;
import java.util.Optional;

/**
 * The system's CLBlast on an OpenCL device, called through the Foreign Function and Memory API. It has a context and a queue of its own,
 * made through the same loader that {@code opencl} devices come from, whose numbers it counts alike.
 */
public final class ClBlast implements Gemm, AutoCloseable {
  /** What to tell where it is not installed. */
  public static final String REMEDY =
      "CLBlast was not found, so the matmul rows of OpenCL devices stand alone; to compare, install it (Debian: apt-get install"
          + " libclblast1)";

  private static final String LIBRARY = "clblast";
  private static final List<String> CLBLAST = List.of("libclblast.so.1", "libclblast.so", "libclblast.dylib", "clblast.dll");
  private static final List<String> OPENCL = List.of("libOpenCL.so.1", "libOpenCL.so", "OpenCL.dll", "/System/Library/Frameworks/OpenCL.framework/OpenCL");
  private static final long ALL_DEVICES = 0xFFFFFFFFL;
  private static final int DEVICE_NAME = 0x102B;
  private static final long READ_WRITE = 1;
  private static final long COPY_HOST = 1 << 5;
  private static final int ROW_MAJOR = 101;
  private static final int NO_TRANSPOSE = 111;

  /** Arrays of platforms and devices have room for so many. */
  private static final int MOST = 64;

  private final SymbolLookup openCl;
  private final SymbolLookup clBlast;
  private final MemorySegment context;
  private final MemorySegment queue;
  private final String description;

  private ClBlast(SymbolLookup openCl, SymbolLookup clBlast, int index) {
    this.openCl = openCl;
    this.clBlast = clBlast;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment device = device(arena, index);
      MemorySegment devices = arena.allocateFrom(ADDRESS, device);
      MemorySegment code = arena.allocate(JAVA_INT);
      MemorySegment none = MemorySegment.NULL;
      MethodHandle create =
          function(openCl, "clCreateContext", FunctionDescriptor.of(ADDRESS, ADDRESS, JAVA_INT, ADDRESS, ADDRESS, ADDRESS, ADDRESS));
      this.context = call(LIBRARY, () -> (MemorySegment) create.invokeExact(none, 1, devices, none, none, code));
      check("clCreateContext", code.get(JAVA_INT, 0));
      MethodHandle open =
          function(openCl, "clCreateCommandQueue", FunctionDescriptor.of(ADDRESS, ADDRESS, ADDRESS, JAVA_LONG, ADDRESS));
      this.queue = call(LIBRARY, () -> (MemorySegment) open.invokeExact(context, device, 0L, code));
      check("clCreateCommandQueue", code.get(JAVA_INT, 0));
      this.description = "on " + text(arena, device);
    }
  }

  /**
   * Opens the library on a device.
   *
   * @param index the number of the device over all platforms, as in {@code opencl:0}
   * @return empty where it is not installed
   */
  public static Optional<ClBlast> open(int index) {
    Optional<SymbolLookup> loader = library(OPENCL);
    Optional<SymbolLookup> library = library(CLBLAST);
    return loader.isPresent() && library.isPresent() ? Optional.of(new ClBlast(loader.get(), library.get(), index)) : Optional.empty();
  }

  private MemorySegment device(Arena arena, int index) {
    MemorySegment count = arena.allocate(JAVA_INT);
    MemorySegment platforms = arena.allocate(MemoryLayout.sequenceLayout(MOST, ADDRESS));
    MethodHandle getPlatforms = function(openCl, "clGetPlatformIDs", FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, ADDRESS));
    MethodHandle getDevices =
        function(openCl, "clGetDeviceIDs", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT, ADDRESS, ADDRESS));
    check("clGetPlatformIDs", call(LIBRARY, () -> (int) getPlatforms.invokeExact(MOST, platforms, count)));
    int left = index;
    int all = Math.min(MOST, count.get(JAVA_INT, 0));
    for (int p = 0; p < all; p++) {
      MemorySegment devices = arena.allocate(MemoryLayout.sequenceLayout(MOST, ADDRESS));
      MemorySegment platform = platforms.getAtIndex(ADDRESS, p);
      int code = call(LIBRARY, () -> (int) getDevices.invokeExact(platform, ALL_DEVICES, MOST, devices, count));
      int here = code == 0 ? Math.min(MOST, count.get(JAVA_INT, 0)) : 0; // a platform without devices says so with an error code
      if (left < here) {
        return devices.getAtIndex(ADDRESS, left);
      }
      left -= here;
    }
    throw new IllegalStateException("clblast: there is no OpenCL device " + index);
  }

  private String text(Arena arena, MemorySegment device) {
    MemorySegment text = arena.allocate(1024);
    MethodHandle info =
        function(openCl, "clGetDeviceInfo", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT, JAVA_LONG, ADDRESS, ADDRESS));
    MemorySegment none = MemorySegment.NULL;
    check("clGetDeviceInfo", call(LIBRARY, () -> (int) info.invokeExact(device, DEVICE_NAME, 1023L, text, none)));
    return text.getString(0).strip();
  }

  @Override
  public String name() {
    return "CLBlast";
  }

  @Override
  public String description() {
    return description;
  }

  @Override
  public Product open(int n, boolean wide, MemorySegment a, MemorySegment b) {
    Multiplication m = new Multiplication(n, wide, a, b);
    try {
      m.run(); // compiles its kernels
      return m;
    } catch (UnsupportedOperationException e) {
      m.close();
      throw e;
    }
  }

  @Override
  public void close() {
    release("clReleaseCommandQueue", queue);
    release("clReleaseContext", context);
  }

  private void release(String function, MemorySegment object) {
    MethodHandle handle = function(openCl, function, FunctionDescriptor.of(JAVA_INT, ADDRESS));
    check(function, call(LIBRARY, () -> (int) handle.invokeExact(object)));
  }

  private static void check(String function, int code) {
    if (code != 0) {
      throw new IllegalStateException("clblast: " + function + " failed with code " + code);
    }
  }

  private final class Multiplication implements Product {
    private final Arena arena = Arena.ofShared();
    private final int n;
    private final boolean wide;
    private final MemorySegment a;
    private final MemorySegment b;
    private final MemorySegment c;
    private final MemorySegment host;
    private final MemorySegment queues;
    private final MethodHandle gemm;
    private final MethodHandle finish;
    private final MethodHandle read;

    Multiplication(int n, boolean wide, MemorySegment a, MemorySegment b) {
      this.n = n;
      this.wide = wide;
      this.host = arena.allocate(a.byteSize(), 64);
      this.queues = arena.allocateFrom(ADDRESS, queue);
      MemoryLayout scalar = wide ? JAVA_DOUBLE : JAVA_FLOAT;
      this.gemm =
          function(
              clBlast, wide ? "CLBlastDgemm" : "CLBlastSgemm",
              FunctionDescriptor.of(
                  JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG, scalar, ADDRESS, JAVA_LONG, JAVA_LONG, ADDRESS,
                  JAVA_LONG, JAVA_LONG, scalar, ADDRESS, JAVA_LONG, JAVA_LONG, ADDRESS, ADDRESS));
      this.finish = function(openCl, "clFinish", FunctionDescriptor.of(JAVA_INT, ADDRESS));
      this.read =
          function(
              openCl, "clEnqueueReadBuffer",
              FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, JAVA_INT, JAVA_LONG, JAVA_LONG, ADDRESS, JAVA_INT, ADDRESS, ADDRESS));
      this.a = buffer(a);
      this.b = buffer(b);
      this.c = buffer(host);
    }

    private MemorySegment buffer(MemorySegment contents) {
      MethodHandle create =
          function(openCl, "clCreateBuffer", FunctionDescriptor.of(ADDRESS, ADDRESS, JAVA_LONG, JAVA_LONG, ADDRESS, ADDRESS));
      MemorySegment code = arena.allocate(JAVA_INT);
      long bytes = contents.byteSize();
      MemorySegment made =
          call(LIBRARY, () -> (MemorySegment) create.invokeExact(context, READ_WRITE | COPY_HOST, bytes, contents, code));
      check("clCreateBuffer", code.get(JAVA_INT, 0));
      return made;
    }

    @Override
    public void run() {
      long r = n;
      int t = NO_TRANSPOSE;
      MemorySegment none = MemorySegment.NULL;
      int code =
          call(
              LIBRARY,
              () ->
                  wide
                      ? (int) gemm.invokeExact(ROW_MAJOR, t, t, r, r, r, 1.0, a, 0L, r, b, 0L, r, 0.0, c, 0L, r, queues, none)
                      : (int) gemm.invokeExact(ROW_MAJOR, t, t, r, r, r, 1.0f, a, 0L, r, b, 0L, r, 0.0f, c, 0L, r, queues, none));
      if (code != 0) {
        throw new UnsupportedOperationException("CLBlast's " + (wide ? "Dgemm" : "Sgemm") + " failed with status " + code);
      }
      check("clFinish", call(LIBRARY, () -> (int) finish.invokeExact(queue)));
    }

    @Override
    public MemorySegment result() {
      MemorySegment none = MemorySegment.NULL;
      long bytes = host.byteSize();
      check(
          "clEnqueueReadBuffer", call(LIBRARY, () -> (int) read.invokeExact(queue, c, 1, 0L, bytes, host, 0, none, none)));
      return host;
    }

    @Override
    public void close() {
      for (MemorySegment m : List.of(a, b, c)) {
        release("clReleaseMemObject", m);
      }
      arena.close();
    }
  }
}
