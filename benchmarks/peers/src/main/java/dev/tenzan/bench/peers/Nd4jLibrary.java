package dev.tenzan.bench.peers;

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
import dev.tenzan.type.DType;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import org.nd4j.enums.WeightsFormat;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.memory.conf.WorkspaceConfiguration;
import org.nd4j.linalg.api.memory.enums.AllocationPolicy;
import org.nd4j.linalg.api.memory.enums.LearningPolicy;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.Conv2DConfig;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.PaddingMode;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.Pooling2DConfig;
import org.nd4j.linalg.api.ops.impl.transforms.custom.LayerNorm;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.factory.ops.NDBase;

/** ND4J on the processor. What a run allocates lies in a workspace, as its documentation advises for work that repeats. */
public final class Nd4jLibrary implements Library {
  private static final NDBase BASE = new NDBase();
  private static final WorkspaceConfiguration CONFIGURATION =
      WorkspaceConfiguration.builder()
          .policyLearning(LearningPolicy.FIRST_LOOP)
          .policyAllocation(AllocationPolicy.STRICT)
          .build();

  private int workspaces;

  @Override
  public String name() {
    return "ND4J";
  }

  @Override
  public String start(int threads) {
    Nd4j.getEnvironment().setMaxThreads(threads);
    Nd4j.getEnvironment().setMaxMasterThreads(threads);
    Nd4j.factory().blas().setMaxThreads(threads);
    Nd4j.getMemoryManager().togglePeriodicGc(false); // workspaces need none, and it would stop the others, too
    String core = System.getenv("OPENBLAS_CORETYPE");
    return version() + " with " + Nd4j.factory().blas().getBlasVendor() + ", " + Nd4j.getEnvironment().maxThreads()
        + (threads == 1 ? " thread" : " threads") + (core == null ? "" : ", OPENBLAS_CORETYPE=" + core);
  }

  /** The version in the library's jar. */
  private static String version() {
    try (InputStream in = Nd4j.class.getResourceAsStream("/META-INF/maven/org.nd4j/nd4j-native/pom.properties")) {
      Properties properties = new Properties();
      if (in != null) {
        properties.load(in);
      }
      return properties.getProperty("version", "of unknown version");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private interface Program {
    INDArray run(List<INDArray> in);
  }

  @Override
  public Optional<String> firstProgram() {
    return Optional.of(Nd4jFirst.class.getName());
  }

  @Override
  public Optional<Task> open(Work work, List<HostArray> inputs) {
    Program program =
        switch (work) {
          case MatMul w when w.dtype() == DType.I8 || w.dtype() == DType.BF16 -> null;
          case MatMul w -> in -> Nd4j.matmul(in.get(0), in.get(1), w.transposeA(), w.transposeB(), false);
          case Elementwise w -> in -> elementwise(w.function(), in);
          case BroadcastAdd w when w.along() == BroadcastAdd.Along.ROW -> in -> in.get(0).addRowVector(in.get(1));
          case BroadcastAdd _ -> in -> in.get(0).addColumnVector(in.get(1));
          case Reduce w -> in -> reduce(w, in.getFirst());
          case Normalise w when w.norm() == Normalise.Norm.RMS_NORM -> null;
          case Normalise w when w.norm() == Normalise.Norm.LAYER_NORM ->
              in -> layerNorm(in.get(0), in.get(1), in.get(2));
          case Normalise _ -> in -> Nd4j.nn.softmax(in.getFirst(), 1);
          case Transpose _ -> in -> in.getFirst().transpose().dup('c');
          case Gather _ -> in -> BASE.gather(in.get(0), in.get(1), 0);
          case CumulativeSum w -> in -> BASE.cumsum(in.getFirst(), w.axis());
          case Sort _ -> in -> Nd4j.sort(in.getFirst().dup(), true);
          case TopK w -> in -> topK(w, in.getFirst());
          case Convolution w -> convolution(w);
          case MaxPool _ -> maxPool();
          case Attention w -> in -> attention(w, in.get(0), in.get(1), in.get(2));
          case TrainingStep _, FirstProduct _ -> null;
        };
    return Optional.ofNullable(program).map(p -> new Running(p, arrays(work, inputs)));
  }

  private static List<INDArray> arrays(Work work, List<HostArray> inputs) {
    List<INDArray> arrays = inputs.stream().map(Nd4jLibrary::array).toList();
    if (work instanceof Convolution w && w.groups() > 1) {
      try (INDArray weights = arrays.get(1)) {
        return List.of(arrays.get(0), weights.permute(2, 3, 0, 1).dup('c')); // the order that depthwise ones must have
      }
    }
    return arrays;
  }

  private static INDArray elementwise(Elementwise.Function function, List<INDArray> in) {
    INDArray x = in.getFirst();
    return switch (function) {
      case ADD -> x.add(in.get(1));
      case EXP -> Nd4j.math.exp(x);
      case TANH -> Nd4j.math.tanh(x);
      // Its own function of that name is another one, which approximates it.
      case GELU -> Nd4j.math.erf(x.mul(Math.sqrt(0.5))).addi(1).muli(x).muli(0.5);
      case CHAIN -> Nd4j.math.tanh(x.mul(in.get(1))).addi(x);
    };
  }

  /** Of its constructors only the one with a result takes the third array for the shift. */
  private static INDArray layerNorm(INDArray x, INDArray scale, INDArray shift) {
    INDArray result = Nd4j.createUninitialized(DataType.FLOAT, x.shape());
    return Nd4j.exec(new LayerNorm(x, scale, shift, result, true, 1))[0];
  }

  /** Its method of that name takes k for a fraction. */
  private static INDArray topK(TopK w, INDArray x) {
    boolean sorted = true;
    return Nd4j.exec(DynamicCustomOp.builder("top_k").addInputs(x).addIntegerArguments(w.k(), sorted ? 1 : 0).build())[0];
  }

  private static INDArray reduce(Reduce w, INDArray x) {
    int axis = w.over() == Reduce.Over.ROWS ? 1 : 0;
    boolean all = w.over() == Reduce.Over.ALL;
    return switch (w.reduction()) {
      case SUM -> all ? x.sum() : x.sum(axis);
      case MAX -> all ? x.max() : x.max(axis);
      case ARGMAX -> all ? Nd4j.argMax(x) : Nd4j.argMax(x, axis);
    };
  }

  private static Program convolution(Convolution w) {
    Conv2DConfig config =
        Conv2DConfig.builder()
            .kH(w.kernel()).kW(w.kernel())
            .sH(w.stride()).sW(w.stride())
            .pH(w.padding()).pW(w.padding())
            .dH(1).dW(1)
            .paddingMode(PaddingMode.VALID)
            .dataFormat("NCHW")
            .weightsFormat(w.groups() == 1 ? WeightsFormat.OIYX : WeightsFormat.YXIO)
            .build();
    if (w.groups() == 1) {
      return in -> Nd4j.cnn.conv2d(in.get(0), in.get(1), config);
    }
    return in -> Nd4j.cnn.depthWiseConv2d(in.get(0), in.get(1), config);
  }

  private static Program maxPool() {
    Pooling2DConfig config =
        Pooling2DConfig.builder()
            .kH(MaxPool.WINDOW).kW(MaxPool.WINDOW)
            .sH(MaxPool.STRIDE).sW(MaxPool.STRIDE)
            .pH(MaxPool.PADDING).pW(MaxPool.PADDING)
            .dH(1).dW(1)
            .isNHWC(false)
            .build();
    return in -> Nd4j.cnn.maxPooling2d(in.getFirst(), config);
  }

  private static INDArray attention(Attention w, INDArray q, INDArray k, INDArray v) {
    INDArray scores = Nd4j.matmul(q, k, false, true, false).muli(w.scale());
    return Nd4j.matmul(Nd4j.nn.softmax(scores, 2), v);
  }

  private static INDArray array(HostArray a) {
    return switch (a.dtype()) {
      case F32 -> Nd4j.create(a.floats(), a.dims(), DataType.FLOAT);
      case F64 -> Nd4j.create(a.doubles(), a.dims(), DataType.DOUBLE);
      case I64 -> Nd4j.create(a.longs(), a.dims(), DataType.INT64);
      default -> throw new IllegalArgumentException("no input of " + a.dtype());
    };
  }

  private final class Running implements Task {
    private final Program program;
    private final List<INDArray> inputs;
    private final String workspace = "run " + workspaces++;

    Running(Program program, List<INDArray> inputs) {
      this.program = program;
      this.inputs = inputs;
    }

    private MemoryWorkspace scope() {
      return Nd4j.getWorkspaceManager().getAndActivateWorkspace(CONFIGURATION, workspace);
    }

    @Override
    public void run() {
      try (MemoryWorkspace _ = scope()) {
        program.run(inputs);
      }
    }

    @Override
    public double[] result() {
      try (MemoryWorkspace _ = scope()) {
        return program.run(inputs).castTo(DataType.DOUBLE).dup('c').data().asDouble();
      }
    }

    @Override
    public void close() {
      Nd4j.getWorkspaceManager().destroyWorkspace(
          Nd4j.getWorkspaceManager().getWorkspaceForCurrentThread(CONFIGURATION, workspace));
      inputs.forEach(INDArray::close);
    }
  }
}
