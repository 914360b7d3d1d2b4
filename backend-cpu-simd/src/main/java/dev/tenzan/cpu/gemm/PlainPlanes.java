package dev.tenzan.cpu.gemm;

import dev.tenzan.cpu.machine.PlaneCopies;
import dev.tenzan.cpu.machine.TileMoves;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/** The {@link PlaneKernel} for the time until {@link F32Planes} is compiled: tiles in machine code, and loops of Java that need no compiler. */
final class PlainPlanes extends PlaneKernel {
  private final TileMoves moves;
  private final @Nullable PlaneCopies copies;

  PlainPlanes(TileMoves moves, @Nullable PlaneCopies copies) {
    this.moves = moves;
    this.copies = copies;
  }

  @Override
  @Nullable PlaneCopies inMachineCode() {
    return copies;
  }

  @Override
  void split(float[] from, int at, int pairs, float[] to, int even, int odd) {
    for (int i = 0; i < pairs; i++) {
      to[even + i] = from[at + 2 * i];
      to[odd + i] = from[at + 2 * i + 1];
    }
  }

  @Override
  void copy(float[] from, float[] to, int[] runs) {
    for (int r = 0; r < runs.length; r += 3) {
      System.arraycopy(from, runs[r], to, runs[r + 1], runs[r + 2]);
    }
  }

  @Override
  void window(float[] plane, int[] places, float[] weights, int first, float[] out, int count) {
    for (int place = 0; place < count; place++) {
      float c = 0;
      for (int t = 0; t < places.length; t++) {
        c = Math.fma(weights[first + t], plane[place + places[t]], c);
      }
      out[place] = c;
    }
  }

  @Override
  void move(float[] tile, int height, float[] to, int at, int length, boolean add) {
    moves.run(tile, height, moves.columns(), MemorySegment.ofArray(to), (long) at * Float.BYTES, (long) length * Float.BYTES, add);
  }
}
