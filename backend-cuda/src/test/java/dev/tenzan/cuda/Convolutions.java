package dev.tenzan.cuda;

import dev.tenzan.kernel.ConvolutionKernel;
import dev.tenzan.reference.ReferenceBackend;
import dev.tenzan.spi.Backend;
import dev.tenzan.type.Affine;
import dev.tenzan.type.DType;
import dev.tenzan.type.Numerics;
import dev.tenzan.type.Shape;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/** Kernels of convolutions and of their two gradients, as differentiation makes them, and runs of them. */
public final class Convolutions {
  private Convolutions() {}

  /** Which of the three a kernel is. */
  public enum Kind {
    FORWARD,
    BY_INPUT,
    BY_WEIGHTS
  }

  /**
   * A forward convolution.
   *
   * @param batch the inputs
   * @param channels the channels of an input in a group
   * @param outputs the output channels of a group
   * @param groups the groups
   * @param axes extent, window, stride, padding before, padding behind and dilation of each spatial axis
   */
  public record Geometry(long batch, long channels, long outputs, long groups, List<long[]> axes) {
    /** Random, with at most so many groups. */
    public static Geometry random(Random random, int most) {
      List<long[]> axes = axes(random, 3, 2, 7);
      long groups = random.nextBoolean() ? 1 : random.nextInt(1, most + 1);
      return new Geometry(random.nextInt(1, 4), random.nextInt(1, 4), random.nextInt(1, 4), groups, axes);
    }

    /** One to three random axes, with windows and dilations up to these, and fewer than {@code more} elements beyond what a window reaches. */
    public static List<long[]> axes(Random random, int window, int dilation, int more) {
      int rank = random.nextInt(1, 4);
      List<long[]> axes = new ArrayList<>();
      for (int d = 0; d < rank; d++) {
        long w = random.nextInt(1, window + 1);
        long apart = random.nextInt(1, dilation + 1);
        long reach = (w - 1) * apart + 1;
        axes.add(new long[] {reach + random.nextInt(0, rank == 3 ? 3 : more), w, random.nextInt(1, 4), random.nextInt(0, 3), random.nextInt(0, 3), apart});
      }
      return axes;
    }

    private static long out(long[] a) {
      return (a[0] + a[3] + a[4] - (a[1] - 1) * a[5] - 1) / a[2] + 1;
    }

    private Shape shape(int which) {
      return Shape.of(axes.stream().mapToLong(a -> a[which]).toArray());
    }

    private List<Long> list(int which) {
      return axes.stream().map(a -> a[which]).toList();
    }

    private Shape outSpatial() {
      return Shape.of(axes.stream().mapToLong(Geometry::out).toArray());
    }

    private List<Long> ones() {
      return Collections.nCopies(axes.size(), 1L);
    }

    /** The kernel of the convolution or of a gradient; that by the weights has one group. */
    public ConvolutionKernel kernel(Kind kind, DType t, Numerics numerics, Random random) {
      Shape spatial = shape(0);
      Shape window = shape(1);
      Shape out = outSpatial();
      long all = groups * channels;
      long first = random.nextInt(3) * 4L;
      long second = random.nextInt(3) * 4L;
      return switch (kind) {
        case FORWARD -> new ConvolutionKernel(
            t, batch, all, groups * outputs, groups, spatial, window, out, list(2), list(3), ones(), list(5),
            dense(first, Shape.of(batch, all).concat(spatial)), dense(second, Shape.of(groups * outputs, channels).concat(window)), numerics);
        case BY_INPUT -> {
          List<Long> low = new ArrayList<>();
          Affine w = dense(0, Shape.of(outputs, channels).concat(window)); // of one group, or of as many as have one output
          long[] strides = w.strides();
          long offset = second;
          strides[0] = w.stride(1);
          strides[1] = w.stride(0);
          for (int d = 0; d < axes.size(); d++) {
            long[] a = axes.get(d);
            low.add((a[1] - 1) * a[5] - a[3]);
            offset += (a[1] - 1) * w.stride(2 + d);
            strides[2 + d] = -w.stride(2 + d);
          }
          yield new ConvolutionKernel(
              t, batch, groups * outputs, all, groups, out, window, spatial, ones(), low, list(2), list(5),
              dense(first, Shape.of(batch, groups * outputs).concat(out)), new Affine(offset, strides), numerics);
        }
        case BY_WEIGHTS -> {
          Affine x = dense(first, Shape.of(batch, channels).concat(spatial));
          Affine g = dense(second, Shape.of(batch, outputs).concat(out));
          yield new ConvolutionKernel(
              t, channels, batch, outputs, 1, spatial, out, window, list(5), list(3), ones(), list(2), exchanged(x), exchanged(g), numerics);
        }
      };
    }
  }

  private static Affine exchanged(Affine a) {
    long[] strides = a.strides();
    strides[0] = a.stride(1);
    strides[1] = a.stride(0);
    return new Affine(a.offset(), strides);
  }

  /** The addresses of a dense tensor. */
  public static Affine dense(long offset, Shape shape) {
    return new Affine(offset, shape.rowMajorStrides());
  }

  /** The kernel in the default mode. */
  public static ConvolutionKernel reproducible(ConvolutionKernel k) {
    return new ConvolutionKernel(
        k.dtype(), k.batch(), k.inChannels(), k.outChannels(), k.groups(), k.spatial(), k.window(), k.outSpatial(), k.stride(), k.padLow(),
        k.inputDilation(), k.windowDilation(), k.x(), k.w());
  }

  /** Operands of small whole numbers, whose products every mode adds exactly. */
  public static List<byte[]> operands(ConvolutionKernel k) {
    Random random = new Random(k.hashCode());
    Shape x = Shape.of(k.batch(), k.inChannels()).concat(k.spatial());
    Shape w = Shape.of(k.outChannels(), k.inChannels() / k.groups()).concat(k.window());
    return List.of(
        KernelRuns.numbers(random, k.dtype(), k.x().max(x) + 1), KernelRuns.numbers(random, k.dtype(), k.w().max(w) + 1));
  }

  /** The bytes of the results. */
  public static int resultBytes(ConvolutionKernel k) {
    return Math.toIntExact(k.batch() * k.outChannels() * k.outSpatial().size() * k.dtype().byteSize());
  }

  /** What a backend makes of it, over rubbish. */
  public static byte[] run(Backend backend, ConvolutionKernel k, List<byte[]> operands) {
    return KernelRuns.run(backend, k, operands, resultBytes(k));
  }

  /** What the reference makes of it in the default mode. */
  public static byte[] expected(ConvolutionKernel k, List<byte[]> operands) {
    try (ReferenceBackend reference = new ReferenceBackend()) {
      return run(reference, reproducible(k), operands);
    }
  }
}
