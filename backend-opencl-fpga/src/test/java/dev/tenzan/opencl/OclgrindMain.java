package dev.tenzan.opencl;

import dev.tenzan.conformance.SampleKernels;
import dev.tenzan.kernel.KernelSpec;
import dev.tenzan.opencl.driver.DeviceFacts;
import dev.tenzan.opencl.driver.JoclDriver;
import dev.tenzan.opencl.driver.OpenClDriver;
import dev.tenzan.opencl.plan.Planner;
import dev.tenzan.opencl.plan.Style;
import dev.tenzan.opencl.program.KernelSource;
import dev.tenzan.spi.Buffer;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;

/** Runs kernels of every kind on the device of a process of its own, or kernels with planted bugs; {@link OclgrindTest} starts it. */
final class OclgrindMain {
  private OclgrindMain() {}

  /** Takes {@code cpu}, {@code gpu}, {@code fpga}, or a bug: {@code bounds}, {@code race}, {@code uninitialized}. */
  public static void main(String[] args) {
    switch (args[0]) {
      case "cpu" -> kernels(OclgrindMain::cpu);
      case "gpu" -> kernels(SeenAs::gpu);
      case "fpga" -> {
        System.setProperty(Style.PROPERTY, "fpga");
        kernels(OclgrindMain::cpu);
      }
      default -> bug(args[0]);
    }
    System.out.println("done");
  }

  private static DeviceFacts cpu(DeviceFacts f) {
    return new DeviceFacts(
        f.platform(), f.name(), f.vendor(), f.version(), f.driver(), 2, 2, f.memoryBytes(), f.maxAllocation(), f.localBytes(),
        f.maxGroup(), 8, f.floatBits(), f.doubleBits(), f.argumentBytes(), false, f.compiler());
  }

  private static void kernels(UnaryOperator<DeviceFacts> facts) {
    OpenClDriver driver = SeenAs.with(new JoclDriver(), facts);
    try (OpenClBackend backend = new OpenClBackend(driver, null)) {
      System.out.println("on " + backend.devices().getFirst().description());
      for (KernelSpec kernel : SampleKernels.all()) {
        List<Buffer> buffers = new ArrayList<>();
        List<Long> bytes = Planner.plan(kernel, Style.of(backend.facts(0))).bytes();
        for (long b : bytes) {
          // Pooled blocks are larger than a buffer, and would hide what is written behind it.
          buffers.add(backend.exactBuffer(0, Math.max(1, b)));
        }
        for (int i = 0; i < kernel.inputs().size(); i++) {
          backend.copyIn(MemorySegment.ofArray(new byte[(int) (long) bytes.get(i)]), buffers.get(i), 0);
        }
        backend.launch(backend.compile(0, kernel), buffers);
        Buffer last = buffers.getLast();
        backend.copyOut(last, 0, MemorySegment.ofArray(new byte[(int) last.byteSize()]));
        System.out.println("ran " + kernel.name());
      }
    }
  }

  private static void bug(String name) {
    String code =
        switch (name) {
          case "bounds" -> "__kernel void bug(__global int* x) { x[get_global_id(0) + 1] = 1; }";
          case "race" -> "__kernel void bug(__global int* x) { __local int y; y = get_local_id(0); x[get_global_id(0)] = y; }";
          case "uninitialized" -> "__kernel void bug(__global int* x) { int y[4]; if (y[x[0] & 3] > 0) x[get_global_id(0)] = 1; }";
          default -> throw new IllegalArgumentException(name);
        };
    OpenClDriver driver = new JoclDriver();
    OpenClDriver.Platform platform = driver.platforms().getFirst();
    OpenClDriver.DeviceId device = driver.devices(platform).getFirst();
    OpenClDriver.Context context = driver.createContext(platform, device);
    OpenClDriver.Queue queue = driver.createQueue(context, device);
    OpenClDriver.Memory x = driver.createBuffer(context, 16);
    OpenClDriver.Kernel k = driver.createKernel(driver.buildSource(context, device, code, KernelSource.OPTIONS), "bug");
    driver.setArgument(k, 0, x);
    driver.enqueue(queue, k, 4, 4);
    driver.finish(queue);
  }
}
