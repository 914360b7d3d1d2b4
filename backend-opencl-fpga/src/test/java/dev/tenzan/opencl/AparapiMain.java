package dev.tenzan.opencl;

import com.aparapi.Kernel;
import dev.tenzan.Device;
import dev.tenzan.Devices;
import dev.tenzan.Tensor;
import dev.tenzan.error.DeviceException;
import dev.tenzan.opencl.aparapi.AparapiArrays;
import dev.tenzan.opencl.aparapi.AparapiKernel;
import dev.tenzan.type.DType;
import java.util.Arrays;
import java.util.function.Supplier;

/** What is tested of Aparapi in processes of their own; {@link AparapiProcessTest} starts it. */
final class AparapiMain {
  private AparapiMain() {}

  /** These are loaded without Aparapi, as lambdas in their place would not be. */
  private static final class Factory implements Supplier<Kernel> {
    @Override
    public Kernel get() {
      throw new AssertionError("a kernel was made");
    }
  }

  private static final class Binding implements AparapiKernel.Binding<Kernel> {
    @Override
    public void bind(Kernel kernel, AparapiArrays arrays) {
      throw new AssertionError("a kernel was bound");
    }
  }

  /** Takes {@code absent} or {@code devices}. */
  public static void main(String[] args) {
    switch (args[0]) {
      case "absent" -> absent();
      case "devices" -> devices();
      default -> throw new IllegalArgumentException(args[0]);
    }
  }

  private static void absent() {
    try {
      AparapiKernel.of(new Factory(), new Binding());
      throw new AssertionError("AparapiKernel was made without Aparapi");
    } catch (DeviceException e) {
      System.out.println(e.getMessage());
    }
    if (new OpenClProvider().availability().available()) {
      Device reference = Devices.get("reference");
      try (Tensor x = reference.randomNormal(DType.F32, 7, 20, 30)) {
        check(x.to(Devices.get("opencl:0")).tanh().sum(1).toFloats(), x.tanh().sum(1).toFloats());
      }
      System.out.println("computed on opencl:0");
    }
    System.out.println("done");
  }

  private static void devices() {
    for (String name : new String[] {"opencl:0", "opencl:1", "opencl:0"}) {
      Tensor x = Devices.get(name).of(new float[] {1, 2, 3, 4});
      Tensor y = Tensor.custom("axpy", DType.F32, x.shape(), AparapiSamples.AXPY, x, x);
      check(y.toFloats(), new float[] {4, 8, 12, 16});
    }
    System.out.println("done");
  }

  private static void check(float[] actual, float[] expected) {
    if (!Arrays.equals(expected, actual)) {
      throw new AssertionError(Arrays.toString(actual) + " is not " + Arrays.toString(expected));
    }
  }
}
