package dev.tenzan.cpu.gemm;

import dev.tenzan.cpu.CpuPool;
import dev.tenzan.cpu.ThreadBuffer;
import dev.tenzan.cpu.machine.ChannelDots;
import dev.tenzan.cpu.machine.PlaneWindows;
import dev.tenzan.cpu.machine.TileTurn;
import dev.tenzan.cpu.machine.VectorSet;
import dev.tenzan.kernel.ConvolutionKernel;
import dev.tenzan.type.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An f32 convolution of groups with one output channel each, few outputs and large windows, as are the gradients of the weights of a convolution of single channels: chains of
 * thousands of steps, of which a vector takes those of neighbouring groups. Bands of their planes are turned so that the groups lie side by side.
 */
final class ChannelGradients implements MatrixProgram {
  /** The outputs of a group, at most: each has a pass over the planes, some of them together. */
  private static final long MOST_OUTPUTS = 128;

  /** With fewer steps, clearing and storing sums would take most of the time. */
  private static final long LEAST_STEPS = 64;

  /** The turned bands of both planes, about, in bytes: they stay in the second cache. A row of the window, and what it sees, there is always. */
  private static final long BAND_BYTES = 256 << 10;

  /** The elements of all rows that one row of the window sees, at most: 1 MiB with AVX-512, and a call of 0.1 ms at most. */
  private static final long MOST_SEEN = 1 << 14;

  private static final ThreadBuffer BUFFER = new ThreadBuffer();

  private final ConvolutionKernel k;
  private final CpuPool pool;
  private final TileTurn turn;
  private final List<ChannelDots> dots;

  private final PlaneWindows.Side rows;
  private final PlaneWindows.Side columns;

  /** The elements of a row that windows see, padding included. */
  private final long seen;

  /** The rows of the window of a band. */
  private final long band;

  private ChannelGradients(ConvolutionKernel kernel, CpuPool pool, TileTurn turn, VectorSet machine, List<ChannelDots> dots) {
    this.k = kernel;
    this.pool = pool;
    this.turn = turn;
    this.dots = dots;
    this.rows = ChannelsInPlace.rows(kernel);
    this.columns = ChannelsInPlace.columns(kernel);
    this.seen = PaddedPlanes.seen(kernel, last(kernel));
    long rowBytes = (rows.dilation() * seen + columns.window()) * machine.bytes();
    this.band = Math.clamp(BAND_BYTES / rowBytes, 1, rows.window());
  }

  /** The program of a convolution, or null where it takes another way. */
  static @Nullable ChannelGradients of(ConvolutionKernel k, CpuPool pool, @Nullable VectorSet machine) {
    int last = last(k);
    if (machine == null || last > 1) {
      return null;
    }
    PlaneWindows.Side rows = ChannelsInPlace.rows(k);
    PlaneWindows.Side columns = ChannelsInPlace.columns(k);
    long seen = PaddedPlanes.seen(k, last);
    boolean possible =
        k.dtype() == DType.F32
            && k.batch() == 1
            && k.outChannels() == k.groups()
            && k.groups() >= machine.bytes() / Float.BYTES
            && k.inChannels() / k.groups() * k.window().size() >= LEAST_STEPS
            && k.inputDilation().stream().allMatch(d -> d == 1)
            && !k.spatial().isEmpty()
            && !k.window().isEmpty()
            && !k.outSpatial().isEmpty()
            && k.outSpatial().size() <= MOST_OUTPUTS
            && (k.x().stride(2 + last) == 1 || k.spatial().dim(last) == 1)
            && (k.w().stride(2 + last) == 1 || k.window().dim(last) == 1)
            && columns.dilation() < MOST_SEEN
            && seen * (double) (rows.stride() * (rows.outputs() - 1) + rows.dilation()) < MOST_SEEN;
    TileTurn turn = possible ? TileTurn.of(machine, Float.BYTES) : null;
    if (turn == null) {
      return null;
    }
    int[] shifts = shifts(rows, columns, seen);
    int most = ChannelDots.most(machine);
    List<ChannelDots> dots = new ArrayList<>();
    for (int from = 0; from < shifts.length; from += most) {
      int[] some = Arrays.copyOfRange(shifts, from, Math.min(shifts.length, from + most));
      ChannelDots code =
          ChannelDots.of(
              machine, some, (int) columns.window(), Math.toIntExact(columns.dilation()), Math.toIntExact(rows.dilation() * seen));
      if (code == null) {
        return null;
      }
      dots.add(code);
    }
    return new ChannelGradients(k, pool, turn, machine, dots);
  }

  private static int last(ConvolutionKernel k) {
    return k.spatial().rank() - 1;
  }

  /** How far from the first output's first place those of the others are. */
  private static int[] shifts(PlaneWindows.Side rows, PlaneWindows.Side columns, long seen) {
    int[] shifts = new int[Math.toIntExact(rows.outputs() * columns.outputs())];
    for (int o = 0; o < shifts.length; o++) {
      shifts[o] = Math.toIntExact(o / columns.outputs() * rows.stride() * seen + o % columns.outputs() * columns.stride());
    }
    return shifts;
  }

  @Override
  public void run(MemorySegment x, MemorySegment w, MemorySegment out) {
    int lanes = turn.lanes();
    int tasks = Math.toIntExact(Math.ceilDiv(k.groups(), lanes));
    pool.parallelFor(tasks, t -> {
      long first = (long) t * lanes;
      // The last vector has groups of the one before where there are not enough.
      groups(x, w, out, Math.min(first, k.groups() - lanes), first);
    });
  }

  /** The rows of a band that windows see. */
  private long rowsSeen(long ofWindow) {
    return (rows.outputs() - 1) * rows.stride() + (ofWindow - 1) * rows.dilation() + 1;
  }

  /** Computes the outputs of as many groups as there are lanes, and stores those from one of them on. */
  private void groups(MemorySegment x, MemorySegment w, MemorySegment out, long group, long firstStored) {
    int vector = turn.lanes() * Float.BYTES;
    long movingBytes = rowsSeen(band) * seen * vector;
    long fixedBytes = band * columns.window() * vector;
    long stateBytes = dots.stream().mapToLong(d -> Math.ceilDiv(d.stateBytes(), vector) * vector).sum();
    MemorySegment buffer = BUFFER.atLeast(movingBytes + fixedBytes + stateBytes);
    MemorySegment moving = buffer.asSlice(0, movingBytes);
    MemorySegment fixed = buffer.asSlice(movingBytes, fixedBytes);
    moving.fill((byte) 0);
    List<MemorySegment> states = new ArrayList<>();
    long at = movingBytes + fixedBytes;
    for (ChannelDots d : dots) {
      MemorySegment state = buffer.asSlice(at, d.stateBytes());
      d.clear(state);
      states.add(state);
      at += Math.ceilDiv(d.stateBytes(), vector) * vector;
    }
    long perGroup = k.inChannels() / k.groups();
    for (long c = 0; c < perGroup; c++) {
      for (long row = 0; row < rows.window(); row += band) {
        long count = Math.min(band, rows.window() - row);
        turnMoving(x, group * perGroup + c, row, count, moving);
        turnFixed(w, group, c, row, count, fixed);
        for (int d = 0; d < states.size(); d++) {
          dots.get(d).run(moving, fixed, states.get(d), count);
        }
      }
    }
    store(states, out, group, firstStored);
  }

  /** Turns what the windows see of a band of rows; what lies beside the plane is zero. */
  private void turnMoving(MemorySegment x, long channel, long row, long count, MemorySegment to) {
    int vector = turn.lanes() * Float.BYTES;
    long perGroup = k.inChannels() / k.groups();
    long rowStride = last(k) == 0 ? 0 : k.x().stride(2);
    long first = Math.max(0, -columns.padding());
    long length = Math.min(columns.extent(), seen - columns.padding()) - first;
    for (long r = 0; r < rowsSeen(count); r++) {
      long in = row * rows.dilation() + r - rows.padding();
      long at = r * seen * vector;
      if (in < 0 || in >= rows.extent()) {
        to.asSlice(at, seen * vector).fill((byte) 0);
      } else if (length > 0) {
        long from = k.x().offset() + channel * k.x().stride(1) + in * rowStride + first;
        long target = to.address() + at + (first + columns.padding()) * vector;
        turn.run(x.address() + from * Float.BYTES, perGroup * k.x().stride(1) * Float.BYTES, 1, (int) length, target, vector);
      }
    }
  }

  /** Turns a band of the windows' rows. */
  private void turnFixed(MemorySegment w, long group, long channel, long row, long count, MemorySegment to) {
    int vector = turn.lanes() * Float.BYTES;
    long rowStride = last(k) == 0 ? 0 : k.w().stride(2);
    for (long r = 0; r < count; r++) {
      long from = k.w().offset() + group * k.w().stride(0) + channel * k.w().stride(1) + (row + r) * rowStride;
      long target = to.address() + r * columns.window() * vector;
      turn.run(w.address() + from * Float.BYTES, k.w().stride(0) * Float.BYTES, 1, (int) columns.window(), target, vector);
    }
  }

  private void store(List<MemorySegment> states, MemorySegment out, long group, long firstStored) {
    long outputs = k.outSpatial().size();
    for (int lane = (int) (firstStored - group); lane < turn.lanes(); lane++) {
      for (int o = 0, d = 0, t = 0; o < outputs; o++, t++) {
        if (t == dots.get(d).shifts()) {
          d++;
          t = 0;
        }
        out.set(ValueLayout.JAVA_FLOAT, ((group + lane) * outputs + o) * Float.BYTES, dots.get(d).result(states.get(d), t, lane));
      }
    }
  }
}
