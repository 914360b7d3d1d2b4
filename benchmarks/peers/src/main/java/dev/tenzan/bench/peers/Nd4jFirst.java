package dev.tenzan.bench.peers;

import dev.tenzan.bench.compare.FirstProduct;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** A program that computes one product in ND4J and nothing else. */
final class Nd4jFirst {
  private Nd4jFirst() {}

  /** Runs it; the argument is the number of threads. */
  public static void main(String[] args) {
    Nd4j.factory().blas().setMaxThreads(Integer.parseInt(args[0]));
    long[] shape = {FirstProduct.SIZE, FirstProduct.SIZE};
    INDArray a = Nd4j.create(FirstProduct.matrix(1), shape, DataType.FLOAT);
    INDArray b = Nd4j.create(FirstProduct.matrix(2), shape, DataType.FLOAT);
    float[] product = a.mmul(b).dup('c').data().asFloat();
    FirstProduct.print(product[product.length - 1]);
  }
}
