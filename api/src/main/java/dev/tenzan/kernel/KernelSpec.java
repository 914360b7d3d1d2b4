package dev.tenzan.kernel;

import dev.tenzan.type.DType;
import java.util.List;

/**
 * What a backend is asked to run: a plain value that says everything about the computation except the buffers.
 *
 * <p>A launch passes {@code inputs().size() + outputs().size()} buffers, inputs first. All addresses are in elements of the
 * slot's dtype from the buffer's start. An output buffer never overlaps an input buffer, except where a kernel says so.
 */
public sealed interface KernelSpec
    permits LoopKernel, MatMulKernel, ConvolutionKernel, ScatterKernel, ScanKernel, SortKernel, CustomKernel {
  /** The storage types of the input buffers, in slot order. */
  List<DType> inputs();

  /** The storage types of the output buffers, in slot order. */
  List<DType> outputs();

  /** The operation's name for messages and traces, for example {@code matmul}. */
  String name();

  /** The number of floating-point or integer operations, for reports; an estimate. */
  double operations();
}
