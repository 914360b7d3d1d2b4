package dev.tenzan.conformance;

import dev.tenzan.type.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;

/** Arithmetic on the coordinates of elements, on which the oracles of movements and reductions stand. */
final class Coordinates {
  private Coordinates() {}

  /** The coordinates of the element with a row-major number. */
  static int[] of(Shape s, int number) {
    int[] at = new int[s.rank()];
    int rest = number;
    for (int i = at.length - 1; i >= 0; i--) {
      at[i] = (int) (rest % s.dim(i));
      rest = (int) (rest / s.dim(i));
    }
    return at;
  }

  /** The row-major number of the element at coordinates. */
  static int number(Shape s, int... at) {
    long n = 0;
    for (int i = 0; i < at.length; i++) {
      n = n * s.dim(i) + at[i];
    }
    return (int) n;
  }

  /** The array whose element at some coordinates is that of {@code x} at {@code source} of them. */
  static HostArray move(HostArray x, Shape target, UnaryOperator<int[]> source) {
    return x.pick(target, i -> number(x.shape(), source.apply(of(target, i))));
  }

  /** An axis counted from the front. */
  static int axis(Shape s, int axis) {
    return Math.floorMod(axis, s.rank());
  }

  /** Which axes are named; all where none is. */
  static boolean[] named(Shape s, int... axes) {
    boolean[] named = new boolean[s.rank()];
    Arrays.fill(named, axes.length == 0);
    for (int a : axes) {
      named[axis(s, a)] = true;
    }
    return named;
  }

  /** The shape that is left when the named axes have gone, or have been kept with extent 1. */
  static Shape without(Shape s, boolean keep, int... axes) {
    boolean[] gone = named(s, axes);
    List<Long> left = new ArrayList<>();
    for (int i = 0; i < gone.length; i++) {
      if (keep || !gone[i]) {
        left.add(gone[i] ? 1 : s.dim(i));
      }
    }
    return Shape.of(left.stream().mapToLong(Long::longValue).toArray());
  }

  /**
   * The numbers of the elements that each element of a reduction over the named axes combines, in row-major order over these
   * axes.
   */
  static int[][] groups(Shape s, int... axes) {
    boolean[] gone = named(s, axes);
    Shape kept = without(s, true, axes);
    int[][] groups = new int[(int) kept.size()][(int) Math.max(1, s.size() / Math.max(1, kept.size()))];
    if (s.isEmpty()) {
      return new int[groups.length][0];
    }
    int[] filled = new int[groups.length];
    for (int i = 0; i < s.size(); i++) {
      int[] at = of(s, i);
      for (int k = 0; k < at.length; k++) {
        at[k] = gone[k] ? 0 : at[k];
      }
      int g = number(kept, at);
      groups[g][filled[g]++] = i;
    }
    return groups;
  }
}
