package dev.tenzan.opencl.plan;

import static dev.tenzan.opencl.plan.Pieces.UNITS;

import dev.tenzan.kernel.ConvolutionKernel;
import dev.tenzan.kernel.OperandFootprint;
import dev.tenzan.type.Affine;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.util.ArrayList;
import java.util.List;

/**
 * Plans convolutions as matrix products: for each (input, group) the weights times the unrolled input, whose panels are made as many
 * at a time as scratch memory allows.
 */
final class ConvolutionPlanner {
  /** The bytes of unrolled input that are made at once. */
  private static final long SCRATCH = 64L << 20;

  private ConvolutionPlanner() {}

  static Plan plan(ConvolutionKernel kernel, Style style) {
    long positions = kernel.outSpatial().size();
    long outputs = kernel.batch() * kernel.outChannels() * positions;
    long channels = kernel.inChannels() / kernel.groups();
    long rows = kernel.outChannels() / kernel.groups();
    Shape xBox = Shape.of(kernel.batch(), kernel.inChannels()).concat(kernel.spatial());
    Shape wBox = Shape.of(kernel.outChannels(), channels).concat(kernel.window());
    List<Long> bytes =
        List.of(
            OperandFootprint.bytes("convolution", kernel.x(), xBox, kernel.dtype()),
            OperandFootprint.bytes("convolution", kernel.w(), wBox, kernel.dtype()), outputs * kernel.dtype().byteSize());
    if (outputs == 0) {
      return new Plan(bytes, List.of(), List.of(), List.of(), null);
    }
    long k = channels * kernel.window().size();
    ProductText text = ProductText.of(kernel.dtype(), kernel.dtype(), style);
    boolean dilated = kernel.inputDilation().stream().anyMatch(d -> d != 1);
    String head = text.head() + "#define UNROLL " + (dilated ? 2 : 1) + "\n";
    Pieces pieces = Pieces.products(style, head, kernel.dtype() == DType.F64);
    long rowPanels = MatMulPlanner.panels(rows, text.rows());
    long columnPanels = MatMulPlanner.panels(positions, text.columns());
    pieces.add(
        "tz_pack_weights", kernel.groups() * rowPanels, 2.0 * k * text.rows(), new Arg.Slot(1), new Arg.Temp(0), new Arg.Table(0),
        kernel.w().offset(), rows, k, kernel.w().stride(0), rowPanels, UNITS);
    long panelBytes = Math.max(1, k * text.columns() * text.bytes());
    long all = kernel.batch() * kernel.groups() * columnPanels;
    long atOnce = Math.clamp(SCRATCH / panelBytes, 1, all);
    for (long first = 0; first < all; first += atOnce) {
      long count = Math.min(atOnce, all - first);
      unroll(pieces, kernel, text, first, count, columnPanels, k);
      Object[] sizes = {
        rows, positions, k, rowPanels, columnPanels, kernel.groups(), kernel.batch() * kernel.groups(), positions, 1L
      };
      pieces.products(text, first, count, rowPanels, (double) text.rows() * text.columns() * k / 8, sizes);
    }
    long weightBytes = Math.max(1, kernel.groups() * rowPanels * text.rows() * text.bytes() * k);
    return new Plan(
        bytes, List.of(weightBytes, atOnce * panelBytes), List.of(weightOffsets(kernel, channels)), pieces.steps(), null);
  }

  private static void unroll(
      Pieces pieces, ConvolutionKernel kernel, ProductText text, long first, long count, long panels, long k) {
    Affine x = kernel.x();
    List<Object> args = new ArrayList<>();
    args.addAll(List.of(new Arg.Slot(0), new Arg.Temp(1), first, UNITS, panels, kernel.outSpatial().size(), k));
    args.add((int) kernel.groups());
    args.add(Math.toIntExact(kernel.inChannels() / kernel.groups()));
    args.addAll(List.of(x.offset(), x.stride(0), x.stride(1)));
    int rank = kernel.spatial().rank();
    for (int d = 0; d < 3; d++) {
      args.add(d < 3 - rank ? 0L : x.stride(2 + d - (3 - rank)));
    }
    ints(args, kernel.spatial().dims(), 1);
    ints(args, kernel.window().dims(), 1);
    List<Object> out = new ArrayList<>();
    ints(out, kernel.outSpatial().dims(), 1);
    args.addAll(out.subList(1, 3));
    ints(args, longs(kernel.stride()), 1);
    ints(args, longs(kernel.padLow()), 0);
    ints(args, longs(kernel.inputDilation()), 1);
    ints(args, longs(kernel.windowDilation()), 1);
    pieces.add("tz_unroll", count, 6.0 * k * text.columns(), args.toArray());
  }

  private static long[] longs(List<Long> list) {
    return list.stream().mapToLong(Long::longValue).toArray();
  }

  /** Three ints; the axes that are missing come first and have a neutral value. */
  private static void ints(List<Object> args, long[] values, int neutral) {
    for (int d = 0; d < 3 - values.length; d++) {
      args.add(neutral);
    }
    for (long v : values) {
      args.add(Math.toIntExact(v));
    }
  }

  /** The address, relative to an output channel's first weight, of each (channel, window position). */
  private static long[] weightOffsets(ConvolutionKernel kernel, long channels) {
    int window = Math.toIntExact(kernel.window().size());
    long[] offsets = new long[Math.toIntExact(channels * window)];
    long[] index = new long[kernel.window().rank()];
    for (int t = 0; t < window; t++) {
      long at = 0;
      for (int d = 0; d < index.length; d++) {
        at += index[d] * kernel.w().stride(2 + d);
      }
      for (int c = 0; c < channels; c++) {
        offsets[c * window + t] = at + c * kernel.w().stride(1);
      }
      for (int d = index.length - 1; d >= 0 && ++index[d] == kernel.window().dim(d); d--) {
        index[d] = 0;
      }
    }
    return offsets;
  }
}
