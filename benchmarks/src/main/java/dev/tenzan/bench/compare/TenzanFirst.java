package dev.tenzan.bench.compare;

import dev.tenzan.Device;
import dev.tenzan.Devices;
import dev.tenzan.Tensor;

/** A program that computes one product in Tenzan and nothing else. */
final class TenzanFirst {
  private TenzanFirst() {}

  /** Runs it. */
  public static void main(String[] args) {
    Device device = Devices.get(TenzanLibrary.DEVICE);
    Tensor a = device.of(FirstProduct.matrix(1), FirstProduct.SIZE, FirstProduct.SIZE);
    Tensor b = device.of(FirstProduct.matrix(2), FirstProduct.SIZE, FirstProduct.SIZE);
    float[] product = a.matmul(b).toFloats();
    FirstProduct.print(product[product.length - 1]);
  }
}
