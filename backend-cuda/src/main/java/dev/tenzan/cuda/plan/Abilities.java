package dev.tenzan.cuda.plan;

import dev.tenzan.kernel.ConvolutionKernel;
import dev.tenzan.kernel.CustomKernel;
import dev.tenzan.kernel.KernelSpec;
import dev.tenzan.kernel.LoopKernel;
import dev.tenzan.kernel.MatMulKernel;
import dev.tenzan.kernel.ScanKernel;
import dev.tenzan.kernel.ScatterKernel;
import dev.tenzan.kernel.SortKernel;
import dev.tenzan.scalar.ReduceOp;
import dev.tenzan.spi.Support;
import dev.tenzan.type.DType;

/** What the backend runs with the bits that Tenzan promises: the same on every device from sm_75 on, whose arithmetic is exact. */
public final class Abilities {
  private static final int MAX_SORT = 1 << 30;

  /** Tables with five numbers for each product are Java arrays. */
  private static final int MAX_PRODUCTS = 400_000_000;

  private Abilities() {}

  /** Whether a device runs a kernel. */
  public static Support declared(KernelSpec kernel) {
    return switch (kernel) {
      case LoopKernel k -> {
        LoopKernel.Reduction r = k.reduction();
        yield r == null ? Support.yes() : combines(r.op(), k.body().type(r.value()));
      }
      case MatMulKernel k -> numeric(k.input());
      case ConvolutionKernel k -> convolution(k);
      case ScatterKernel k -> {
        ReduceOp combine = k.combine();
        yield combine == null ? Support.yes() : combines(combine, k.dtype());
      }
      case ScanKernel k -> combines(k.op(), k.dtype());
      case SortKernel k ->
          k.length() <= MAX_SORT
              ? Support.yes()
              : Support.no("an axis of " + k.length() + " elements is too long to sort here; at most " + MAX_SORT);
      case CustomKernel k -> Support.no("the body of " + k.name() + " runs on the host; move the tensors to cpu");
    };
  }

  private static Support convolution(ConvolutionKernel k) {
    if (k.spatial().rank() > 3) {
      return Support.no("convolutions have at most 3 spatial axes here, not " + k.spatial().rank());
    }
    double products = (double) k.inChannels() / k.groups() * k.window().size();
    boolean direct = k.dtype().isFloat() && k.outChannels() / k.groups() <= DirectConvolution.MOST_ROWS && products < Windows.FAR; // without a table
    return direct || products <= MAX_PRODUCTS
        ? numeric(k.dtype())
        : Support.no("a convolution that adds %.0f products for a result is too long here; at most %d: take fewer images at a time".formatted(products, MAX_PRODUCTS));
  }

  private static Support combines(ReduceOp op, DType dtype) {
    boolean defined = op != ReduceOp.SUM || dtype != DType.BOOL;
    return defined ? Support.yes() : Support.no("sum is not defined for bool");
  }

  private static Support numeric(DType dtype) {
    return dtype == DType.BOOL ? Support.no("products are not defined for bool") : Support.yes();
  }
}
