package dev.tenzan.opencl.driver;

import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * The OpenCL 1.2 calls that the backend makes, and nothing more: so that a test can put a driver in its place that fails where it
 * wants. Handles are opaque and belong to the driver that made them. Every method but the releases throws a {@link DriverError}
 * where the OpenCL call fails.
 */
public interface OpenClDriver {
  /** An OpenCL platform: one vendor's implementation. */
  interface Platform {}

  /** An OpenCL device of a platform. */
  interface DeviceId {}

  /** A context with one device. */
  interface Context {}

  /** An in-order command queue. */
  interface Queue {}

  /** A buffer object. */
  interface Memory {}

  /** A program, built or not. */
  interface Program {}

  /** A command on its way. */
  interface Event {}

  /** A kernel of a built program with its arguments. */
  interface Kernel {}

  /** All platforms; empty where the loader finds none. */
  List<Platform> platforms();

  /** The CPU, GPU and accelerator devices of a platform; empty where it has none. */
  List<DeviceId> devices(Platform platform);

  /** What a device says of itself. */
  DeviceFacts facts(Platform platform, DeviceId device);

  /** The address of a device's {@code cl_device_id}, which every user of OpenCL in this process sees. */
  long handle(DeviceId device);

  /** A context for one device. */
  Context createContext(Platform platform, DeviceId device);

  /** An in-order queue; {@code profiling} tells whether the device notes when commands start and end. */
  Queue createQueue(Context context, DeviceId device, boolean profiling);

  /** A read-write buffer of {@code bytes} bytes, at least 1, with unspecified contents. */
  Memory createBuffer(Context context, long bytes);

  /**
   * Compiles a program.
   *
   * @throws DriverError with the build log where it does not compile
   */
  Program buildSource(Context context, DeviceId device, String source, String options);

  /**
   * Loads a program from what {@link #binary} gave.
   *
   * @throws DriverError where the device does not take it
   */
  Program buildBinary(Context context, DeviceId device, byte[] binary, String options);

  /** The device's binary of a built program. */
  byte[] binary(Program program);

  /** A kernel of a built program; its arguments are not set. */
  Kernel createKernel(Program program, String name);

  /** Sets a buffer argument. */
  void setArgument(Kernel kernel, int index, Memory memory);

  /** Sets a {@code long} argument. */
  void setArgument(Kernel kernel, int index, long value);

  /** Sets an {@code int} argument. */
  void setArgument(Kernel kernel, int index, int value);

  /** Enqueues a kernel over one dimension of {@code global} work-items in groups of {@code local}. */
  void enqueue(Queue queue, Kernel kernel, long global, long local);

  /** Enqueues a kernel alike in a queue with profiling; the caller releases the event. */
  Event enqueueTimed(Queue queue, Kernel kernel, long global, long local);

  /** Waits for the end of a command and returns how long it ran, in nanoseconds of the device's clock. */
  long nanos(Event event);

  /** Releases an event. */
  void release(Event event);

  /** Copies host memory outside the heap into a buffer, after all commands before it; returns when done. */
  void write(Queue queue, Memory target, long offset, MemorySegment source);

  /** Copies a part of a buffer into host memory outside the heap, after all commands before it; returns when done. */
  void read(Queue queue, Memory source, long offset, MemorySegment target);

  /** Copies between two buffers, in the queue's order. */
  void copy(Queue queue, Memory source, Memory target, long bytes);

  /**
   * Makes a part of a buffer visible to the host, after all commands before it; {@link #unmap} ends it.
   *
   * @param write whether the host will overwrite the whole part, whose contents are then unspecified
   * @return the part, in host memory
   */
  MemorySegment map(Queue queue, Memory memory, long offset, long bytes, boolean write);

  /** Ends a mapping. */
  void unmap(Queue queue, Memory memory, MemorySegment mapped);

  /** Hands all commands to the device. */
  void flush(Queue queue);

  /** Waits until all commands are done. */
  void finish(Queue queue);

  /** Holds a program once more: it takes one more release. */
  void retain(Program program);

  /** Releases a buffer; commands that use it may still run. */
  void release(Memory memory);

  /** Releases a program; its kernels stay usable. */
  void release(Program program);

  /** Releases a kernel. */
  void release(Kernel kernel);

  /** Releases a queue. */
  void release(Queue queue);

  /** Releases a context. */
  void release(Context context);
}
