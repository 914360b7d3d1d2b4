package dev.tenzan.bench.peers;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.tenzan.bench.compare.HostArray;
import dev.tenzan.bench.compare.Library;
import dev.tenzan.bench.compare.Task;
import dev.tenzan.bench.compare.TrainingStep;
import dev.tenzan.bench.compare.Work;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * PyTorch on the processor, through the Deep Java Library: its operators run one by one, without gradients, and every array is
 * closed as soon as it is used up.
 */
public final class PyTorch implements Library {
  /** The numbers that TorchScript has for types. */
  private static final int FLOAT64 = 7;

  private static final int BFLOAT16 = 15;

  private @Nullable NDManager manager;

  @Override
  public String name() {
    return "PyTorch";
  }

  /** The settings must stand before the engine is loaded. */
  @Override
  public String start(int threads) {
    System.setProperty("ai.djl.offline", "true"); // its natives are on the class path: nothing is downloaded
    System.setProperty("OPT_OUT_TRACKING", "true");
    System.setProperty("ai.djl.pytorch.num_threads", Integer.toString(threads));
    System.setProperty("ai.djl.pytorch.num_interop_threads", Integer.toString(threads));
    Engine engine = Engine.getEngine("PyTorch");
    manager = engine.newBaseManager(Device.cpu());
    return engine.getVersion() + " through DJL " + Engine.getDjlVersion() + ", " + threads
        + (threads == 1 ? " thread" : " threads");
  }

  @Override
  public Optional<String> firstProgram() {
    return Optional.of(PyTorchFirst.class.getName());
  }

  @Override
  public Optional<Task> open(Work work, List<HostArray> inputs) {
    NDManager m = Objects.requireNonNull(manager, "not started");
    List<NDArray> arrays = inputs.stream().map(a -> array(m, a)).toList();
    return Optional.of(
        work instanceof TrainingStep training
            ? new PyTorchTraining(training, m, arrays)
            : new Running(PyTorchProgram.of(work, m), arrays));
  }

  private static NDArray array(NDManager m, HostArray a) {
    Shape shape = new Shape(a.dims());
    return switch (a.dtype()) {
      case F32 -> m.create(a.floats(), shape);
      case F64 -> m.create(a.doubles(), shape);
      case I8 -> m.create(ByteBuffer.wrap(a.bytes()), shape, DataType.INT8);
      case I64 -> m.create(a.longs(), shape);
      case BF16 -> {
        // DJL's own conversion ends the process.
        try (NDArray wide = m.create(a.floats(), shape);
            TorchScript narrow = TorchScript.of(m, 1, "torch.to(x0, " + BFLOAT16 + ")")) {
          yield narrow.call(List.of(wide));
        }
      }
      default -> throw new IllegalArgumentException("no input of " + a.dtype());
    };
  }

  /** The values of an array as doubles. */
  static double[] doubles(NDArray array) {
    try (TorchScript widen = TorchScript.of(array.getManager(), 1, "torch.to(x0, " + FLOAT64 + ")");
        NDArray wide = widen.call(List.of(array))) {
      return wide.toDoubleArray();
    }
  }

  private static final class Running implements Task {
    private final PyTorchProgram program;
    private final List<NDArray> inputs;

    Running(PyTorchProgram program, List<NDArray> inputs) {
      this.program = program;
      this.inputs = inputs;
    }

    @Override
    public void run() {
      program.run(inputs).close();
    }

    @Override
    public double[] result() {
      try (NDArray result = program.run(inputs)) {
        return doubles(result);
      }
    }

    @Override
    public void close() {
      inputs.forEach(NDArray::close);
      program.close();
    }
  }

  @Override
  public void close() {
    if (manager != null) {
      manager.close();
    }
  }
}
