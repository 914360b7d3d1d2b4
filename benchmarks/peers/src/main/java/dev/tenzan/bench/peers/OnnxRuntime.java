package dev.tenzan.bench.peers;

import ai.onnxruntime.NodeInfo;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OnnxTensorLike;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.tenzan.bench.compare.Attention;
import dev.tenzan.bench.compare.BroadcastAdd;
import dev.tenzan.bench.compare.Convolution;
import dev.tenzan.bench.compare.CumulativeSum;
import dev.tenzan.bench.compare.Elementwise;
import dev.tenzan.bench.compare.FirstProduct;
import dev.tenzan.bench.compare.Gather;
import dev.tenzan.bench.compare.HostArray;
import dev.tenzan.bench.compare.Library;
import dev.tenzan.bench.compare.MatMul;
import dev.tenzan.bench.compare.MaxPool;
import dev.tenzan.bench.compare.Normalise;
import dev.tenzan.bench.compare.Reduce;
import dev.tenzan.bench.compare.Sort;
import dev.tenzan.bench.compare.Task;
import dev.tenzan.bench.compare.TopK;
import dev.tenzan.bench.compare.TrainingStep;
import dev.tenzan.bench.compare.Transpose;
import dev.tenzan.bench.compare.Work;
import dev.tenzan.bench.peers.OnnxModel.Attribute;
import dev.tenzan.type.DType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** ONNX Runtime on the processor: a model of one or a few nodes for each piece of work, with weights where a model has them. */
public final class OnnxRuntime implements Library {
  private static final List<String> RESULT = List.of("y");

  private @Nullable OrtEnvironment environment;
  private int threads;

  @Override
  public String name() {
    return "ONNX Runtime";
  }

  @Override
  public String start(int count) {
    this.threads = count;
    OrtEnvironment e = OrtEnvironment.getEnvironment();
    environment = e;
    return e.getVersion() + ", " + count + (count == 1 ? " thread" : " threads");
  }

  @Override
  public Optional<String> firstProgram() {
    return Optional.of(OnnxRuntimeFirst.class.getName());
  }

  @Override
  public Optional<Task> open(Work work, List<HostArray> inputs) {
    OrtEnvironment e = Objects.requireNonNull(environment, "not started");
    Plan plan = plan(work);
    if (plan == null) {
      return Optional.empty();
    }
    try {
      return Optional.of(new Running(e, plan, inputs));
    } catch (OrtException x) {
      throw new IllegalStateException(x.getMessage(), x);
    }
  }

  /**
   * How a piece of work is done.
   *
   * @param model the nodes
   * @param result the type of the result
   * @param rank the number of its axes
   * @param weights which inputs belong to the model
   */
  private record Plan(OnnxModel model, DType result, int rank, Set<Integer> weights) {
    Plan(OnnxModel model, int rank) {
      this(model, DType.F32, rank, Set.of());
    }
  }

  private static @Nullable Plan plan(Work work) {
    return switch (work) {
      case MatMul w -> product(w);
      case Elementwise w -> new Plan(elementwise(w.function()), 1);
      case BroadcastAdd _ -> new Plan(node("Add", "x0", "x1"), 2);
      case Reduce w -> reduce(w);
      case Normalise w -> normalise(w);
      case Transpose _ -> new Plan(node("Transpose", List.of("x0"), Attribute.of("perm", 1, 0)), 2);
      case Gather _ ->
          new Plan(node("Gather", List.of("x0", "x1"), Attribute.of("axis", 0)), DType.F32, 2, Set.of(0));
      case CumulativeSum w ->
          new Plan(node("CumSum", "x0", "axis").numbers("axis", w.axis()), w.axis() + 1);
      case Sort _ -> null;
      case TopK w ->
          new Plan(new OnnxModel().node("TopK", List.of("x0", "k"), List.of("y", "at")).numbers("k", w.k()), 1);
      case Convolution w -> convolution(w);
      case MaxPool _ ->
          new Plan(
              node(
                  "MaxPool", List.of("x0"), both("kernel_shape", MaxPool.WINDOW), both("strides", MaxPool.STRIDE),
                  Attribute.of("pads", MaxPool.PADDING, MaxPool.PADDING, MaxPool.PADDING, MaxPool.PADDING)),
              4);
      case Attention w -> attention(w);
      case TrainingStep _, FirstProduct _ -> null;
    };
  }

  private static OnnxModel node(String operator, String... inputs) {
    return node(operator, List.of(inputs));
  }

  private static OnnxModel node(String operator, List<String> inputs, Attribute... attributes) {
    return new OnnxModel().node(operator, inputs, RESULT, attributes);
  }

  private static Attribute both(String name, long value) {
    return Attribute.of(name, value, value);
  }

  private static @Nullable Plan product(MatMul w) {
    int rank = w.batch() == 1 ? 2 : 3;
    if (w.transposeA() || w.transposeB()) {
      return new Plan(
          node(
              "Gemm", List.of("x0", "x1"), Attribute.of("transA", w.transposeA() ? 1 : 0),
              Attribute.of("transB", w.transposeB() ? 1 : 0)),
          rank);
    }
    return switch (w.dtype()) {
      case I8 -> new Plan(node("MatMulInteger", "x0", "x1"), DType.I32, rank, Set.of());
      case F32, F64 -> new Plan(node("MatMul", "x0", "x1"), w.dtype(), rank, Set.of());
      default -> null;
    };
  }

  private static OnnxModel elementwise(Elementwise.Function function) {
    return switch (function) {
      case ADD -> node("Add", "x0", "x1");
      case EXP -> node("Exp", "x0");
      case TANH -> node("Tanh", "x0");
      case GELU -> node("Gelu", "x0");
      case CHAIN ->
          new OnnxModel()
              .node("Mul", List.of("x0", "x1"), List.of("product"))
              .node("Tanh", List.of("product"), List.of("tanh"))
              .node("Add", List.of("tanh", "x0"), RESULT);
    };
  }

  private static Plan reduce(Reduce w) {
    boolean all = w.over() == Reduce.Over.ALL;
    int axis = w.over() == Reduce.Over.ROWS ? 1 : 0;
    int rank = all ? 0 : 1;
    if (w.reduction() == Reduce.Reduction.ARGMAX) {
      OnnxModel model = new OnnxModel();
      if (all) {
        model.numbers("line", -1).node("Reshape", List.of("x0", "line"), List.of("flat"));
      }
      model.node("ArgMax", List.of(all ? "flat" : "x0"), RESULT, Attribute.of("axis", axis), Attribute.of("keepdims", 0));
      return new Plan(model, DType.I64, rank, Set.of());
    }
    String operator = w.reduction() == Reduce.Reduction.SUM ? "ReduceSum" : "ReduceMax";
    List<String> inputs = all ? List.of("x0") : List.of("x0", "axes");
    OnnxModel model = node(operator, inputs, Attribute.of("keepdims", 0));
    return new Plan(all ? model : model.numbers("axes", axis), rank);
  }

  private static Plan normalise(Normalise w) {
    Attribute last = Attribute.of("axis", -1);
    Attribute epsilon = Attribute.of("epsilon", (float) Normalise.EPSILON);
    return switch (w.norm()) {
      case SOFTMAX -> new Plan(node("Softmax", List.of("x0"), last), 2);
      case LAYER_NORM ->
          new Plan(
              node("LayerNormalization", List.of("x0", "x1", "x2"), last, epsilon), DType.F32, 2, Set.of(1, 2));
      case RMS_NORM ->
          new Plan(node("RMSNormalization", List.of("x0", "x1"), last, epsilon), DType.F32, 2, Set.of(1));
    };
  }

  private static Plan convolution(Convolution w) {
    long p = w.padding();
    return new Plan(
        node(
            "Conv", List.of("x0", "x1"), both("kernel_shape", w.kernel()), both("strides", w.stride()),
            Attribute.of("pads", p, p, p, p), Attribute.of("group", w.groups())),
        DType.F32, 4, Set.of(1));
  }

  /** The operator wants a batch axis in front; adding it moves nothing. */
  private static Plan attention(Attention w) {
    OnnxModel model = new OnnxModel().numbers("batched", 1, w.heads(), w.tokens(), w.width());
    for (int i = 0; i < 3; i++) {
      model.node("Reshape", List.of("x" + i, "batched"), List.of("b" + i));
    }
    return new Plan(model.node("Attention", List.of("b0", "b1", "b2"), RESULT), 4);
  }

  private static OnnxTensor tensor(OrtEnvironment e, HostArray a) throws OrtException {
    ByteBuffer memory =
        ByteBuffer.allocateDirect(Math.multiplyExact(a.size(), a.dtype().byteSize())).order(ByteOrder.nativeOrder());
    return switch (a.dtype()) {
      case F32 -> OnnxTensor.createTensor(e, memory.asFloatBuffer().put(a.floats()).flip(), a.dims());
      case F64 -> OnnxTensor.createTensor(e, memory.asDoubleBuffer().put(a.doubles()).flip(), a.dims());
      case I64 -> OnnxTensor.createTensor(e, memory.asLongBuffer().put(a.longs()).flip(), a.dims());
      case I8 -> OnnxTensor.createTensor(e, memory.put(a.bytes()).flip(), a.dims(), ai.onnxruntime.OnnxJavaType.INT8);
      default -> throw new IllegalArgumentException("no input of " + a.dtype());
    };
  }

  private final class Running implements Task {
    private final OrtSession session;
    private final Map<String, OnnxTensorLike> inputs = new LinkedHashMap<>();
    private final DType result;

    Running(OrtEnvironment e, Plan plan, List<HostArray> arrays) throws OrtException {
      this.result = plan.result();
      for (int i = 0; i < arrays.size(); i++) {
        HostArray a = arrays.get(i);
        if (plan.weights().contains(i)) {
          plan.model().weights("x" + i, a);
        } else {
          plan.model().input("x" + i, a.dtype(), a.dims());
        }
      }
      byte[] model = plan.model().output(plan.result(), plan.rank()).toByteArray();
      try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
        options.setIntraOpNumThreads(threads);
        options.setInterOpNumThreads(1);
        options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.ALL_OPT);
        session = e.createSession(model, options);
      }
      for (NodeInfo input : session.getInputInfo().values()) {
        inputs.put(input.getName(), tensor(e, arrays.get(Integer.parseInt(input.getName().substring(1)))));
      }
    }

    @Override
    public void run() {
      try (OrtSession.Result r = session.run(inputs, Set.of("y"))) {
        if (r.size() != 1) {
          throw new IllegalStateException(r.size() + " results");
        }
      } catch (OrtException e) {
        throw new IllegalStateException(e.getMessage(), e);
      }
    }

    @Override
    public double[] result() {
      try (OrtSession.Result r = session.run(inputs, Set.of("y"))) {
        return doubles((OnnxTensor) r.get(0));
      } catch (OrtException e) {
        throw new IllegalStateException(e.getMessage(), e);
      }
    }

    private double[] doubles(OnnxTensor t) {
      ByteBuffer memory = t.getByteBuffer().order(ByteOrder.nativeOrder());
      double[] values = new double[memory.remaining() / result.byteSize()];
      for (int i = 0; i < values.length; i++) {
        values[i] =
            switch (result) {
              case F64 -> memory.getDouble(8 * i);
              case I32 -> memory.getInt(4 * i);
              case I64 -> memory.getLong(8 * i);
              default -> memory.getFloat(4 * i);
            };
      }
      return values;
    }

    @Override
    public void close() {
      try {
        session.close();
      } catch (OrtException e) {
        throw new IllegalStateException(e.getMessage(), e);
      } finally {
        inputs.values().forEach(OnnxTensorLike::close);
      }
    }
  }
}
