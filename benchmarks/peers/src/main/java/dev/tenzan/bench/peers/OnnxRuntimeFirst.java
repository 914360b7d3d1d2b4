package dev.tenzan.bench.peers;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.tenzan.bench.compare.FirstProduct;
import dev.tenzan.type.DType;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.Map;

/** A program that computes one product in ONNX Runtime and nothing else. */
final class OnnxRuntimeFirst {
  private OnnxRuntimeFirst() {}

  /** Runs it; the argument is the number of threads. */
  public static void main(String[] args) throws OrtException {
    int n = FirstProduct.SIZE;
    byte[] model =
        new OnnxModel()
            .node("MatMul", List.of("x0", "x1"), List.of("y"))
            .input("x0", DType.F32, n, n)
            .input("x1", DType.F32, n, n)
            .output(DType.F32, 2)
            .toByteArray();
    OrtEnvironment environment = OrtEnvironment.getEnvironment();
    OrtSession.SessionOptions options = new OrtSession.SessionOptions();
    options.setIntraOpNumThreads(Integer.parseInt(args[0]));
    try (OrtSession session = environment.createSession(model, options);
        OnnxTensor a = OnnxTensor.createTensor(environment, FloatBuffer.wrap(FirstProduct.matrix(1)), new long[] {n, n});
        OnnxTensor b = OnnxTensor.createTensor(environment, FloatBuffer.wrap(FirstProduct.matrix(2)), new long[] {n, n});
        OrtSession.Result result = session.run(Map.of("x0", a, "x1", b))) {
      FirstProduct.print(((OnnxTensor) result.get(0)).getFloatBuffer().get(n * n - 1));
    }
  }
}
