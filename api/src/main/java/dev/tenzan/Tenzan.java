package dev.tenzan;

import dev.tenzan.error.ClosedException;
import dev.tenzan.error.DTypeException;
import dev.tenzan.error.ShapeException;
import dev.tenzan.error.TenzanException;
import dev.tenzan.ir.Node;
import dev.tenzan.ir.ShapeInference;
import dev.tenzan.schedule.Graph;
import dev.tenzan.type.DType;
import dev.tenzan.type.Numerics;
import dev.tenzan.type.Shape;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * What concerns whole pieces of a program: which numerics its products have, and functions of tensors that are traced once and
 * replayed without building a graph again.
 */
public final class Tenzan {
  private static final String NUMERICS = "tenzan.numerics";
  private static final ScopedValue<Numerics> SCOPED = ScopedValue.newInstance();
  private static volatile @Nullable Numerics ofProcess;

  private Tenzan() {}

  /**
   * Runs an action whose products have some numerics: those of the operations that it calls in this thread, whenever they are
   * evaluated, and of the gradients that are taken through them. Scopes nest; other threads are not affected.
   */
  public static <T> T with(Numerics numerics, Supplier<T> action) {
    return ScopedValue.where(SCOPED, numerics).call(action::get);
  }

  /**
   * The numerics of a product that is called now: those of the innermost {@link #with}, of the system property {@code
   * tenzan.numerics}, or {@link Numerics#REPRODUCIBLE}.
   *
   * @throws TenzanException where the property names neither mode
   */
  public static Numerics numerics() {
    return SCOPED.isBound() ? SCOPED.get() : ofProcess();
  }

  private static Numerics ofProcess() {
    Numerics n = ofProcess;
    if (n == null) {
      n = configured(System.getProperty(NUMERICS));
      ofProcess = n;
    }
    return n;
  }

  /** What the system property asks for. */
  static Numerics configured(@Nullable String property) {
    if (property == null || property.isBlank()) {
      return Numerics.REPRODUCIBLE;
    }
    try {
      return Numerics.parse(property);
    } catch (IllegalArgumentException e) {
      throw new TenzanException("-D" + NUMERICS + ": " + e.getMessage(), e);
    }
  }

  /** A traced function. Safe for use by several threads. */
  public static final class Compiled {
    /** Each trace holds its constants and its program; a function that meets ever new shapes must not gather them all. */
    private static final int MAX_TRACES = 64;

    private record Signature(Device device, Numerics numerics, List<DType> dtypes, List<Shape> shapes) {}

    /**
     * A traced graph: its program, its leaves, of which some stand for arguments, and what it results in. Whoever keeps or runs a
     * trace holds its leaves, so that tensors which the function made, and those it took from outside, live as long.
     */
    private record Trace(
        Engine.Compiled program, List<Node> leaves, List<Node> parameters, List<ShapeInference.Result> results) {
      void retain() {
        leaves.forEach(Node::retain);
      }

      void release() {
        leaves.forEach(Node::release);
      }
    }

    private final UnaryOperator<List<Tensor>> function;

    private final Map<Signature, Trace> traces =
        new LinkedHashMap<>(16, 0.75f, true) {
          private static final long serialVersionUID = 1L;

          @Override
          protected boolean removeEldestEntry(Map.Entry<Signature, Trace> eldest) {
            if (size() <= MAX_TRACES) {
              return false;
            }
            eldest.getValue().release();
            return true;
          }
        };

    private Compiled(UnaryOperator<List<Tensor>> function) {
      this.function = function;
    }

    /**
     * Runs the function; the results are evaluated.
     *
     * @param arguments at least one tensor, all on one device
     * @throws ShapeException without arguments
     * @throws dev.tenzan.error.DeviceException where devices differ, or the function reads elements of its arguments
     */
    public List<Tensor> apply(Tensor... arguments) {
      if (arguments.length == 0) {
        throw new ShapeException("compile: the function was called without arguments; give at least one tensor");
      }
      Tensor.eval(arguments);
      Device device = arguments[0].device();
      List<DType> dtypes = new ArrayList<>();
      List<Shape> shapes = new ArrayList<>();
      for (Tensor t : arguments) {
        dtypes.add(t.dtype());
        shapes.add(t.shape());
      }
      Signature signature = new Signature(device, numerics(), dtypes, shapes);
      Trace trace;
      synchronized (traces) {
        trace = traces.get(signature);
        if (trace == null) {
          trace = trace(signature);
          traces.put(signature, trace);
        }
        trace.retain(); // another call may drop it from the map meanwhile
      }
      try {
        return replay(trace, device, arguments);
      } finally {
        trace.release();
      }
    }

    /** Traces the function in a scope of its own: no scope of the caller sees its tensors. The leaves are held already. */
    private Trace trace(Signature signature) {
      try (TensorScope _ = TensorScope.open()) {
        List<Node> parameters = new ArrayList<>();
        List<Tensor> tensors = new ArrayList<>();
        for (int i = 0; i < signature.shapes.size(); i++) {
          Node p = Node.parameter(signature.dtypes.get(i), signature.shapes.get(i));
          parameters.add(p);
          tensors.add(Tensor.ofNode(p, signature.device));
        }
        List<Tensor> results = ScopedValue.where(Engine.TRACING, true).call(() -> function.apply(tensors));
        List<Node> outputs = results.stream().map(Tensor::node).toList();
        List<ShapeInference.Result> types =
            outputs.stream().map(n -> new ShapeInference.Result(n.dtype(), n.shape())).toList();
        Engine engine = signature.device.engine();
        return engine.alone(() -> { // or another thread could evaluate what was captured, and give its leaves back before they are held
          Graph.Capture capture = Graph.capture(outputs, v -> ((Storage.View) v).layout());
          Trace trace = new Trace(engine.compile(capture.graph()), capture.leaves(), parameters, types);
          trace.retain();
          return trace;
        });
      }
    }

    private static List<Tensor> replay(Trace trace, Device device, Tensor[] arguments) {
      List<Storage> leaves = new ArrayList<>();
      List<Storage.View> views;
      try (TensorScope _ = TensorScope.open()) {
        for (Node leaf : trace.leaves) {
          int i = trace.parameters.indexOf(leaf);
          Node source = i < 0 ? leaf : dense(arguments[i]);
          if (!(source.value() instanceof Storage.View view)) {
            throw new DTypeException("compile: a leaf of the traced graph has no value: " + source);
          }
          if (view.storage().isFreed()) {
            throw new ClosedException(
                "compile: the memory of " + source.dtype() + source.shape()
                    + " was freed; keep the function's arguments open while it runs");
          }
          leaves.add(view.storage());
        }
        views = device.engine().run(trace.program, leaves);
      }
      List<Tensor> results = new ArrayList<>();
      for (int i = 0; i < views.size(); i++) {
        ShapeInference.Result r = trace.results.get(i);
        results.add(Tensor.ofNode(Node.ofValue(r.dtype(), r.shape(), views.get(i)), device));
      }
      return results;
    }

    /** The argument's node in dense form, perhaps of a new tensor: a trace assumes row-major arguments from offset 0. */
    private static Node dense(Tensor argument) {
      Node n = argument.node();
      if (n.value() instanceof Storage.View view && view.layout().isContiguous() && view.layout().offset() == 0) {
        return n;
      }
      return HostData.copyTo(argument, argument.device()).node();
    }
  }

  /**
   * Compiles a function of tensors. It is traced on its first call for each device, {@linkplain #numerics() numerics} and list of
   * dtypes and shapes; later calls replay the program without calling it. It must depend on its arguments alone and only build operations.
   */
  public static Compiled compile(UnaryOperator<List<Tensor>> function) {
    return new Compiled(function);
  }
}
