package dev.tenzan.opencl;

import dev.tenzan.kernel.CustomKernel;
import dev.tenzan.opencl.custom.DeviceBody;
import dev.tenzan.spi.Executable;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * A user's own operation made ready for one device. Its body is prepared and run without the device's lock, which it takes for each copy:
 * bodies have locks of their own.
 */
record CustomExecutable(CustomKernel kernel, OpenClDevice device, DeviceBody.Prepared prepared) implements Executable {

  private record Target(OpenClDevice device) implements DeviceBody.Target {
    @Override
    public String name() {
      return device.name;
    }

    @Override
    public long handle() {
      return device.handle();
    }

    @Override
    public String buildLog(String source) {
      return device.buildLog(source);
    }
  }

  private record Contents(CustomKernel kernel, OpenClDevice device, List<OpenClBuffer> buffers) implements DeviceBody.Contents {
    @Override
    public void read(int input, MemorySegment target) {
      Failures.run(kernel.name(), device.name, () -> device.copyOut(buffers.get(input), 0, target));
    }

    @Override
    public void write(MemorySegment source) {
      Failures.run(kernel.name(), device.name, () -> device.copyIn(source, buffers.getLast(), 0));
    }
  }

  /** Prepares a kernel whose body is a {@link DeviceBody}. */
  static CustomExecutable of(CustomKernel kernel, OpenClDevice device) {
    return new CustomExecutable(kernel, device, ((DeviceBody) kernel.body()).prepare(kernel, new Target(device)));
  }

  /** The sizes of the tensors in bytes, inputs first. */
  List<Long> bytes() {
    List<Long> bytes = new ArrayList<>();
    for (int i = 0; i < kernel.inputs().size(); i++) {
      bytes.add(kernel.inputShapes().get(i).size() * kernel.inputs().get(i).byteSize());
    }
    bytes.add(kernel.outputShape().size() * kernel.output().byteSize());
    return bytes;
  }

  /** Runs the body on buffers that have been checked. */
  void run(List<OpenClBuffer> buffers) {
    prepared.run(new Contents(kernel, device, buffers));
  }
}
