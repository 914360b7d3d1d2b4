package dev.tenzan.cpu.gemm;

import dev.tenzan.kernel.ConvolutionKernel;
import dev.tenzan.type.Affine;
import dev.tenzan.type.DType;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * A {@link ConvolutionKernel} as a batch of matrix products, one for each input and group: the weights times
 * the unrolled input.
 *
 * @param weightBatches the element offset of each (input, group)'s weights
 * @param weightSteps the element offset of each step along k within an output channel's weights
 * @param inputBatches the element offset of each (input, group)'s channels
 */
record ConvolutionProgram(
    Gemm gemm,
    ConvolutionKernel kernel,
    ConvolutionGeometry geometry,
    BatchOffsets weightBatches,
    BatchOffsets weightSteps,
    BatchOffsets inputBatches)
    implements MatrixProgram {

  static ConvolutionProgram of(ConvolutionKernel kernel, Gemm gemm) {
    ConvolutionGeometry geometry = ConvolutionGeometry.of(kernel);
    Affine x = kernel.x();
    Affine w = kernel.w();
    long groupOutputs = kernel.outChannels() / kernel.groups();
    long groupInputs = kernel.inChannels() / kernel.groups();
    long[] batches = {kernel.batch(), kernel.groups()};
    return new ConvolutionProgram(
        gemm,
        kernel,
        geometry,
        new BatchOffsets(w.offset(), batches, new long[] {0, groupOutputs * w.stride(0)}),
        WeightSteps.of(kernel).offsets(),
        new BatchOffsets(x.offset(), batches, new long[] {x.stride(0), groupInputs * x.stride(1)}));
  }

  /** The same as products of matrices that lie in memory, weights first, or null where inputs have to be unrolled. */
  @Nullable MatMulProgram asProducts() {
    if (!geometry.isPointwise() || !weightSteps.isEven()) {
      return null;
    }
    DType type = kernel.dtype();
    long k = kernel.inChannels() / kernel.groups();
    ProductSides.Side weights =
        new ProductSides.Side(weightBatches, kernel.outChannels() / kernel.groups(), kernel.w().stride(0), kernel.w().stride(1));
    ProductSides.Side inputs = new ProductSides.Side(inputBatches, geometry.outSize(), geometry.elementStride(), kernel.x().stride(1));
    return new MatMulProgram(gemm, type, type, kernel.batch() * kernel.groups(), weights, inputs, k, false);
  }

  @Override
  public void run(MemorySegment left, MemorySegment right, MemorySegment output) {
    DType type = kernel.dtype();
    long m = kernel.outChannels() / kernel.groups();
    long n = geometry.outSize();
    long k = kernel.inChannels() / kernel.groups() * geometry.windowSize();
    long batches = kernel.batch() * kernel.groups();
    KernelSet kernels = gemm.kernels(type.compute());
    Operand a = weights(right, kernels.packing());
    Operand b = input(left, kernels.packing());
    gemm.run(new Product(kernels, type.compute(), type, batches, m, n, k, a, b, output, 0, n, m * n));
  }

  private Operand weights(MemorySegment memory, Packing packing) {
    DType type = kernel.dtype();
    long laneStride = kernel.w().stride(0);
    if (weightSteps.isEven()) {
      return new MatrixOperand(packing, type, memory, weightBatches, laneStride, weightSteps.evenStride());
    }
    return new SteppedOperand(packing, type, memory, weightBatches, laneStride, weightSteps);
  }

  private Operand input(MemorySegment memory, Packing packing) {
    DType type = kernel.dtype();
    long channelStride = kernel.x().stride(1);
    if (geometry.isPointwise()) {
      return new MatrixOperand(packing, type, memory, inputBatches, geometry.elementStride(), channelStride);
    }
    return new ConvolutionOperand(packing, type, memory, inputBatches, channelStride, geometry);
  }
}
