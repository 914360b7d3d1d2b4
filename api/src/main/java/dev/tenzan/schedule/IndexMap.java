package dev.tenzan.schedule;

import dev.tenzan.ir.Op;
import dev.tenzan.type.Affine;
import dev.tenzan.type.Layout;
import dev.tenzan.type.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How the loop indices of a kernel address an entry: for each axis of the entry, its index as an affine function of the loop
 * indices. Movement operations are carried out by composing maps.
 *
 * @param axes one function for each axis of the entry
 */
record IndexMap(List<Affine> axes) {
  IndexMap {
    axes = List.copyOf(axes);
  }

  /** The map under which axis i is loop dimension i. */
  static IndexMap identity(int rank, int loops) {
    List<Affine> axes = new ArrayList<>();
    for (int i = 0; i < rank; i++) {
      axes.add(loop(i, loops));
    }
    return new IndexMap(axes);
  }

  static Affine loop(int dim, int loops) {
    long[] c = new long[loops];
    c[dim] = 1;
    return new Affine(0, c);
  }

  Affine get(int axis) {
    return axes.get(axis);
  }

  /** The address of an element in a buffer with a layout, over {@code loops} loop dimensions. */
  Affine address(Layout layout, int loops) {
    Affine a = new Affine(layout.offset(), new long[loops]);
    for (int i = 0; i < axes.size(); i++) {
      a = plus(a, axes.get(i), layout.stride(i));
    }
    return a;
  }

  /** {@code a + factor * b}. */
  static Affine plus(Affine a, Affine b, long factor) {
    long[] c = a.strides();
    for (int d = 0; d < c.length; d++) {
      c[d] += factor * b.stride(d);
    }
    return new Affine(a.offset() + factor * b.offset(), c);
  }

  private static Affine scaled(Affine a, long factor, long offset) {
    long[] c = a.strides();
    for (int d = 0; d < c.length; d++) {
      c[d] *= factor;
    }
    return new Affine(a.offset() * factor + offset, c);
  }

  /**
   * The map for the operand of a movement operation, from this map for its result; or null where no affine map exists (a reshape
   * that merges axes).
   *
   * @param from the operand's shape
   * @param to the result's shape
   */
  @Nullable IndexMap through(Op op, Shape from, Shape to, int loops) {
    return switch (op) {
      case Op.Permute p -> {
        Affine[] axes = new Affine[from.rank()];
        for (int i = 0; i < axes.length; i++) {
          axes[p.axes().get(i)] = get(i);
        }
        yield new IndexMap(List.of(axes));
      }
      case Op.Slice s -> {
        List<Affine> axes = new ArrayList<>();
        for (int i = 0; i < from.rank(); i++) {
          axes.add(scaled(get(i), s.steps().get(i), s.starts().get(i)));
        }
        yield new IndexMap(axes);
      }
      case Op.Broadcast _ -> {
        int lead = to.rank() - from.rank();
        List<Affine> axes = new ArrayList<>();
        for (int i = 0; i < from.rank(); i++) {
          boolean stretched = from.dim(i) == 1 && to.dim(lead + i) != 1;
          axes.add(stretched ? new Affine(0, new long[loops]) : get(lead + i));
        }
        yield new IndexMap(axes);
      }
      case Op.Window w -> {
        int spatial = w.size().rank();
        int lead = from.rank() - spatial;
        List<Affine> axes = new ArrayList<>();
        for (int i = 0; i < from.rank(); i++) {
          if (i < lead) {
            axes.add(get(i));
          } else {
            Affine position = scaled(get(i), w.strides().get(i - lead), 0);
            axes.add(plus(position, get(from.rank() + i - lead), w.dilations().get(i - lead)));
          }
        }
        yield new IndexMap(axes);
      }
      case Op.Reshape _ -> reshape(from, to, loops);
      default -> throw new IllegalArgumentException(op.label() + " is not a movement operation");
    };
  }

  /** Splitting an axis is affine; merging axes is not, except where all but one have extent 1. */
  private @Nullable IndexMap reshape(Shape from, Shape to, int loops) {
    Affine zero = new Affine(0, new long[loops]);
    Affine[] axes = new Affine[from.rank()];
    Arrays.fill(axes, zero);
    if (from.isEmpty()) {
      return new IndexMap(List.of(axes));
    }
    int i = 0;
    int j = 0;
    while (i < from.rank() || j < to.rank()) {
      int i0 = i;
      int j0 = j;
      long a = i < from.rank() ? from.dim(i++) : 1;
      long b = j < to.rank() ? to.dim(j++) : 1;
      while (a != b) {
        if (a < b) {
          a *= from.dim(i++);
        } else {
          b *= to.dim(j++);
        }
      }
      int big = -1;
      for (int t = i0; t < i; t++) {
        if (from.dim(t) != 1) {
          if (big >= 0) {
            return null;
          }
          big = t;
        }
      }
      if (big >= 0) {
        Affine index = zero;
        long step = 1;
        for (int t = j - 1; t >= j0; t--) {
          index = plus(index, get(t), step);
          step *= to.dim(t);
        }
        axes[big] = index;
      }
    }
    return new IndexMap(List.of(axes));
  }

  /** Whether some element of the entry would be visited more than once by loops of these extents. */
  boolean repeats(Shape entry, Shape loops) {
    if (loops.size() > entry.size()) {
      return true;
    }
    for (int d = 0; d < loops.rank(); d++) {
      if (loops.dim(d) > 1) {
        boolean used = false;
        for (Affine a : axes) {
          used |= a.stride(d) != 0;
        }
        if (!used) {
          return true;
        }
      }
    }
    return false;
  }

  /** Whether the entry's axes are the loop dimensions in order, those of extent 1 aside. */
  boolean isIdentity(Shape entry, Shape loops) {
    int next = 0;
    for (int i = 0; i < entry.rank(); i++) {
      if (entry.dim(i) == 1) {
        continue;
      }
      while (next < loops.rank() && loops.dim(next) == 1) {
        next++;
      }
      if (next == loops.rank() || loops.dim(next) != entry.dim(i) || !isLoop(get(i), next, loops)) {
        return false;
      }
      next++;
    }
    while (next < loops.rank() && loops.dim(next) == 1) {
      next++;
    }
    return next == loops.rank();
  }

  private static boolean isLoop(Affine a, int dim, Shape loops) {
    if (a.offset() != 0) {
      return false;
    }
    for (int d = 0; d < loops.rank(); d++) {
      if (loops.dim(d) > 1 && a.stride(d) != (d == dim ? 1 : 0)) {
        return false;
      }
    }
    return true;
  }
}
