package dev.tenzan;

import dev.tenzan.error.ShapeException;
import org.jspecify.annotations.Nullable;

/**
 * The part of one axis that a {@link MovementOps#slice} takes: {@code start:stop:step} with NumPy's meaning
 * of negative and absent bounds. Bounds outside the axis are an error; nothing is clamped.
 *
 * @param start the first index, or null for the end from which the step leads; negative counts from the end
 * @param stop the index before which it ends, or null for the other end; negative counts from the end
 * @param step the distance, not 0; negative walks backwards
 * @param single whether it takes one index and drops the axis
 */
public record Slice(@Nullable Long start, @Nullable Long stop, long step, boolean single) {
  /** Checks the step. */
  public Slice {
    if (step == 0) {
      throw new ShapeException("slice: step 0; use a positive or negative step");
    }
  }

  /** The whole axis. */
  public static Slice all() {
    return new Slice(null, null, 1, false);
  }

  /** The indices {@code start .. stop-1}. */
  public static Slice of(long start, long stop) {
    return new Slice(start, stop, 1, false);
  }

  /** Every {@code step}-th index from {@code start} before {@code stop}. */
  public static Slice of(long start, long stop, long step) {
    return new Slice(start, stop, step, false);
  }

  /** The indices from {@code start} to the end. */
  public static Slice from(long start) {
    return new Slice(start, null, 1, false);
  }

  /** The indices before {@code stop}. */
  public static Slice to(long stop) {
    return new Slice(null, stop, 1, false);
  }

  /** The whole axis in steps; {@code by(-1)} reverses it. */
  public static Slice by(long step) {
    return new Slice(null, null, step, false);
  }

  /** One index; the axis vanishes from the shape. */
  public static Slice at(long index) {
    return new Slice(index, null, 1, true);
  }

  /** The first index within an axis of some extent; checked. */
  long first(int axis, long extent) {
    Long s = start;
    if (s == null) {
      return step > 0 ? 0 : extent - 1;
    }
    long i = s < 0 ? s + extent : s;
    boolean fits = single || step < 0 ? i >= 0 && i < extent : i >= 0 && i <= extent;
    if (!fits && !(extent == 0 && !single && i <= 0)) {
      throw new ShapeException(
          "slice: start " + s + " is out of range for axis " + axis + " of extent " + extent);
    }
    return i;
  }

  /** The number of indices within an axis of some extent. */
  long count(int axis, long extent) {
    long first = first(axis, extent);
    if (single) {
      return 1;
    }
    Long s = stop;
    long end;
    if (s == null) {
      end = step > 0 ? extent : -1;
    } else {
      end = s < 0 ? s + extent : s;
      if (end < 0 || end > extent) {
        throw new ShapeException(
            "slice: stop " + s + " is out of range for axis " + axis + " of extent " + extent);
      }
    }
    long span = step > 0 ? end - first : first - end;
    return span <= 0 ? 0 : Math.ceilDiv(span, Math.abs(step));
  }
}
