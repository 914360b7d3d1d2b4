package dev.tenzan.cpu.gemm;

import dev.tenzan.cpu.CpuPool;
import dev.tenzan.cpu.machine.ProductInstructions;
import dev.tenzan.cpu.machine.ProductKernels;
import dev.tenzan.cpu.machine.TileShape;
import dev.tenzan.cpu.machine.VectorSet;
import dev.tenzan.kernel.ConvolutionKernel;
import dev.tenzan.kernel.MatMulKernel;
import dev.tenzan.type.DType;
import org.jspecify.annotations.Nullable;

/**
 * Makes matrix kernels ready to run on the CPU: the entry of this package. Thread-safe.
 *
 * <p>All engines give the same bits, whatever their vector width and their number of threads.
 */
public final class MatrixEngine {
  private static final String VECTOR_MODULE = "jdk.incubator.vector";

  /** Tiles of strips take longer by so much than those of pixels; measured on 18 shapes. */
  private static final double STRIPS_BEHIND = 0.85;

  /** A product of panels copies no input before, so tiles of pixels must be used better by so much. */
  private static final double PANELS_AHEAD = 1.1;

  /** Packing an unrolled input takes so much longer. */
  private static final double UNROLLING = 0.8;

  /** Tiles of pixels in machine code take less time than others by about so much, and are alike in all processes. */
  private static final double VECTOR_API_BEHIND = 0.8;

  /** A product of matrices neither copies its input nor turns its results round, so tiles of pixels must be used better by so much. */
  private static final double PRODUCTS_BEHIND = 0.88;

  /** Where wide tiles are faster, they may be used less by so much. */
  private static final double WIDE_AHEAD = 0.96;

  /** With fewer steps along k, writing C is what takes time, and the tiles are alike. */
  private static final long LEAST_WIDE_STEPS = 129;

  /** From so many positions of a window of single channels on, tiles pay that use a value for several output channels. */
  private static final long DEEP_WINDOW = 128;

  private final CpuPool pool;
  private final KernelSet kernels;
  private final Gemm gemm;
  private final boolean warmsUp;
  private final Tiling tiling;
  private final InPlaceKernels.Store inPlace;
  private final @Nullable VectorSet machine;
  private @Nullable Strips strips;

  /** An engine with chosen kernels and blocking sizes. */
  MatrixEngine(CpuPool pool, KernelSet kernels, Tiling tiling) {
    this(pool, kernels, null, tiling, null);
  }

  /**
   * An engine.
   *
   * @param machine the vectors of the machine code to use where it can run; null for none
   */
  MatrixEngine(CpuPool pool, KernelSet kernels, @Nullable Warmup warmup, Tiling tiling, @Nullable VectorSet machine) {
    this.pool = pool;
    this.kernels = kernels;
    this.warmsUp = warmup != null;
    this.gemm = new Gemm(pool, kernels, warmup, tiling);
    this.tiling = tiling;
    this.machine = machine;
    this.inPlace = new InPlaceKernels.Store(kernels.bits(), kernels.hasManyRegisters(), !warmsUp);
  }

  /**
   * The engine for this JVM: with the widest vectors it has, or with scalars where the Vector API module is
   * absent.
   *
   * <p>Until the vector code is compiled, about a second after its first use, it computes with scalars too.
   */
  public static MatrixEngine create(CpuPool pool) {
    if (ModuleLayer.boot().findModule(VECTOR_MODULE).isEmpty()) {
      return scalar(pool);
    }
    KernelSet kernels = VectorMachine.kernels();
    return new MatrixEngine(
        pool, kernels, kernels.bits() == 0 ? null : new Warmup(kernels), kernels.tiling(), VectorSet.ofBits(kernels.bits()));
  }

  /** An engine that uses scalars, whatever the JVM offers; loads no class of the Vector API. */
  public static MatrixEngine scalar(CpuPool pool) {
    return new MatrixEngine(pool, KernelSet.scalar(), KernelSet.scalar().tiling());
  }

  /** The vector width in bits, or 0 where this engine uses scalars. */
  public int vectorBits() {
    return kernels.bits();
  }

  /** Whether this engine computes a product in machine code. */
  public boolean hasMachineCode(MatMulKernel kernel) {
    return machineProduct(kernel.input(), MatMulProgram.of(kernel, gemm)) != null;
  }

  private @Nullable MachineProduct machineProduct(DType type, MatMulProgram packed) {
    ProductKernels tall = machineKernels(type, TileShape.TALL);
    if (tall == null) {
      return null;
    }
    boolean maybe = packed.k() >= LEAST_WIDE_STEPS && ProductInstructions.areWideTilesFaster();
    ProductKernels wide = maybe ? machineKernels(type, TileShape.WIDE) : null;
    if (wide != null && MachineProduct.used(packed, wide) >= WIDE_AHEAD * MachineProduct.used(packed, tall)) {
      return MachineProduct.of(packed, pool, wide, packed);
    }
    return MachineProduct.of(packed, pool, tall, packed);
  }

  private @Nullable ProductKernels machineKernels(DType type, TileShape shape) {
    return machine == null ? null : ProductInstructions.of(type, machine, shape);
  }

  /** Makes a batch of matrix products ready to run. */
  public MatrixProgram compile(MatMulKernel kernel) {
    MatMulProgram packed = MatMulProgram.of(kernel, gemm);
    MachineInPlace small = machine == null ? null : MachineInPlace.of(packed, pool, machine);
    if (small != null) {
      return small;
    }
    MachineProduct product = machineProduct(kernel.input(), packed);
    if (product != null) {
      return product;
    }
    InPlaceProduct unpacked = kernels.bits() == 0 ? null : InPlaceProduct.of(packed, pool, inPlace, tiling);
    if (unpacked == null) {
      return packed;
    }
    return (a, b, c) -> {
      if (unpacked.isReady()) {
        unpacked.run(a, b, c);
      } else {
        packed.runMeanwhile(a, b, c);
      }
    };
  }

  /** Makes a convolution ready to run: its left input is x, its right input the weights. */
  public MatrixProgram compile(ConvolutionKernel kernel) {
    return compile(kernel, ConvolutionProgram.of(kernel, gemm));
  }

  /**
   * Makes a convolution ready to run.
   *
   * @param otherwise what runs it where this engine has nothing better than a product of packed matrices, or not yet
   */
  public MatrixProgram compile(ConvolutionKernel kernel, MatrixProgram otherwise) {
    MatMulProgram products = ConvolutionProgram.of(kernel, gemm).asProducts();
    MachineProduct product = products == null ? null : machineProduct(kernel.dtype(), products);
    if (product != null && kernel.dtype() != DType.F32) {
      return (x, w, out) -> product.run(w, x, out);
    }
    MatrixProgram single = product == null ? ofSingleChannels(kernel) : null;
    if (single != null) {
      return single;
    }
    StripConvolution unpacked = StripConvolution.of(kernel, pool, strips(), () -> gemm.kernels(DType.F32));
    PixelConvolution pixels = PixelConvolution.of(kernel, pool, strips(), () -> gemm.kernels(DType.F32), PixelConvolution.INPUTS);
    if (product != null && product.used() > PRODUCTS_BEHIND * (pixels == null ? 0 : pixels.used())) {
      return (x, w, out) -> product.run(w, x, out);
    }
    double others = unpacked == null ? usedByPanels(kernel) : STRIPS_BEHIND * unpacked.used();
    if (pixels != null && pixels.used() > (pixels.isInMachineCode() ? VECTOR_API_BEHIND : 1) * others) {
      return (x, w, out) -> (pixels.isReady() ? pixels : otherwise).run(x, w, out);
    }
    if (unpacked != null) {
      return (x, w, out) -> (unpacked.isReady() ? unpacked : otherwise).run(x, w, out);
    }
    LongWindowConvolution longWindow =
        LongWindowConvolution.of(kernel, pool, strips(), () -> gemm.kernels(DType.F32), kernels, LongWindowConvolution.KEPT);
    if (longWindow != null) {
      return (x, w, out) -> (longWindow.isReady() ? longWindow : otherwise).run(x, w, out);
    }
    DepthwiseStrips depthwise = DepthwiseStrips.of(kernel, pool, strips());
    return depthwise == null ? otherwise : (x, w, out) -> (depthwise.isReady() ? depthwise : otherwise).run(x, w, out);
  }

  /** What computes outputs that see one channel each in machine code, or the gradients of such weights; null where nothing does. */
  private @Nullable MatrixProgram ofSingleChannels(ConvolutionKernel kernel) {
    if (kernel.window().size() < DEEP_WINDOW) {
      ChannelsInPlace inPlace = ChannelsInPlace.of(kernel, pool, machine);
      if (inPlace != null) {
        return inPlace;
      }
      DepthwiseStrips depthwise = machine == null ? null : DepthwiseStrips.of(kernel, pool, strips());
      if (depthwise != null && depthwise.isInMachineCode()) {
        return depthwise;
      }
    }
    return ChannelGradients.of(kernel, pool, machine);
  }

  /** How much a product of packed panels must use of its tiles to be as fast as tiles that are all used, but for its packing. */
  private double usedByPanels(ConvolutionKernel k) {
    double size = k.outSpatial().size();
    double columns = kernels.tiles(DType.F32).columns();
    double used = size / (Math.ceil(size / columns) * columns);
    return k.window().size() == 1 ? PANELS_AHEAD * used : UNROLLING * used;
  }

  /** The strip kernels, loaded when the first convolution asks for them; null without vectors. */
  private synchronized @Nullable Strips strips() {
    if (strips == null && kernels.bits() > 0) {
      strips = Strips.load(kernels.bits(), kernels.hasManyRegisters(), !warmsUp, machine);
    }
    return strips;
  }
}
