package dev.tenzan.bench.peers;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.ndarray.types.SparseFormat;
import dev.tenzan.bench.compare.Attention;
import dev.tenzan.bench.compare.BroadcastAdd;
import dev.tenzan.bench.compare.Convolution;
import dev.tenzan.bench.compare.CumulativeSum;
import dev.tenzan.bench.compare.Elementwise;
import dev.tenzan.bench.compare.FirstProduct;
import dev.tenzan.bench.compare.Gather;
import dev.tenzan.bench.compare.MatMul;
import dev.tenzan.bench.compare.MaxPool;
import dev.tenzan.bench.compare.Normalise;
import dev.tenzan.bench.compare.Reduce;
import dev.tenzan.bench.compare.Sort;
import dev.tenzan.bench.compare.TopK;
import dev.tenzan.bench.compare.TrainingStep;
import dev.tenzan.bench.compare.Transpose;
import dev.tenzan.bench.compare.Work;
import dev.tenzan.type.DType;
import java.util.List;

/** What a user of PyTorch would write for a piece of work. */
interface PyTorchProgram extends AutoCloseable {
  /** Computes a new array from the inputs. */
  NDArray run(List<NDArray> in);

  @Override
  default void close() {}

  /** The program for a piece of work that is no training. */
  static PyTorchProgram of(Work work, NDManager manager) {
    return switch (work) {
      case MatMul w when w.dtype() == DType.I8 -> script(manager, w, "torch._int_mm(x0, x1)");
      case MatMul w -> in -> product(w, in.get(0), in.get(1));
      case Elementwise w -> in -> elementwise(w.function(), in);
      case BroadcastAdd _ -> in -> in.get(0).add(in.get(1));
      case Reduce w when w.reduction() == Reduce.Reduction.MAX && w.over() != Reduce.Over.ALL ->
          script(manager, w, "torch.amax(x0, [" + axis(w) + "])"); // max(axis) finds the positions, too
      case Reduce w -> in -> reduce(w, in.getFirst());
      case Normalise w when w.norm() == Normalise.Norm.RMS_NORM ->
          script(manager, w, "torch.rms_norm(x0, [" + w.columns() + "], x1, " + Normalise.EPSILON + ")");
      case Normalise w -> in -> normalise(w, in);
      case Transpose w -> script(manager, w, "torch.contiguous(torch.t(x0))");
      case Gather _ -> in -> in.get(0).getNDArrayInternal()
          .embedding(in.get(1), in.get(0), SparseFormat.DENSE).singletonOrThrow();
      case CumulativeSum w -> in -> in.getFirst().cumSum(w.axis());
      case Sort _ -> in -> in.getFirst().sort();
      case TopK w -> in -> topK(w, in.getFirst());
      case Convolution w -> in -> convolution(w, in.get(0), in.get(1));
      case MaxPool _ -> in -> in.getFirst().getNDArrayInternal()
          .maxPool(both(MaxPool.WINDOW), both(MaxPool.STRIDE), both(MaxPool.PADDING), false);
      case Attention w -> attention(manager, w);
      case TrainingStep _, FirstProduct _ -> throw new IllegalArgumentException(work + " is no expression");
    };
  }

  private static PyTorchProgram script(NDManager manager, Work work, String expression) {
    TorchScript function = TorchScript.of(manager, work.inputs().size(), expression);
    return new PyTorchProgram() {
      @Override
      public NDArray run(List<NDArray> in) {
        return function.call(in);
      }

      @Override
      public void close() {
        function.close();
      }
    };
  }

  /** Transposing makes a view; the product takes it as it is. */
  private static NDArray product(MatMul w, NDArray a, NDArray b) {
    if (w.transposeA()) {
      try (NDArray view = a.swapAxes(0, 1)) {
        return view.matMul(b);
      }
    }
    if (w.transposeB()) {
      try (NDArray view = b.swapAxes(0, 1)) {
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

  private static int axis(Reduce w) {
    return w.over() == Reduce.Over.ROWS ? 1 : 0;
  }

  private static NDArray reduce(Reduce w, NDArray x) {
    boolean all = w.over() == Reduce.Over.ALL;
    return switch (w.reduction()) {
      case SUM -> all ? x.sum() : x.sum(new int[] {axis(w)});
      case MAX -> x.max();
      case ARGMAX -> all ? x.argMax() : x.argMax(axis(w));
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

  private static NDArray topK(TopK w, NDArray x) {
    NDList found = x.topK(w.k(), 0);
    found.get(1).close();
    return found.get(0);
  }

  private static NDArray convolution(Convolution w, NDArray x, NDArray weights) {
    return x.getNDArrayInternal()
        .convolution(x, weights, null, both(w.stride()), both(w.padding()), both(1), w.groups())
        .singletonOrThrow();
  }

  /** The same for height and width. */
  static Shape both(long value) {
    return new Shape(value, value);
  }

  /** PyTorch's fused kernel wants a batch axis; a view adds it. */
  private static PyTorchProgram attention(NDManager manager, Attention w) {
    return script(
        manager, w,
        "torch.squeeze(torch.scaled_dot_product_attention("
            + "torch.unsqueeze(x0, 0), torch.unsqueeze(x1, 0), torch.unsqueeze(x2, 0)), 0)");
  }
}
