package dev.tenzan.opencl;

import dev.tenzan.Device;
import dev.tenzan.Devices;
import dev.tenzan.conformance.ConformanceKit;
import dev.tenzan.conformance.OpCase;
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

/**
 * Runs kernels of every kind on the device of a process of its own, the small cases of the conformance kit, or kernels with planted bugs;
 * {@link OclgrindTest} starts it.
 */
final class OclgrindMain {
  private OclgrindMain() {}

  /** The elements of the largest input of a case that is run: the interpreter takes about a microsecond for an instruction. */
  private static final long LARGEST = 2048;

  /**
   * Takes {@code cpu}, {@code gpu}, {@code fpga}, {@code kit} with a style, the first operation and the step to the next, or a bug: {@code bounds},
   * {@code race}, {@code uninitialized}.
   */
  public static void main(String[] args) {
    System.setProperty(BufferPool.PROPERTY, "off");
    switch (args[0]) {
      case "cpu" -> kernels(OclgrindMain::cpu, SampleKernels.all());
      case "gpu" -> {
        kernels(SeenAs::gpu, SampleKernels.all());
        kernels(SeenAs::gpu, SampleKernels.severalGroups());
      }
      case "fpga" -> {
        System.setProperty(Style.PROPERTY, "fpga");
        kernels(OclgrindMain::cpu, SampleKernels.all());
      }
      case "kit" -> {
        System.setProperty(Style.PROPERTY, args[1]);
        kit(Integer.parseInt(args[2]), Integer.parseInt(args[3]));
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

  private static void kernels(UnaryOperator<DeviceFacts> facts, List<KernelSpec> all) {
    OpenClDriver driver = SeenAs.with(new JoclDriver(), facts);
    try (OpenClBackend backend = new OpenClBackend(driver, null)) {
      System.out.println("on " + backend.devices().getFirst().description());
      for (KernelSpec kernel : all) {
        List<Buffer> buffers = new ArrayList<>();
        List<Long> bytes = Planner.plan(kernel, Style.of(backend.facts(0))).bytes();
        for (long b : bytes) {
          buffers.add(backend.allocate(0, b));
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

  /**
   * Runs small cases. Guards are off: Oclgrind sees each access behind a buffer by itself, and each use of what was never written, which a
   * pattern would be. Results are not looked at where its arithmetic differs; it says that it has no fused multiply-add.
   */
  private static void kit(int first, int step) {
    System.setProperty("tenzan.conformance.guards", "off");
    Device device = Devices.get("opencl:0");
    System.out.println("on " + device.info().description());
    List<ConformanceKit.Group> groups = ConformanceKit.groups(_ -> true);
    int checks = 0;
    int different = 0;
    for (int g = first; g < groups.size(); g += step) {
      ConformanceKit kit = new ConformanceKit(device);
      for (OpCase c : groups.get(g).cases()) {
        if (c.inputs().stream().allMatch(in -> in.shape().size() <= LARGEST)) {
          kit.run(new ConformanceKit.Group(groups.get(g).op(), List.of(c)));
        }
      }
      checks += kit.passed();
      different += kit.failures().size();
      kit.failures().forEach(f -> System.out.println("different: " + f));
    }
    System.out.println("ran " + checks + " checks, " + different + " different");
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
    OpenClDriver.Queue queue = driver.createQueue(context, device, false);
    OpenClDriver.Memory x = driver.createBuffer(context, 16);
    OpenClDriver.Kernel k = driver.createKernel(driver.buildSource(context, device, code, KernelSource.OPTIONS), "bug");
    driver.setArgument(k, 0, x);
    driver.enqueue(queue, k, 4, 4);
    driver.finish(queue);
  }
}
