package dev.tenzan.opencl.plan;

import dev.tenzan.kernel.ConvolutionKernel;
import dev.tenzan.kernel.CustomKernel;
import dev.tenzan.kernel.KernelSpec;
import dev.tenzan.kernel.LoopKernel;
import dev.tenzan.kernel.MatMulKernel;
import dev.tenzan.kernel.ScanKernel;
import dev.tenzan.kernel.ScatterKernel;
import dev.tenzan.kernel.SortKernel;
import dev.tenzan.opencl.custom.DeviceBody;
import dev.tenzan.opencl.driver.DeviceFacts;
import dev.tenzan.opencl.loop.LoopPlanner;
import dev.tenzan.scalar.ReduceOp;
import dev.tenzan.spi.Support;
import dev.tenzan.type.DType;
import java.util.ArrayList;
import java.util.List;

/** What a device can run with the bits that Tenzan promises. */
public final class Abilities {
  /** The switch that lets devices run floats whose arithmetic is not exactly rounded. */
  public static final String INEXACT_PROPERTY = "tenzan.opencl.inexact";

  private static final int MAX_SORT = 1 << 30;

  private Abilities() {}

  /** What the arithmetic of floats lacks; empty where nothing. */
  static List<String> missing(long bits, boolean single) {
    List<String> missing = new ArrayList<>();
    if ((bits & DeviceFacts.DENORM) == 0) {
      missing.add("flushes subnormals to zero");
    }
    if ((bits & DeviceFacts.INF_NAN) == 0) {
      missing.add("has no infinities and NaN");
    }
    if ((bits & DeviceFacts.ROUND_TO_NEAREST) == 0) {
      missing.add("does not round to nearest");
    }
    if ((bits & DeviceFacts.FMA) == 0) {
      missing.add("has no fused multiply-add");
    }
    if (single && (bits & DeviceFacts.CORRECT_DIVIDE_SQRT) == 0) {
      missing.add("does not round quotients and square roots correctly (up to 3 ULP off)");
    }
    return missing;
  }

  /** In words, whether the device's floats have the promised bits. */
  public static String exactness(DeviceFacts f) {
    List<String> missing = new ArrayList<>(missing(f.floatBits(), true));
    if (f.doubleBits() != 0) {
      missing(f.doubleBits(), false).forEach(m -> missing.add("f64 " + m));
    }
    return missing.isEmpty() ? "yes" : "no: " + String.join(", ", missing);
  }

  /** What a device with a compiler, f64 and exactly rounded floats runs: all that this backend can. */
  public static Support declared(KernelSpec kernel) {
    DeviceFacts every = new DeviceFacts("", "", "", "", "", 2, 1, 1L << 40, 1L << 40, 1 << 15, 256, 4, ~0L, ~0L, 1024, true, true);
    return supports(every, kernel);
  }

  /** Whether a device runs a kernel. */
  public static Support supports(DeviceFacts facts, KernelSpec kernel) {
    if (kernel instanceof CustomKernel c) {
      return custom(facts, c);
    }
    boolean doubles = kernel instanceof LoopKernel l ? LoopPlanner.usesDoubles(l) : kernel.inputs().contains(DType.F64);
    if (doubles && facts.doubleBits() == 0) {
      return Support.no("the device has no f64 (cl_khr_fp64)");
    }
    if (!facts.compiler()) {
      return Support.no("the device compiles no source; name bundles of kernels built beforehand with -Dtenzan.opencl.bundles=PATH");
    }
    Support exact = exact(facts, kernel, doubles);
    if (!exact.supported()) {
      return exact;
    }
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
      case CustomKernel k -> custom(facts, k);
    };
  }

  /** A body computes what it computes, so the device's arithmetic need not be exact. */
  private static Support custom(DeviceFacts facts, CustomKernel kernel) {
    if (!(kernel.body() instanceof DeviceBody)) {
      return Support.no("the body of " + kernel.name() + " runs on the host; move the tensors to cpu");
    }
    return facts.compiler()
        ? Support.yes()
        : Support.no("the device compiles no source, which the body of " + kernel.name() + " needs");
  }

  private static Support exact(DeviceFacts facts, KernelSpec kernel, boolean doubles) {
    if (Boolean.getBoolean(INEXACT_PROPERTY)) {
      return Support.yes();
    }
    List<String> missing = new ArrayList<>();
    if (usesFloats(kernel)) {
      missing.addAll(missing(facts.floatBits(), true));
    }
    if (doubles) {
      missing.addAll(missing(facts.doubleBits(), false));
    }
    return missing.isEmpty()
        ? Support.yes()
        : Support.no(
            "its floats have other bits than Tenzan promises: it " + String.join(", ", missing) + "; allow it with -D"
                + INEXACT_PROPERTY + "=true");
  }

  private static boolean usesFloats(KernelSpec kernel) {
    boolean slots =
        kernel.inputs().stream().anyMatch(DType::isFloat) || kernel.outputs().stream().anyMatch(DType::isFloat);
    return slots
        || (kernel instanceof LoopKernel l
            && (l.body().code().stream().anyMatch(i -> i.type().isFloat())
                || l.epilogue().code().stream().anyMatch(i -> i.type().isFloat())));
  }

  private static Support convolution(ConvolutionKernel k) {
    return k.spatial().rank() <= 3
        ? numeric(k.dtype())
        : Support.no("convolutions have at most 3 spatial axes here, not " + k.spatial().rank());
  }

  private static Support combines(ReduceOp op, DType dtype) {
    boolean defined = op != ReduceOp.SUM || dtype != DType.BOOL;
    return defined ? Support.yes() : Support.no("sum is not defined for bool");
  }

  private static Support numeric(DType dtype) {
    return dtype == DType.BOOL ? Support.no("products are not defined for bool") : Support.yes();
  }
}
