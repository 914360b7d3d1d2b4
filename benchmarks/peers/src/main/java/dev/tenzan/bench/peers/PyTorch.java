package dev.tenzan.bench.peers;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.tenzan.bench.compare.BroadcastAdd;
import dev.tenzan.bench.compare.Elementwise;
import dev.tenzan.bench.compare.HostArray;
import dev.tenzan.bench.compare.Library;
import dev.tenzan.bench.compare.MatMul;
import dev.tenzan.bench.compare.Normalise;
import dev.tenzan.bench.compare.Reduce;
import dev.tenzan.bench.compare.Task;
import dev.tenzan.bench.compare.Work;
import dev.tenzan.type.DType;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * PyTorch on the processor, through the Deep Java Library: its operators run one by one, without gradients, and every array is
 * closed as soon as it is used up.
 */
public final class PyTorch implements Library {
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

  private interface Program {
    NDArray run(List<NDArray> in);
  }

  @Override
  public Optional<Task> open(Work work, List<HostArray> inputs) {
    return program(work).map(p -> new Running(p, inputs));
  }

  private static Optional<Program> program(Work work) {
    return Optional.ofNullable(
        switch (work) {
          case MatMul w when w.dtype() == DType.I8 -> null;
          case MatMul w -> in -> product(w, in.get(0), in.get(1));
          case Elementwise w -> in -> elementwise(w.function(), in);
          case BroadcastAdd _ -> in -> in.get(0).add(in.get(1));
          case Reduce w -> in -> reduce(w, in.getFirst());
          case Normalise w when w.norm() == Normalise.Norm.RMS_NORM -> null;
          case Normalise w -> in -> normalise(w, in);
        });
  }

  /** Transposing makes a view; the product takes it as it is. */
  private static NDArray product(MatMul w, NDArray a, NDArray b) {
    if (w.transposeA()) {
      try (NDArray view = a.swapAxes(-2, -1)) {
        return view.matMul(b);
      }
    }
    if (w.transposeB()) {
      try (NDArray view = b.swapAxes(-2, -1)) {
        return a.matMul(view);
      }
    }
    return a.matMul(b);
  }

  private static NDArray elementwise(Elementwise.Function function, List<NDArray> in) {
    NDArray x = in.getFirst();
    return switch (function) {
      case ADD -> x.add(in.get(1));
      case EXP -> x.exp();
      case TANH -> x.tanh();
      case GELU -> x.getNDArrayInternal().gelu();
      case CHAIN -> {
        try (NDArray product = x.mul(in.get(1));
            NDArray tanh = product.tanh()) {
          yield tanh.add(x);
        }
      }
    };
  }

  private static NDArray reduce(Reduce w, NDArray x) {
    int axis = w.over() == Reduce.Over.ROWS ? 1 : 0;
    boolean all = w.over() == Reduce.Over.ALL;
    return switch (w.reduction()) {
      case SUM -> all ? x.sum() : x.sum(new int[] {axis});
      case MAX -> all ? x.max() : x.max(new int[] {axis});
      case ARGMAX -> all ? x.argMax() : x.argMax(axis);
    };
  }

  private static NDArray normalise(Normalise w, List<NDArray> in) {
    NDArray x = in.getFirst();
    if (w.norm() == Normalise.Norm.SOFTMAX) {
      return x.softmax(1);
    }
    Shape row = new Shape(w.columns());
    return x.getNDArrayInternal()
        .layerNorm(x, row, in.get(1), in.get(2), (float) Normalise.EPSILON)
        .singletonOrThrow();
  }

  private NDArray array(HostArray a) {
    NDManager m = java.util.Objects.requireNonNull(manager, "not started");
    Shape shape = new Shape(a.dims());
    return switch (a.dtype()) {
      case F32 -> m.create(a.floats(), shape);
      case F64 -> m.create(a.doubles(), shape);
      case I8 -> m.create(ByteBuffer.wrap(a.bytes()), shape, DataType.INT8);
      case I64 -> m.create(a.longs(), shape);
      case BF16 -> {
        try (NDArray wide = m.create(a.floats(), shape)) {
          yield wide.toType(DataType.BFLOAT16, true);
        }
      }
      default -> throw new IllegalArgumentException("no input of " + a.dtype());
    };
  }

  private final class Running implements Task {
    private final Program program;
    private final List<NDArray> inputs;

    Running(Program program, List<HostArray> inputs) {
      this.program = program;
      this.inputs = inputs.stream().map(PyTorch.this::array).toList();
    }

    @Override
    public void run() {
      program.run(inputs).close();
    }

    @Override
    public double[] result() {
      try (NDArray result = program.run(inputs);
          NDArray wide = result.toType(DataType.FLOAT64, true)) {
        return wide.toDoubleArray();
      }
    }

    @Override
    public void close() {
      inputs.forEach(NDArray::close);
    }
  }

  @Override
  public void close() {
    if (manager != null) {
      manager.close();
    }
  }
}
