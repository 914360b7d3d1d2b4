package dev.tenzan.bench.compare;

import dev.tenzan.ConvOptions;
import dev.tenzan.Device;
import dev.tenzan.Devices;
import dev.tenzan.PoolOptions;
import dev.tenzan.Tensor;
import dev.tenzan.TensorScope;
import dev.tenzan.type.DType;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/** Tenzan itself, on its {@code cpu} device, used as a user's program would use it. */
public final class TenzanLibrary implements Library {
  /** The device that is compared. */
  public static final String DEVICE = "cpu";

  private static final PoolOptions POOLING =
      PoolOptions.of(MaxPool.WINDOW, MaxPool.WINDOW).stride(MaxPool.STRIDE).padding(MaxPool.PADDING);

  private final Device device;

  /** Tenzan with the threads that its device was set up with. */
  public TenzanLibrary() {
    this.device = Devices.get(DEVICE);
  }

  @Override
  public String name() {
    return "Tenzan";
  }

  @Override
  public String start(int threads) {
    return device.info().properties().entrySet().stream()
        .map(TenzanLibrary::text)
        .collect(Collectors.joining(", "));
  }

  private static String text(Map.Entry<String, String> property) {
    return property.getKey() + " " + property.getValue();
  }

  @Override
  public Optional<Task> open(Work work, List<HostArray> inputs) {
    List<Tensor> operands = inputs.stream().map(this::tensor).toList();
    Tensor.eval(operands);
    return Optional.of(
        work instanceof TrainingStep training
            ? new TenzanTraining(training, device, operands)
            : new Expression(body(work), operands));
  }

  @Override
  public Optional<String> firstProgram() {
    return Optional.of(TenzanFirst.class.getName());
  }

  /** The expression that a user would write for a piece of work. */
  private static Function<List<Tensor>, List<Tensor>> body(Work work) {
    return switch (work) {
      case MatMul w -> in -> List.of(product(w, in.get(0), in.get(1)));
      case Elementwise w -> in -> List.of(elementwise(w.function(), in));
      case BroadcastAdd _ -> in -> List.of(in.get(0).add(in.get(1)));
      case Reduce w -> in -> List.of(reduce(w, in.getFirst()));
      case Normalise w -> in -> List.of(normalise(w.norm(), in));
      // Adding -0.0 changes no value: it makes the copy that a transposed view alone would put off.
      case Transpose _ -> in -> List.of(in.getFirst().mT().add(-0.0));
      case Gather _ -> in -> List.of(in.get(0).take(in.get(1), 0));
      case CumulativeSum w -> in -> List.of(in.getFirst().cumulativeSum(w.axis()));
      case Sort _ -> in -> List.of(in.getFirst().sort());
      case TopK w -> in -> topK(in.getFirst().topk(w.k(), 0));
      case Convolution w -> in -> List.of(in.get(0).conv(in.get(1), options(w)));
      case MaxPool _ -> in -> List.of(in.getFirst().maxPool(POOLING));
      case Attention w -> in -> List.of(attention(w, in.get(0), in.get(1), in.get(2)));
      case TrainingStep _, FirstProduct _ -> throw new IllegalArgumentException(work + " is no expression");
    };
  }

  private static Tensor product(MatMul w, Tensor a, Tensor b) {
    Tensor left = w.transposeA() ? a.mT() : a;
    Tensor right = w.transposeB() ? b.mT() : b;
    return w.dtype() == DType.I8 ? left.matmul(right, DType.I32) : left.matmul(right);
  }

  private static Tensor elementwise(Elementwise.Function function, List<Tensor> in) {
    Tensor x = in.getFirst();
    return switch (function) {
      case ADD -> x.add(in.get(1));
      case EXP -> x.exp();
      case TANH -> x.tanh();
      case GELU -> x.gelu();
      case CHAIN -> x.mul(in.get(1)).tanh().add(x);
    };
  }

  private static Tensor reduce(Reduce w, Tensor x) {
    int axis = w.over() == Reduce.Over.ROWS ? 1 : 0;
    boolean all = w.over() == Reduce.Over.ALL;
    return switch (w.reduction()) {
      case SUM -> all ? x.sum() : x.sum(axis);
      case MAX -> all ? x.max() : x.max(axis);
      case ARGMAX -> all ? x.argmax() : x.argmax(axis);
    };
  }

  private static Tensor normalise(Normalise.Norm norm, List<Tensor> in) {
    Tensor x = in.getFirst();
    return switch (norm) {
      case SOFTMAX -> x.softmax(-1);
      case LAYER_NORM -> x.layerNorm(in.get(1), in.get(2), Normalise.EPSILON, 1);
      case RMS_NORM -> x.rmsNorm(in.get(1), Normalise.EPSILON);
    };
  }

  private static List<Tensor> topK(dev.tenzan.TopK found) {
    return List.of(found.values(), found.indices());
  }

  private static ConvOptions options(Convolution w) {
    return ConvOptions.of().stride(w.stride()).padding(w.padding()).groups(w.groups());
  }

  private static Tensor attention(Attention w, Tensor q, Tensor k, Tensor v) {
    return q.matmul(k.mT()).mul(w.scale()).softmax(-1).matmul(v);
  }

  /** An input on the device. */
  private Tensor tensor(HostArray a) {
    return switch (a.dtype()) {
      case F32 -> device.of(a.floats(), a.dims());
      case BF16 -> device.fromFloats(DType.BF16, a.floats(), a.dims());
      case F64 -> device.of(a.doubles(), a.dims());
      case I8 -> device.of(a.bytes(), a.dims());
      case I64 -> device.of(a.longs(), a.dims());
      default -> throw new IllegalArgumentException("no input of " + a.dtype());
    };
  }

  /** The values of a tensor as doubles. */
  static double[] doubles(Tensor t) {
    if (t.dtype().isInt()) {
      long[] whole = t.toLongs();
      double[] values = new double[whole.length];
      for (int i = 0; i < values.length; i++) {
        values[i] = whole[i];
      }
      return values;
    }
    return t.cast(DType.F64).toDoubles();
  }

  private final class Expression implements Task {
    private final Function<List<Tensor>, List<Tensor>> body;
    private final List<Tensor> operands;

    Expression(Function<List<Tensor>, List<Tensor>> body, List<Tensor> operands) {
      this.body = body;
      this.operands = operands;
    }

    @Override
    public void run() {
      try (TensorScope _ = TensorScope.open()) {
        Tensor.eval(body.apply(operands));
        device.synchronize();
      }
    }

    @Override
    public double[] result() {
      try (TensorScope _ = TensorScope.open()) {
        return doubles(body.apply(operands).getFirst());
      }
    }

    @Override
    public void close() {
      operands.forEach(Tensor::close);
    }
  }
}
