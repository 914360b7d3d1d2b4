package dev.tenzan.cpu.gemm;

import dev.tenzan.cpu.machine.PlaneCopies;
import dev.tenzan.cpu.machine.VectorSet;
import java.lang.invoke.MethodHandles;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;
import org.jspecify.annotations.Nullable;

/** The {@link PlaneKernel} of each vector width. */
final class F32Planes extends PlaneKernel {
  private static final VectorSpecies<Float> S =
      SpecializedClasses.species(MethodHandles.lookup(), float.class);
  private static final int LANES = S.length();
  private static final VectorShuffle<Float> EVEN = VectorShuffle.fromOp(S, i -> 2 * i % LANES);
  private static final VectorShuffle<Float> ODD = VectorShuffle.fromOp(S, i -> (2 * i + 1) % LANES);
  private static final VectorMask<Float> UPPER = VectorMask.fromLong(S, -1L << LANES / 2);

  private final @Nullable PlaneCopies copies;

  F32Planes() {
    VectorSet machine = VectorSet.ofBits(S.vectorBitSize());
    this.copies = machine == null ? null : PlaneCopies.of(machine);
  }

  @Override
  @Nullable PlaneCopies inMachineCode() {
    return copies;
  }

  @Override
  void split(float[] from, int at, int pairs, float[] to, int even, int odd) {
    int i = 0;
    for (; i <= pairs - LANES; i += LANES) {
      FloatVector low = FloatVector.fromArray(S, from, at + 2 * i);
      FloatVector high = FloatVector.fromArray(S, from, at + 2 * i + LANES);
      low.rearrange(EVEN).blend(high.rearrange(EVEN), UPPER).intoArray(to, even + i);
      low.rearrange(ODD).blend(high.rearrange(ODD), UPPER).intoArray(to, odd + i);
    }
    for (; i < pairs; i++) {
      to[even + i] = from[at + 2 * i];
      to[odd + i] = from[at + 2 * i + 1];
    }
  }

  @Override
  void copy(float[] from, float[] to, int[] runs) {
    for (int r = 0; r < runs.length; r += 3) {
      int source = runs[r];
      int target = runs[r + 1];
      int count = runs[r + 2];
      if (count < LANES) {
        VectorMask<Float> some = S.indexInRange(0, count);
        FloatVector.fromArray(S, from, source, some).intoArray(to, target, some);
        continue;
      }
      for (int i = 0; i < count - LANES; i += LANES) {
        FloatVector.fromArray(S, from, source + i).intoArray(to, target + i);
      }
      // The last vector may overlap the one before, whose elements it copies once more.
      FloatVector.fromArray(S, from, source + count - LANES).intoArray(to, target + count - LANES);
    }
  }

  @Override
  void window(float[] plane, int[] places, float[] weights, int first, float[] out, int count) {
    for (int place = 0; place < count; place += 4 * LANES) {
      FloatVector c0 = FloatVector.zero(S);
      FloatVector c1 = c0;
      FloatVector c2 = c0;
      FloatVector c3 = c0;
      for (int t = 0; t < places.length; t++) {
        int at = place + places[t];
        FloatVector w = FloatVector.broadcast(S, weights[first + t]);
        c0 = FloatVector.fromArray(S, plane, at).fma(w, c0);
        c1 = FloatVector.fromArray(S, plane, at + LANES).fma(w, c1);
        c2 = FloatVector.fromArray(S, plane, at + 2 * LANES).fma(w, c2);
        c3 = FloatVector.fromArray(S, plane, at + 3 * LANES).fma(w, c3);
      }
      c0.intoArray(out, place);
      c1.intoArray(out, place + LANES);
      c2.intoArray(out, place + 2 * LANES);
      c3.intoArray(out, place + 3 * LANES);
    }
  }

  @Override
  void move(float[] tile, int height, float[] to, int at, int length, boolean add) {
    for (int r = 0; r < height; r++) {
      FloatVector v0 = FloatVector.fromArray(S, tile, r * 2 * LANES);
      FloatVector v1 = FloatVector.fromArray(S, tile, r * 2 * LANES + LANES);
      int row = at + r * length;
      if (add) {
        v0 = FloatVector.fromArray(S, to, row).add(v0);
        v1 = FloatVector.fromArray(S, to, row + LANES).add(v1);
      }
      v0.intoArray(to, row);
      v1.intoArray(to, row + LANES);
    }
  }
}
