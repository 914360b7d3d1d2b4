package dev.tenzan.cuda.driver;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.util.NoSuchElementException;
import org.jspecify.annotations.Nullable;

/**
 * The calls that operations make all the time, linked to the driver's library without JCuda: it walks the objects of a launch's arguments
 * from native code, a microsecond for each launch. Handles and device addresses are plain numbers here. Each call returns the driver's code.
 *
 * <p>The library is the one that JCuda has loaded. Where it cannot be linked the class fails to load with an {@link UnsatisfiedLinkError}
 * that says why.
 */
final class DriverCalls {
  private static final String LIBRARY = System.getProperty("os.name", "").startsWith("Windows") ? "nvcuda.dll" : "libcuda.so.1";

  private static final MethodHandle SET_CURRENT = handle("cuCtxSetCurrent", JAVA_LONG);
  private static final MethodHandle LAUNCH =
      handle(
          "cuLaunchKernel", JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG, ADDRESS,
          JAVA_LONG);
  private static final MethodHandle STREAM_SYNCHRONIZE = handle("cuStreamSynchronize", JAVA_LONG);
  private static final MethodHandle STREAM_WAIT_EVENT = handle("cuStreamWaitEvent", JAVA_LONG, JAVA_LONG, JAVA_INT);
  private static final MethodHandle EVENT_RECORD = handle("cuEventRecord", JAVA_LONG, JAVA_LONG);
  private static final MethodHandle EVENT_SYNCHRONIZE = handle("cuEventSynchronize", JAVA_LONG);
  private static final MethodHandle COPY_IN = handle("cuMemcpyHtoDAsync_v2", JAVA_LONG, ADDRESS, JAVA_LONG, JAVA_LONG);
  private static final MethodHandle COPY_OUT = handle("cuMemcpyDtoHAsync_v2", ADDRESS, JAVA_LONG, JAVA_LONG, JAVA_LONG);
  private static final MethodHandle COPY = handle("cuMemcpyDtoDAsync_v2", JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);

  private static final MethodHandle BEGIN_CAPTURE = handle("cuStreamBeginCapture_v2", JAVA_LONG, JAVA_INT);
  private static final MethodHandle END_CAPTURE = handle("cuStreamEndCapture", JAVA_LONG, ADDRESS);
  private static final MethodHandle INSTANTIATE = handle("cuGraphInstantiateWithFlags", ADDRESS, JAVA_LONG, JAVA_LONG);
  private static final MethodHandle LAUNCH_GRAPH = handle("cuGraphLaunch", JAVA_LONG, JAVA_LONG);
  private static final MethodHandle DESTROY_GRAPH = handle("cuGraphDestroy", JAVA_LONG);
  private static final MethodHandle DESTROY_EXECUTABLE = handle("cuGraphExecDestroy", JAVA_LONG);

  /** Calls that are not put into a stream are the caller's business while one is recorded. */
  private static final int RELAXED = 2;

  private static final int NO_INTERLEAVE = 0;
  private static final int SWIZZLE_128B = 3;
  private static final int PROMOTE_256B = 3;
  private static final int ZEROS = 0;

  private DriverCalls() {}

  private static MethodHandle handle(String name, MemoryLayout... parameters) {
    try {
      MemorySegment symbol = SymbolLookup.libraryLookup(LIBRARY, Arena.global()).findOrThrow(name);
      return Linker.nativeLinker().downcallHandle(symbol, FunctionDescriptor.of(JAVA_INT, parameters));
    } catch (IllegalCallerException | IllegalArgumentException | NoSuchElementException e) {
      UnsatisfiedLinkError error = new UnsatisfiedLinkError(name + " of " + LIBRARY + " cannot be linked: " + e);
      error.initCause(e);
      throw error;
    }
  }

  /** Links the calls where they were not yet. */
  static void link() {
    // Everything is done when the class is loaded.
  }

  /** What a call threw: wrong memory was passed, or the call itself is wrong. */
  private static RuntimeException thrown(String call, Throwable e) {
    if (e instanceof RuntimeException r) {
      return r;
    }
    throw new AssertionError(call + " cannot be called", e);
  }

  static int setCurrent(long context) {
    try {
      return (int) SET_CURRENT.invokeExact(context);
    } catch (Throwable e) {
      throw thrown("cuCtxSetCurrent", e);
    }
  }

  /** A launch over one dimension; {@code parameters} are the addresses of the arguments. */
  static int launch(long function, int grid, int block, int sharedBytes, long stream, MemorySegment parameters) {
    try {
      return (int) LAUNCH.invokeExact(function, grid, 1, 1, block, 1, 1, sharedBytes, stream, parameters, 0L);
    } catch (Throwable e) {
      throw thrown("cuLaunchKernel", e);
    }
  }

  static int synchronizeStream(long stream) {
    try {
      return (int) STREAM_SYNCHRONIZE.invokeExact(stream);
    } catch (Throwable e) {
      throw thrown("cuStreamSynchronize", e);
    }
  }

  static int await(long stream, long event) {
    try {
      return (int) STREAM_WAIT_EVENT.invokeExact(stream, event, 0);
    } catch (Throwable e) {
      throw thrown("cuStreamWaitEvent", e);
    }
  }

  static int record(long event, long stream) {
    try {
      return (int) EVENT_RECORD.invokeExact(event, stream);
    } catch (Throwable e) {
      throw thrown("cuEventRecord", e);
    }
  }

  static int synchronizeEvent(long event) {
    try {
      return (int) EVENT_SYNCHRONIZE.invokeExact(event);
    } catch (Throwable e) {
      throw thrown("cuEventSynchronize", e);
    }
  }

  static int copyIn(long target, MemorySegment source, long stream) {
    try {
      return (int) COPY_IN.invokeExact(target, source, source.byteSize(), stream);
    } catch (Throwable e) {
      throw thrown("cuMemcpyHtoDAsync", e);
    }
  }

  static int copyOut(MemorySegment target, long source, long stream) {
    try {
      return (int) COPY_OUT.invokeExact(target, source, target.byteSize(), stream);
    } catch (Throwable e) {
      throw thrown("cuMemcpyDtoHAsync", e);
    }
  }

  static int copy(long target, long source, long bytes, long stream) {
    try {
      return (int) COPY.invokeExact(target, source, bytes, stream);
    } catch (Throwable e) {
      throw thrown("cuMemcpyDtoDAsync", e);
    }
  }

  static int beginCapture(long stream) {
    try {
      return (int) BEGIN_CAPTURE.invokeExact(stream, RELAXED);
    } catch (Throwable e) {
      throw thrown("cuStreamBeginCapture", e);
    }
  }

  /** Ends a recording; {@code graph} takes the graph. */
  static int endCapture(long stream, MemorySegment graph) {
    try {
      return (int) END_CAPTURE.invokeExact(stream, graph);
    } catch (Throwable e) {
      throw thrown("cuStreamEndCapture", e);
    }
  }

  /** Makes a graph ready; {@code executable} takes what can be launched. */
  static int instantiate(MemorySegment executable, long graph) {
    try {
      return (int) INSTANTIATE.invokeExact(executable, graph, 0L);
    } catch (Throwable e) {
      throw thrown("cuGraphInstantiateWithFlags", e);
    }
  }

  static int launchGraph(long executable, long stream) {
    try {
      return (int) LAUNCH_GRAPH.invokeExact(executable, stream);
    } catch (Throwable e) {
      throw thrown("cuGraphLaunch", e);
    }
  }

  static int destroyGraph(long graph) {
    try {
      return (int) DESTROY_GRAPH.invokeExact(graph);
    } catch (Throwable e) {
      throw thrown("cuGraphDestroy", e);
    }
  }

  static int destroyExecutable(long executable) {
    try {
      return (int) DESTROY_EXECUTABLE.invokeExact(executable);
    } catch (Throwable e) {
      throw thrown("cuGraphExecDestroy", e);
    }
  }

  /** Calls that older drivers do not have, linked when they are first asked for. */
  private static final class Maps {
    static final @Nullable MethodHandle ENCODE = encode();

    private static @Nullable MethodHandle encode() {
      try {
        return handle(
            "cuTensorMapEncodeTiled", ADDRESS, JAVA_INT, JAVA_INT, JAVA_LONG, ADDRESS, ADDRESS, ADDRESS, ADDRESS, JAVA_INT, JAVA_INT,
            JAVA_INT, JAVA_INT);
      } catch (UnsatisfiedLinkError e) {
        return null;
      }
    }
  }

  static boolean hasTensorMaps() {
    return Maps.ENCODE != null;
  }

  /** A map whose boxes are swizzled over 128 bytes, are prefetched to the L2 cache by 256, and have zeros outside of the tensor. */
  static int encodeTensorMap(
      MemorySegment to, int type, int rank, long address, MemorySegment dims, MemorySegment strides, MemorySegment box,
      MemorySegment steps) {
    MethodHandle encode = Maps.ENCODE;
    if (encode == null) {
      return ErrorCodes.NOT_SUPPORTED;
    }
    try {
      return (int)
          encode.invokeExact(to, type, rank, address, dims, strides, box, steps, NO_INTERLEAVE, SWIZZLE_128B, PROMOTE_256B, ZEROS);
    } catch (Throwable e) {
      throw thrown("cuTensorMapEncodeTiled", e);
    }
  }
}
