package dev.tenzan.spi;

import dev.tenzan.kernel.AttentionRun;
import dev.tenzan.kernel.KernelSpec;
import dev.tenzan.kernel.RowRun;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One family of devices and how to run kernels on them. All methods may be called by several threads.
 *
 * <p>Launches on one device run in the order of the calls, or as if they did: a later launch, copy or free sees the effects of
 * earlier ones. Failures are {@link dev.tenzan.error.TenzanException}s; one that a device finds only while it runs may be thrown
 * by a later {@link #copyOut} or {@link #synchronize}.
 */
public interface Backend extends AutoCloseable {
  /** The backend's name, the first part of its devices' names: {@code cpu}, {@code cuda}. */
  String name();

  /** The devices, at least one; their indices are their positions. */
  List<DeviceInfo> devices();

  /** Whether a device can run a kernel, or why not. Cheap: it is asked for every new kernel. */
  Support supports(int device, KernelSpec kernel);

  /**
   * Allocates device memory, aligned to 64 bytes or more, with unspecified contents.
   *
   * @param bytes the size, 0 or more
   * @throws dev.tenzan.error.DeviceMemoryException where the device has not enough, naming size and what is free
   */
  Buffer allocate(int device, long bytes);

  /** Gives a buffer back once launches and copies that use it are done. Each buffer is freed once. */
  void free(Buffer buffer);

  /** Copies host memory into a buffer; the source may be changed after the return. */
  void copyIn(MemorySegment source, Buffer target, long targetByteOffset);

  /** Copies a part of a buffer into host memory, after all launches before it. */
  void copyOut(Buffer source, long sourceByteOffset, MemorySegment target);

  /**
   * Copies a part of a buffer into another one, which may be on another device of this backend, after all launches before it on either.
   * Here it goes through host memory; a backend whose devices reach each other does better.
   */
  default void copy(Buffer source, long sourceByteOffset, Buffer target, long targetByteOffset, long bytes) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment block = arena.allocate(Math.max(1, Math.min(bytes, 16L << 20)), 64);
      for (long at = 0; at < bytes; at += block.byteSize()) {
        MemorySegment part = block.asSlice(0, Math.min(block.byteSize(), bytes - at));
        copyOut(source, sourceByteOffset + at, part);
        copyIn(part, target, targetByteOffset + at);
      }
    }
  }

  /** Makes a kernel ready to run. The backend keeps a bounded cache of generated code. */
  Executable compile(int device, KernelSpec kernel);

  /**
   * Makes kernels that can be walked together ready to run as one, or gives null where the device runs them as well one after another, as it
   * does by default. All bits of the results are those of the kernels one by one.
   */
  default @Nullable RunExecutable compile(int device, RowRun run) {
    return null;
  }

  /**
   * Makes the kernels of attention ready to run as one, or gives null where the device runs them as well one after another, as it does by
   * default. All bits of the results are those of the kernels one by one.
   */
  default @Nullable RunExecutable compile(int device, AttentionRun run) {
    return null;
  }

  /**
   * Something that runs the launches of one program, or null where launching them one by one is as good; null where not overridden. A
   * program keeps it as long as it lives.
   */
  default @Nullable Replay replay(int device) {
    return null;
  }

  /**
   * Runs a kernel.
   *
   * @param executable made by this backend
   * @param buffers the inputs in slot order, then the outputs; all on the executable's device
   */
  void launch(Executable executable, List<Buffer> buffers);

  /** Waits until all launches on a device are done. */
  void synchronize(int device);

  /** The memory that is held on a device. */
  MemoryStats memory(int device);

  /** Frees everything; buffers and executables are unusable afterwards. */
  @Override
  void close();
}
