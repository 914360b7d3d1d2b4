package dev.tenzan.cuda.driver;

import java.lang.foreign.MemorySegment;

/**
 * The calls of the CUDA driver that the backend makes, and nothing more: so that a simulator, or a test that fails where it wants, can
 * take its place. Handles are opaque and belong to the driver that made them. Every method but the releases throws a {@link
 * DriverError} where the call fails; a release says so in the log at most, as nobody can do anything about it.
 *
 * <p>Copies and launches are put into a stream and may still run after the return. An error of a kernel may be thrown by any later call.
 */
public interface CudaDriver {
  /** A device's primary context. */
  interface Context {}

  /** An in-order queue of a context. */
  interface Stream {}

  /** A mark in a stream. */
  interface Event {}

  /** Loaded kernels. */
  interface Module {}

  /** One kernel of a module. */
  interface Function {}

  /** Launches that were recorded, ready to be repeated at once. */
  interface Graph {}

  /** Host memory that the device copies from and to by itself. */
  interface HostMemory {
    /** The memory. */
    MemorySegment segment();
  }

  /** The memory of a device: what is free, and all. */
  record MemoryInfo(long free, long total) {}

  /**
   * What a kernel takes.
   *
   * @param registers registers of a thread
   * @param sharedBytes shared memory of a block, without what a launch adds
   * @param localBytes memory of a thread that does not fit its registers
   * @param blockThreads the most threads of a block
   */
  record FunctionFacts(int registers, int sharedBytes, int localBytes, int blockThreads) {}

  /** Starts the driver, and says which CUDA version it supports: 12060 stands for 12.6. To be called before any other. */
  int start();

  /** The number of devices; 0 where there is none. */
  int deviceCount();

  /** What a device says of itself. */
  DeviceFacts facts(int device);

  /** Takes part in a device's primary context. */
  Context retain(int device);

  /** Leaves a primary context; what it holds goes with the last who leaves. */
  void release(Context context);

  /** A stream that does not wait for others. */
  Stream createStream(Context context);

  /** The native handle of a stream, for other libraries of NVIDIA's: its context is then the thread's. 0 where nothing is native. */
  long handle(Stream stream);

  /** Waits until all work of a stream is done. */
  void synchronize(Stream stream);

  /** Releases a stream; its work still runs. */
  void release(Stream stream);

  /** An event, which is over until it is recorded. */
  Event createEvent(Context context);

  /** Puts an event behind the work of a stream. */
  void record(Event event, Stream stream);

  /** Lets the later work of a stream wait for an event, also one of another device. */
  void await(Stream stream, Event event);

  /** Lets the host wait for an event. */
  void synchronize(Event event);

  /** Releases an event. */
  void release(Event event);

  /** The address of new device memory with unspecified contents; aligned to 256 bytes. */
  long allocate(Context context, long bytes);

  /** Frees device memory after the work that is under way. */
  void free(Context context, long address);

  /** The device's memory. */
  MemoryInfo memory(Context context);

  /** New host memory that is not paged. */
  HostMemory allocateHost(Context context, long bytes);

  /** Frees such memory. */
  void free(Context context, HostMemory memory);

  /** Copies host memory outside the heap to the device; it must not change until the copy is done. */
  void copyIn(Stream stream, MemorySegment source, long target);

  /** Copies from the device to host memory outside the heap. */
  void copyOut(Stream stream, long source, MemorySegment target);

  /** Copies within a device. */
  void copy(Stream stream, long source, long target, long bytes);

  /** Whether a device can reach another's memory itself. */
  boolean canAccessPeer(int device, int peer);

  /** Lets the kernels of a context reach the memory of another. */
  void enablePeerAccess(Context context, Context peer);

  /** Copies between two devices, in the order of a stream of either. */
  void copyPeer(Stream stream, Context from, long source, Context to, long target, long bytes);

  /**
   * Loads kernels.
   *
   * @param image PTX in ASCII without a zero behind it, or what an assembler made of it
   * @throws DriverError with the driver's log where it does not load
   */
  Module load(Context context, byte[] image);

  /** Unloads kernels; none of them may run. */
  void unload(Module module);

  /** A kernel of a module. */
  Function function(Module module, String name);

  /** What a kernel takes. */
  FunctionFacts facts(Function function);

  /** Lets blocks of a kernel have so many bytes of shared memory at their launch, where that is more than 48 KiB. */
  void allowShared(Function function, int bytes);

  /**
   * Launches a kernel.
   *
   * @param grid the number of blocks
   * @param block the threads of a block
   * @param sharedBytes shared memory of a block besides what the kernel declares
   * @param arguments one for each parameter, read during the call alone; a parameter of 4 bytes takes the low half
   */
  void launch(Stream stream, Function function, int grid, int block, int sharedBytes, long[] arguments);

  /** Whether kernels can be given tensor maps. */
  boolean hasTensorMaps();

  /**
   * Writes a tensor map.
   *
   * @param context that of the device where the tensor is
   * @param address of its first element; a multiple of {@link TensorMap#GRAIN}
   * @param to {@link TensorMap#BYTES} outside the heap, at a multiple of {@link TensorMap#ALIGNMENT}
   */
  void encode(Context context, TensorMap map, long address, MemorySegment to);

  /**
   * Launches a kernel whose first parameters are tensor maps.
   *
   * @param maps the maps one after the other, read during the call alone
   * @param arguments one for each parameter behind them
   */
  void launch(Stream stream, Function function, int grid, int block, int sharedBytes, MemorySegment maps, long[] arguments);

  /** Begins to record what is put into a stream: it does not run. */
  void beginCapture(Stream stream);

  /**
   * Ends the recording.
   *
   * @throws DriverError also where something was put into the stream that cannot be recorded
   */
  Graph endCapture(Stream stream);

  /** Puts all that was recorded into a stream, in its order. */
  void launch(Stream stream, Graph graph);

  /** Releases a record; what was launched still runs. */
  void release(Graph graph);
}
