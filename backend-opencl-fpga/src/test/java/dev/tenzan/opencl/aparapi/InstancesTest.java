package dev.tenzan.opencl.aparapi;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.aparapi.Kernel;
import dev.tenzan.kernel.CustomKernel;
import dev.tenzan.opencl.Runtimes;
import dev.tenzan.opencl.custom.DeviceBody;
import dev.tenzan.opencl.driver.JoclDriver;
import dev.tenzan.opencl.driver.OpenClDriver;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** What kernels hold on a device is released, and only where Aparapi can do so without a crash. */
class InstancesTest {
  private static final Shape SHAPE = Shape.of(4);

  /** Reverses a work-group, through all three kinds of memory. */
  static final class Reverse extends Kernel {
    int[] x;
    int[] y;
    @Local int[] tile;

    @Override
    public void run() {
      tile[getLocalId()] = x[getGlobalId()];
      localBarrier();
      y[getGlobalId()] = tile[getLocalSize() - 1 - getLocalId()];
    }
  }

  private record Target(long handle) implements DeviceBody.Target {
    static Target first() {
      OpenClDriver driver = new JoclDriver();
      return driver.platforms().stream()
          .flatMap(p -> driver.devices(p).stream())
          .map(d -> new Target(driver.handle(d)))
          .findFirst()
          .orElseThrow();
    }

    @Override
    public String name() {
      return "opencl:0";
    }

    @Override
    public String buildLog(String source) {
      return "";
    }
  }

  private record Contents(int[] in, int[] out) implements DeviceBody.Contents {
    @Override
    public void read(int input, MemorySegment target) {
      target.copyFrom(MemorySegment.ofArray(in));
    }

    @Override
    public void write(MemorySegment source) {
      MemorySegment.ofArray(out).copyFrom(source);
    }
  }

  private static void run(Instances<Reverse> all, Target target) {
    CustomKernel kernel =
        new CustomKernel(
            "reverse", List.of(DType.I32), List.of(SHAPE), DType.I32, SHAPE,
            AparapiKernel.of(Reverse::new, (k, a) -> {})); // a body to name; not run
    int[] out = new int[4];
    all.on("reverse", target)
        .run(
            kernel,
            target,
            (k, a) -> {
              k.x = a.ints(0);
              k.y = a.outputInts();
              k.tile = new int[4];
            },
            new Contents(new int[] {1, 2, 3, 4}, out));
    assertArrayEquals(new int[] {4, 3, 2, 1}, out);
  }

  @Test
  void kernelsAreReleasedAndMadeAgain() {
    Runtimes.assumeAvailable();
    AtomicInteger made = new AtomicInteger();
    Instances<Reverse> all =
        new Instances<>(
            () -> {
              made.incrementAndGet();
              return new Reverse();
            });
    Target target = Target.first();
    for (int i = 1; i <= 3; i++) {
      run(all, target);
      System.gc();
      run(all, target);
      assertEquals(i, made.get(), "a kernel serves every launch until it is released");
      all.dispose();
    }
    all.on("reverse", target); // compiled, and never run
    all.dispose();
    all.dispose();
    run(all, target);
    assertEquals(5, made.get());
  }
}
