package dev.tenzan.cpu.gemm;

import dev.tenzan.cpu.CpuPool;
import dev.tenzan.cpu.machine.PlaneCopies;
import dev.tenzan.kernel.ConvolutionKernel;
import dev.tenzan.type.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Writes {@link PaddedPlanes}. A channel is put together in an array of its own and copied as a whole: loops over arrays are several times
 * faster than those over memory segments, of which a row of a few elements would have to check two.
 *
 * <p>Used by one thread.
 */
public final class PlaneFiller {
  private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT;
  private static final ValueLayout.OfDouble F64 = ValueLayout.JAVA_DOUBLE;

  /** The arrays of a thread; they grow. */
  private static final class Buffers {
    private Object channel = new float[0];
    private float[] sorted = {};
    private Object plane = new float[0];
    private MemorySegment channelMemory = MemorySegment.NULL;
    private MemorySegment planeMemory = MemorySegment.NULL;

    void grow(DType type, long channelSize, long planeSize) {
      long bytes = type.byteSize();
      boolean other = (channel instanceof float[]) != (type == DType.F32);
      if (other || channelMemory.byteSize() < channelSize * bytes) {
        channel = array(type, channelSize);
        sorted = channel instanceof float[] floats ? new float[floats.length] : new float[0];
        channelMemory = memory(channel);
      }
      if (other || planeMemory.byteSize() < planeSize * bytes) {
        plane = array(type, planeSize);
        planeMemory = memory(plane);
      }
    }

    private static Object array(DType type, long size) {
      int length = Math.toIntExact(size + size / 8);
      return type == DType.F32 ? new float[length] : new double[length];
    }

    private static MemorySegment memory(Object array) {
      return array instanceof float[] floats ? MemorySegment.ofArray(floats) : MemorySegment.ofArray((double[]) array);
    }
  }

  private static final ThreadLocal<Buffers> BUFFERS = ThreadLocal.withInitial(Buffers::new);

  private final PaddedPlanes planes;
  private final ConvolutionKernel k;
  private final PaddedPlanes.Run[] runs;
  private final int stride;
  private final long channelBytes;
  private final long planeBytes;

  /** Whether the elements of a channel lie one after another. */
  private final boolean dense;

  /** Whether planes are copies of channels. */
  private final boolean copies;

  private final Buffers buffers;

  private final @Nullable PlaneKernel vectors;

  /** A filler for the calling thread, until it makes another one. */
  public PlaneFiller(PaddedPlanes planes) {
    this(planes, null);
  }

  /**
   * A filler for the calling thread, until it makes another one.
   *
   * @param vectors compiled vector code; null to use scalars
   */
  PlaneFiller(PaddedPlanes planes, @Nullable PlaneKernel vectors) {
    this.vectors = vectors;
    k = planes.kernel();
    runs = planes.runs();
    int last = k.spatial().rank() - 1;
    stride = (int) Math.min(k.stride().get(last), Integer.MAX_VALUE); // runs at larger strides have one element
    channelBytes = k.spatial().size() * k.dtype().byteSize();
    planeBytes = planes.size() * k.dtype().byteSize();
    dense = isDense(k);
    copies = dense && planes.areChannels();
    this.planes = planes;
    buffers = BUFFERS.get();
    buffers.grow(k.dtype(), k.spatial().size(), planes.size() + PlaneKernel.SLACK);
    if (!copies) {
      if (buffers.plane instanceof float[] floats) {
        Arrays.fill(floats, 0, (int) planes.size(), 0);
      } else {
        Arrays.fill((double[]) buffers.plane, 0, (int) planes.size(), 0);
      }
    }
  }

  private static boolean isDense(ConvolutionKernel k) {
    long expected = 1;
    boolean isDense = true;
    for (int d = k.spatial().rank() - 1; d >= 0; d--) {
      isDense &= k.spatial().dim(d) == 1 || k.x().stride(2 + d) == expected;
      expected *= k.spatial().dim(d);
    }
    return isDense;
  }

  /**
   * Writes one channel's plane.
   *
   * @param x the input
   * @param from the element offset of the channel
   * @param to the memory of the plane
   * @param at the element offset of the plane
   */
  public void fill(MemorySegment x, long from, MemorySegment to, long at) {
    int bytes = k.dtype().byteSize();
    if (copies) {
      MemorySegment.copy(x, from * bytes, to, at * bytes, planeBytes);
      return;
    }
    make(x, from);
    MemorySegment.copy(buffers.planeMemory, 0, to, at * bytes, planeBytes);
  }

  /** Writes the planes of {@code images} neighbouring f32 images, those of an image after another, with all threads. */
  static void fillAll(
      PaddedPlanes planes, PlaneKernel vectors, CpuPool pool, MemorySegment x, long firstImage, int images, float[] inputs) {
    ConvolutionKernel k = planes.kernel();
    int all = Math.toIntExact(images * k.inChannels());
    int fills = Math.min(all, 4 * pool.threads());
    pool.parallelFor(
        fills,
        f -> new PlaneFiller(planes, vectors).fill(x, firstImage, (long) all * f / fills, (long) all * (f + 1) / fills, inputs));
  }

  /**
   * Writes planes of neighbouring f32 images.
   *
   * @param firstImage the image that the array begins with
   * @param from the first channel, counted over the images from there on
   * @param to the end of the channels
   */
  void fill(MemorySegment x, long firstImage, long from, long to, float[] inputs) {
    MemorySegment padded = MemorySegment.ofArray(inputs);
    boolean adjacent = copies && k.x().stride(1) == k.spatial().size() && (k.batch() == 1 || k.x().stride(0) == k.inChannels() * k.x().stride(1));
    if (adjacent) {
      long first = k.x().offset() + firstImage * k.x().stride(0) + from * k.x().stride(1);
      MemorySegment.copy(x, first * Float.BYTES, padded, from * planeBytes, (to - from) * planeBytes);
      return;
    }
    long size = planeBytes / Float.BYTES;
    for (long p = from; p < to; p++) {
      long image = firstImage + p / k.inChannels();
      fill(x, k.x().offset() + image * k.x().stride(0) + p % k.inChannels() * k.x().stride(1), inputs, (int) (p * size));
    }
  }

  /**
   * Writes one channel's plane of f32.
   *
   * @param from the element offset of the channel
   * @param inputs receives the plane, from the index {@code at} on
   */
  void fill(MemorySegment x, long from, float[] inputs, int at) {
    PlaneCopies fast = inMachineCode();
    if (fast == null) {
      fill(x, from, MemorySegment.ofArray(inputs), at);
    } else {
      fast.run(x, from * Float.BYTES, planes.strided(), stride, inputs, at, (int) planes.size());
    }
  }

  /** What writes planes from where the input lies; null where they are put together here. */
  private @Nullable PlaneCopies inMachineCode() {
    return vectors == null || !dense || stride > 2 ? null : vectors.inMachineCode();
  }

  /** Makes one channel's plane of f32 in an array that the next call overwrites, with {@link PlaneKernel#SLACK} behind it. */
  float[] fill(MemorySegment x, long from) {
    if (copies) {
      MemorySegment.copy(x, from * Float.BYTES, buffers.planeMemory, 0, planeBytes);
    } else {
      PlaneCopies fast = inMachineCode();
      if (fast == null) {
        make(x, from);
      } else {
        fast.run(x, from * Float.BYTES, planes.strided(), stride, (float[]) buffers.plane, 0, (int) planes.size());
      }
    }
    return (float[]) buffers.plane;
  }

  private void make(MemorySegment x, long from) {
    if (dense) {
      MemorySegment.copy(x, from * k.dtype().byteSize(), buffers.channelMemory, 0, channelBytes);
    } else {
      gather(x, from, 0, 0);
    }
    if (buffers.channel instanceof float[] floats) {
      fillPlane(floats, buffers.sorted, (float[]) buffers.plane);
    } else {
      fillPlane((double[]) buffers.channel, (double[]) buffers.plane);
    }
  }

  /** Copies a channel whose elements are apart; returns the index behind it. */
  private int gather(MemorySegment x, long from, int to, int d) {
    long apart = k.x().stride(2 + d);
    int extent = (int) k.spatial().dim(d);
    int at = to;
    if (d < k.spatial().rank() - 1) {
      for (int i = 0; i < extent; i++) {
        at = gather(x, from + i * apart, at, d + 1);
      }
      return at;
    }
    if (buffers.channel instanceof float[] floats) {
      for (int i = 0; i < extent; i++) {
        floats[at + i] = x.get(F32, (from + i * apart) * Float.BYTES);
      }
    } else {
      double[] doubles = (double[]) buffers.channel;
      for (int i = 0; i < extent; i++) {
        doubles[at + i] = x.get(F64, (from + i * apart) * Double.BYTES);
      }
    }
    return at + extent;
  }

  private void fillPlane(float[] channel, float[] sorted, float[] plane) {
    if (vectors != null && stride == 1) {
      vectors.copy(channel, plane, planes.copies());
    } else if (vectors != null && planes.areSplit()) {
      int half = (int) (k.spatial().size() / 2);
      vectors.split(channel, 0, half, sorted, 0, half);
      vectors.copy(sorted, plane, planes.copies());
    } else if (stride == 1) {
      for (PaddedPlanes.Run run : runs) {
        System.arraycopy(channel, run.from(), plane, run.to(), run.count());
      }
    } else {
      for (PaddedPlanes.Run run : runs) {
        for (int i = 0; i < run.count(); i++) {
          plane[run.to() + i] = channel[run.from() + i * stride];
        }
      }
    }
  }

  private void fillPlane(double[] channel, double[] plane) {
    for (PaddedPlanes.Run run : runs) {
      if (stride == 1) {
        System.arraycopy(channel, run.from(), plane, run.to(), run.count());
        continue;
      }
      for (int i = 0; i < run.count(); i++) {
        plane[run.to() + i] = channel[run.from() + i * stride];
      }
    }
  }
}
