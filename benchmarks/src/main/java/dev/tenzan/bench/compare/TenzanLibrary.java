package dev.tenzan.bench.compare;

import dev.tenzan.Device;
import dev.tenzan.Devices;
import dev.tenzan.Tensor;
import dev.tenzan.TensorScope;
import dev.tenzan.type.DType;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/** Tenzan itself, on its {@code cpu} device, used as a user's program would use it. */
public final class TenzanLibrary implements Library {
  /** The device that is compared. */
  public static final String DEVICE = "cpu";

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
    return Optional.of(new Expression(body(work), inputs));
  }

  /** The expression that a user would write for a piece of work. */
  private static Function<List<Tensor>, List<Tensor>> body(Work work) {
    return switch (work) {
      case MatMul w -> in -> List.of(product(w, in.get(0), in.get(1)));
      case Elementwise w -> in -> List.of(elementwise(w.function(), in));
      case BroadcastAdd _ -> in -> List.of(in.get(0).add(in.get(1)));
      case Reduce w -> in -> List.of(reduce(w, in.getFirst()));
      case Normalise w -> in -> List.of(normalise(w.norm(), in));
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
    private final List<Tensor> operands = new ArrayList<>();

    Expression(Function<List<Tensor>, List<Tensor>> body, List<HostArray> inputs) {
      this.body = body;
      inputs.forEach(a -> operands.add(tensor(a)));
      Tensor.eval(operands);
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
