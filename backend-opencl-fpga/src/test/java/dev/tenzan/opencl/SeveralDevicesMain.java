package dev.tenzan.opencl;

import dev.tenzan.Device;
import dev.tenzan.Devices;
import dev.tenzan.Tensor;
import dev.tenzan.type.DType;
import java.util.Arrays;

/** Computes on two OpenCL devices of one process and moves tensors between them; {@link SeveralDevicesTest} starts it. */
final class SeveralDevicesMain {
  private SeveralDevicesMain() {}

  /** Takes no arguments. */
  public static void main(String[] args) {
    Device a = Devices.get("opencl:0");
    Device b = Devices.get("opencl:1");
    try (Tensor x = a.randomNormal(DType.F32, 7, 20, 30);
        Tensor y = b.randomNormal(DType.F32, 8, 30, 10);
        Tensor there = x.to(b);
        Tensor product = there.matmul(y);
        Tensor back = product.to(a);
        Tensor sum = back.tanh().sum()) {
      Device reference = Devices.get("reference");
      float[] expected =
          x.to(reference).matmul(y.to(reference)).tanh().sum().toFloats();
      float[] actual = sum.toFloats();
      if (!Arrays.equals(expected, actual)) {
        throw new AssertionError(Arrays.toString(actual) + " is not " + Arrays.toString(expected));
      }
      boolean mixed = false;
      try {
        x.matmul(y).eval();
      } catch (dev.tenzan.error.DeviceException e) {
        mixed = true;
      }
      if (!mixed) {
        throw new AssertionError("operands on two devices were taken");
      }
    }
    System.out.println("done on " + Devices.all().stream().filter(d -> d.name().startsWith("opencl")).count() + " devices");
  }
}
