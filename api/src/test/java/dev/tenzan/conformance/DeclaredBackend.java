package dev.tenzan.conformance;

import dev.tenzan.kernel.KernelSpec;
import dev.tenzan.spi.Backend;
import dev.tenzan.spi.Buffer;
import dev.tenzan.spi.DeviceInfo;
import dev.tenzan.spi.Executable;
import dev.tenzan.spi.MemoryStats;
import dev.tenzan.spi.Support;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.function.Function;

/**
 * A backend that supports what another one declares, and runs it on its own device.
 *
 * @param host where kernels run
 * @param declared what the other backend answers
 */
record DeclaredBackend(Backend host, Function<KernelSpec, Support> declared) implements Backend {
  @Override
  public Support supports(int device, KernelSpec kernel) {
    return declared.apply(kernel);
  }

  @Override
  public String name() {
    return host.name();
  }

  @Override
  public List<DeviceInfo> devices() {
    return host.devices();
  }

  @Override
  public Buffer allocate(int device, long bytes) {
    return host.allocate(device, bytes);
  }

  @Override
  public void free(Buffer buffer) {
    host.free(buffer);
  }

  @Override
  public void copyIn(MemorySegment source, Buffer target, long targetByteOffset) {
    host.copyIn(source, target, targetByteOffset);
  }

  @Override
  public void copyOut(Buffer source, long sourceByteOffset, MemorySegment target) {
    host.copyOut(source, sourceByteOffset, target);
  }

  @Override
  public Executable compile(int device, KernelSpec kernel) {
    return host.compile(device, kernel);
  }

  @Override
  public void launch(Executable executable, List<Buffer> buffers) {
    host.launch(executable, buffers);
  }

  @Override
  public void synchronize(int device) {
    host.synchronize(device);
  }

  @Override
  public MemoryStats memory(int device) {
    return host.memory(device);
  }

  /** Leaves the host open: others use it. */
  @Override
  public void close() {}
}
