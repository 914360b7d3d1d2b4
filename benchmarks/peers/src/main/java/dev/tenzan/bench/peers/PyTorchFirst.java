package dev.tenzan.bench.peers;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.tenzan.bench.compare.FirstProduct;

/** A program that computes one product in PyTorch and nothing else. */
final class PyTorchFirst {
  private PyTorchFirst() {}

  /** Runs it; the argument is the number of threads. */
  public static void main(String[] args) {
    System.setProperty("ai.djl.offline", "true");
    System.setProperty("OPT_OUT_TRACKING", "true");
    System.setProperty("ai.djl.pytorch.num_threads", args[0]);
    Shape shape = new Shape(FirstProduct.SIZE, FirstProduct.SIZE);
    try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
      NDArray a = manager.create(FirstProduct.matrix(1), shape);
      NDArray b = manager.create(FirstProduct.matrix(2), shape);
      float[] product = a.matMul(b).toFloatArray();
      FirstProduct.print(product[product.length - 1]);
    }
  }
}
