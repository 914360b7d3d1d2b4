package dev.tenzan.conformance;

import dev.tenzan.kernel.AttentionRun;
import dev.tenzan.kernel.KernelSpec;
import dev.tenzan.kernel.RowRun;
import dev.tenzan.spi.Backend;
import dev.tenzan.spi.Buffer;
import dev.tenzan.spi.DeviceInfo;
import dev.tenzan.spi.Executable;
import dev.tenzan.spi.MemoryStats;
import dev.tenzan.spi.RunExecutable;
import dev.tenzan.spi.Support;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A backend seen through a checker: new buffers hold a pattern instead of zeros and are followed by a guard region; after each launch
 * the guards must be whole and the inputs unchanged. What a kernel writes in front of a buffer it does not see.
 */
final class GuardedBackend implements Backend {
  private static final int GUARD = 64;
  private static final byte PATTERN = (byte) 0xa5;

  private final Backend backend;

  GuardedBackend(Backend backend) {
    this.backend = backend;
  }

  /** A buffer with a guard region behind it. */
  private record Guarded(Buffer whole, long byteSize) implements Buffer {
    @Override
    public int device() {
      return whole.device();
    }
  }

  private static Buffer whole(Buffer b) {
    return ((Guarded) b).whole();
  }

  private byte[] read(Buffer b, long from, long count) {
    byte[] bytes = new byte[Math.toIntExact(count)];
    backend.copyOut(whole(b), from, MemorySegment.ofArray(bytes));
    return bytes;
  }

  @Override
  public Buffer allocate(int device, long bytes) {
    Buffer b = backend.allocate(device, bytes + GUARD);
    byte[] pattern = new byte[Math.toIntExact(bytes + GUARD)];
    Arrays.fill(pattern, PATTERN);
    backend.copyIn(MemorySegment.ofArray(pattern), b, 0);
    return new Guarded(b, bytes);
  }

  @Override
  public void launch(Executable executable, List<Buffer> buffers) {
    int inputs = executable.kernel().inputs().size();
    run(
        executable.kernel().name(), buffers, i -> i >= inputs,
        () -> backend.launch(executable, buffers.stream().map(GuardedBackend::whole).toList()));
  }

  @Override
  public @Nullable RunExecutable compile(int device, RowRun run) {
    RunExecutable together = backend.compile(device, run);
    if (together == null) {
      return null;
    }
    Set<Integer> written = new HashSet<>();
    for (RowRun.Part p : run.parts()) {
      written.addAll(p.buffers().subList(p.kernel().inputs().size(), p.buffers().size()));
    }
    String name = "rows of " + run.parts().getFirst().kernel().name();
    return buffers -> run(name, buffers, written::contains, () -> together.launch(buffers.stream().map(GuardedBackend::whole).toList()));
  }

  @Override
  public @Nullable RunExecutable compile(int device, AttentionRun run) {
    RunExecutable together = backend.compile(device, run);
    return together == null
        ? null
        : buffers ->
            run("attention", buffers, i -> i == AttentionRun.OUTPUT, () -> together.launch(buffers.stream().map(GuardedBackend::whole).toList()));
  }

  /** Launches, and looks at the buffers before and after. */
  private void run(String name, List<Buffer> buffers, IntPredicate isWritten, Runnable launch) {
    List<byte[]> before = new ArrayList<>();
    for (int i = 0; i < buffers.size(); i++) {
      before.add(isWritten.test(i) ? new byte[0] : read(buffers.get(i), 0, buffers.get(i).byteSize()));
    }
    launch.run();
    for (int i = 0; i < buffers.size(); i++) {
      Buffer b = buffers.get(i);
      byte[] guard = read(b, b.byteSize(), GUARD);
      for (int k = 0; k < GUARD; k++) {
        if (guard[k] != PATTERN) {
          throw new AssertionError(name + ": wrote " + k + " bytes behind buffer " + i + " of " + b.byteSize() + " bytes");
        }
      }
      if (!isWritten.test(i)) {
        int at = Arrays.mismatch(before.get(i), read(b, 0, b.byteSize()));
        if (at >= 0 && !isAlsoOutput(buffers, isWritten, b)) {
          throw new AssertionError(name + ": changed byte " + at + " of its input " + i);
        }
      }
    }
  }

  /** Whether a kernel fills another part of a buffer that it reads, as the steps of a concatenation do. */
  private static boolean isAlsoOutput(List<Buffer> buffers, IntPredicate isWritten, Buffer b) {
    return IntStream.range(0, buffers.size()).anyMatch(i -> isWritten.test(i) && buffers.get(i).equals(b));
  }

  @Override
  public void copyIn(MemorySegment source, Buffer target, long targetByteOffset) {
    backend.copyIn(source, whole(target), targetByteOffset);
  }

  @Override
  public void copyOut(Buffer source, long sourceByteOffset, MemorySegment target) {
    backend.copyOut(whole(source), sourceByteOffset, target);
  }

  @Override
  public void free(Buffer buffer) {
    backend.free(whole(buffer));
  }

  @Override
  public String name() {
    return backend.name();
  }

  @Override
  public List<DeviceInfo> devices() {
    return backend.devices();
  }

  @Override
  public Support supports(int device, KernelSpec kernel) {
    return backend.supports(device, kernel);
  }

  @Override
  public Executable compile(int device, KernelSpec kernel) {
    return backend.compile(device, kernel);
  }

  @Override
  public void synchronize(int device) {
    backend.synchronize(device);
  }

  @Override
  public MemoryStats memory(int device) {
    return backend.memory(device);
  }

  /** Leaves the backend open: others use it. */
  @Override
  public void close() {}
}
