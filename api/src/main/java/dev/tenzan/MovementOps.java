package dev.tenzan;

import dev.tenzan.error.ShapeException;
import dev.tenzan.ir.Node;
import dev.tenzan.ir.Op;
import dev.tenzan.ir.ShapeInference;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The operations of {@link Tensor} that move elements. Most are views: they take no memory and no time. Axes
 * may be negative; what does not fit is a {@link ShapeException}.
 */
public sealed interface MovementOps permits Tensor {
  /** The tensor that the operations apply to. */
  Tensor self();

  /** The same elements in row-major order under another shape; one extent may be -1 and is inferred. */
  default Tensor reshape(long... shape) {
    long[] d = shape.clone();
    int open = -1;
    long known = 1;
    for (int i = 0; i < d.length; i++) {
      if (d[i] == -1 && open < 0) {
        open = i;
      } else {
        if (d[i] < 0) {
          throw new ShapeException(
              "reshape: " + Arrays.toString(shape) + "; extents are 0 or more, and at most one is -1");
        }
        known = d[i] == 0 ? 0 : known * d[i];
      }
    }
    if (open >= 0) {
      if (known == 0 || self().size() % known != 0) {
        throw new ShapeException(
            "reshape: no extent for the -1 in " + Arrays.toString(shape) + " fits the "
                + self().size() + " elements of "
                + self().shape());
      }
      d[open] = self().size() / known;
    }
    Shape target = Shape.of(d);
    return target.equals(self().shape()) ? self() : Tensor.apply(new Op.Reshape(target), self());
  }

  /** Reorders the axes: axis i of the result is axis {@code axes[i]} of this tensor. */
  default Tensor permuteDims(int... axes) {
    List<Integer> order = new ArrayList<>();
    boolean same = axes.length == self().rank();
    for (int i = 0; i < axes.length; i++) {
      int a = ShapeInference.normalizeAxis("permuteDims", axes[i], self().rank());
      order.add(a);
      same &= a == i;
    }
    return same ? self() : Tensor.apply(new Op.Permute(order), self());
  }

  /** Reverses the order of all axes. */
  default Tensor transpose() {
    int r = self().rank();
    int[] axes = new int[r];
    for (int i = 0; i < r; i++) {
      axes[i] = r - 1 - i;
    }
    return permuteDims(axes);
  }

  /** Swaps the last two axes. */
  default Tensor mT() {
    return swapAxes(-2, -1);
  }

  /** Swaps two axes. */
  default Tensor swapAxes(int a, int b) {
    int[] axes = Nodes.identity(self().rank());
    int x = ShapeInference.normalizeAxis("swapAxes", a, axes.length);
    int y = ShapeInference.normalizeAxis("swapAxes", b, axes.length);
    axes[x] = y;
    axes[y] = x;
    return permuteDims(axes);
  }

  /** Moves one axis to another place; the others keep their order. */
  default Tensor moveAxis(int source, int destination) {
    int r = self().rank();
    int from = ShapeInference.normalizeAxis("moveAxis", source, r);
    int to = ShapeInference.normalizeAxis("moveAxis", destination, r);
    List<Integer> order = new ArrayList<>();
    for (int i = 0; i < r; i++) {
      if (i != from) {
        order.add(i);
      }
    }
    order.add(to, from);
    return permuteDims(order.stream().mapToInt(Integer::intValue).toArray());
  }

  /** Inserts axes of extent 1; the numbers are those of the result's axes. */
  default Tensor expandDims(int... axes) {
    int r = self().rank() + axes.length;
    boolean[] added = new boolean[r];
    for (int a : axes) {
      int n = ShapeInference.normalizeAxis("expandDims", a, r);
      if (added[n]) {
        throw new ShapeException("expandDims: axis " + a + " is named twice");
      }
      added[n] = true;
    }
    long[] d = new long[r];
    int next = 0;
    for (int i = 0; i < r; i++) {
      d[i] = added[i] ? 1 : self().shape().dim(next++);
    }
    return reshape(d);
  }

  /** Removes axes of extent 1: those named, or all where none is. */
  default Tensor squeeze(int... axes) {
    Shape s = self().shape();
    boolean[] gone = new boolean[s.rank()];
    for (int i = 0; axes.length == 0 && i < gone.length; i++) {
      gone[i] = s.dim(i) == 1;
    }
    for (int a : axes) {
      int n = ShapeInference.normalizeAxis("squeeze", a, s.rank());
      if (s.dim(n) != 1) {
        throw new ShapeException(
            "squeeze: axis " + a + " of shape " + s + " has extent " + s.dim(n) + "; it must be 1");
      }
      gone[n] = true;
    }
    long[] d = new long[s.rank()];
    int n = 0;
    for (int i = 0; i < d.length; i++) {
      if (!gone[i]) {
        d[n++] = s.dim(i);
      }
    }
    return reshape(Arrays.copyOf(d, n));
  }

  /** All elements in row-major order on one axis. */
  default Tensor flatten() {
    return reshape(self().size());
  }

  /** Merges the axes from {@code start} on into one. */
  default Tensor flatten(int start) {
    Shape s = self().shape();
    int from = s.rank() == 0 ? 0 : ShapeInference.normalizeAxis("flatten", start, s.rank());
    Shape tail = s.subShape(from, s.rank());
    return reshape(s.subShape(0, from).concat(Shape.of(tail.size())).dims());
  }

  /** Stretches axes of extent 1 and adds leading axes. */
  default Tensor broadcastTo(long... shape) {
    Shape target = Shape.of(shape);
    return target.equals(self().shape()) ? self() : Tensor.apply(new Op.Broadcast(target), self());
  }

  /** A part of the tensor: one {@link Slice} for each leading axis; the others are taken whole. */
  default Tensor slice(Slice... slices) {
    Shape s = self().shape();
    if (slices.length > s.rank()) {
      throw new ShapeException("slice: " + slices.length + " slices for shape " + s);
    }
    List<Long> starts = new ArrayList<>();
    List<Long> steps = new ArrayList<>();
    long[] extents = s.dims();
    List<Integer> dropped = new ArrayList<>();
    boolean whole = true;
    for (int i = 0; i < extents.length; i++) {
      Slice part = i < slices.length ? slices[i] : Slice.all();
      long n = extents[i];
      extents[i] = part.count(i, n);
      starts.add(part.first(i, n));
      steps.add(part.step());
      whole &= extents[i] == n && part.step() == 1;
      if (part.single()) {
        dropped.add(i);
      }
    }
    if (whole && dropped.isEmpty()) {
      return self();
    }
    Node part = self().node();
    if (!whole) {
      part = Node.of(new Op.Slice(starts, steps, Shape.of(extents)), part);
    }
    IntStream kept = IntStream.range(0, extents.length).filter(i -> !dropped.contains(i));
    long[] left = kept.mapToLong(i -> extents[i]).toArray();
    return Tensor.ofNode(Nodes.reshape(part, Shape.of(left)), self().device());
  }

  /** The part at one index of each leading axis; negative indices count from the end. */
  default Tensor get(long... index) {
    return slice(Arrays.stream(index).mapToObj(Slice::at).toArray(Slice[]::new));
  }

  /** The indices {@code start .. start+length-1} of one axis. */
  default Tensor narrow(int axis, long start, long length) {
    int a = ShapeInference.normalizeAxis("narrow", axis, self().rank());
    long n = self().shape().dim(a);
    if (start < 0 || length < 0 || length > n - start) {
      throw new ShapeException(
          "narrow: start " + start + " and length " + length + " leave axis " + axis + " of shape "
              + self().shape());
    }
    Slice[] slices = new Slice[a + 1];
    Arrays.fill(slices, Slice.all());
    slices[a] = Slice.of(start, start + length);
    return slice(slices);
  }

  /**
   * Surrounds the tensor with a value.
   *
   * @param lowHigh for each axis the elements added before and behind it: {@code low0, high0, low1, ...};
   *     negative crops
   */
  default Tensor pad(double value, long... lowHigh) {
    if (lowHigh.length != 2 * self().rank()) {
      throw new ShapeException(
          "pad: " + lowHigh.length + " amounts for shape " + self().shape() + "; give two for each axis");
    }
    List<Long> low = new ArrayList<>();
    List<Long> high = new ArrayList<>();
    for (int i = 0; i < lowHigh.length; i += 2) {
      low.add(lowHigh[i]);
      high.add(lowHigh[i + 1]);
    }
    long bits = Nodes.bits("pad", self().dtype(), value);
    return Tensor.apply(new Op.Pad(low, high, Collections.nCopies(self().rank(), 0L), bits), self());
  }

  /** Reverses the named axes, or all where none is named. */
  default Tensor flip(int... axes) {
    int r = self().rank();
    Slice[] slices = new Slice[r];
    Arrays.fill(slices, axes.length == 0 ? Slice.by(-1) : Slice.all());
    for (int a : axes) {
      slices[ShapeInference.normalizeAxis("flip", a, r)] = Slice.by(-1);
    }
    return slice(slices);
  }

  /** Shifts the elements along an axis; what leaves one end enters at the other. */
  default Tensor roll(long shift, int axis) {
    int a = ShapeInference.normalizeAxis("roll", axis, self().rank());
    long n = self().shape().dim(a);
    long s = n == 0 ? 0 : Math.floorMod(shift, n);
    if (s == 0) {
      return self();
    }
    return Nodes.composite(() -> concat(a, List.of(narrow(a, n - s, s), narrow(a, 0, n - s))));
  }

  /** Repeats the whole tensor along each axis; counts are aligned at the last axis. */
  default Tensor tile(long... counts) {
    int r = Math.max(self().rank(), counts.length);
    long[] interleaved = new long[2 * r];
    long[] wide = new long[2 * r];
    long[] merged = new long[r];
    for (int i = 0; i < r; i++) {
      int axis = i - (r - self().rank());
      int count = i - (r - counts.length);
      long d = axis < 0 ? 1 : self().shape().dim(axis);
      long c = count < 0 ? 1 : counts[count];
      if (c < 0) {
        throw new ShapeException("tile: negative count in " + Arrays.toString(counts));
      }
      interleaved[2 * i] = 1;
      interleaved[2 * i + 1] = d;
      wide[2 * i] = c;
      wide[2 * i + 1] = d;
      merged[i] = ShapeInference.repeated("tile", self().shape(), Math.max(axis, 0), d, c);
    }
    return Nodes.composite(() -> reshape(interleaved).broadcastTo(wide).reshape(merged));
  }

  /** Repeats each element along an axis. */
  default Tensor repeat(long count, int axis) {
    int a = ShapeInference.normalizeAxis("repeat", axis, self().rank());
    if (count < 0) {
      throw new ShapeException("repeat: negative count " + count);
    }
    Shape s = self().shape();
    long[] merged = s.withDim(a, ShapeInference.repeated("repeat", s, a, s.dim(a), count)).dims();
    Shape wide = s.subShape(0, a + 1).concat(Shape.of(count)).concat(s.subShape(a + 1, s.rank()));
    return Nodes.composite(() -> expandDims(a + 1).broadcastTo(wide.dims()).reshape(merged));
  }

  /** Cuts an axis into equal parts. */
  default List<Tensor> split(long sections, int axis) {
    int a = ShapeInference.normalizeAxis("split", axis, self().rank());
    long n = self().shape().dim(a);
    if (sections < 1 || n % sections != 0) {
      throw new ShapeException(
          "split: axis " + axis + " of extent " + n + " has no " + sections + " equal parts; use splitSizes");
    }
    long[] sizes = new long[Math.toIntExact(sections)];
    Arrays.fill(sizes, n / sections);
    return splitSizes(a, sizes);
  }

  /** Cuts an axis into parts of given extents, which add up to its own. */
  default List<Tensor> splitSizes(int axis, long... sizes) {
    int a = ShapeInference.normalizeAxis("splitSizes", axis, self().rank());
    if (Arrays.stream(sizes).sum() != self().shape().dim(a)) {
      throw new ShapeException(
          "splitSizes: " + Arrays.toString(sizes) + " do not add up to extent " + self().shape().dim(a)
              + " of axis " + axis);
    }
    List<Tensor> parts = new ArrayList<>();
    long at = 0;
    for (long size : sizes) {
      parts.add(narrow(a, at, size));
      at += size;
    }
    return parts;
  }

  /** The slices along an axis, without it. */
  default List<Tensor> unstack(int axis) {
    int a = ShapeInference.normalizeAxis("unstack", axis, self().rank());
    Slice[] slices = new Slice[a + 1];
    Arrays.fill(slices, Slice.all());
    List<Tensor> parts = new ArrayList<>();
    for (long i = 0; i < self().shape().dim(a); i++) {
      slices[a] = Slice.at(i);
      parts.add(slice(slices));
    }
    return parts;
  }

  /** Sliding windows over the last {@code size.length} axes; the window's axes are appended. */
  default Tensor windows(long[] size, long[] strides, long[] dilations) {
    if (size.length != strides.length || size.length != dilations.length) {
      throw new ShapeException(
          "windows: size, strides and dilations have " + size.length + ", " + strides.length + " and "
          + dilations.length + " entries; they must be as many");
    }
    return Tensor.apply(new Op.Window(Shape.of(size), Nodes.list(strides), Nodes.list(dilations)), self());
  }

  /** Joins tensors along an axis; dtypes promote. */
  static Tensor concat(int axis, List<Tensor> tensors) {
    if (tensors.isEmpty()) {
      throw new ShapeException("concat: no tensors; give at least one");
    }
    int a = ShapeInference.normalizeAxis("concat", axis, tensors.getFirst().rank());
    DType t = tensors.getFirst().dtype();
    for (Tensor x : tensors) {
      t = ShapeInference.promote("concat", t, x.dtype());
    }
    if (tensors.size() == 1) {
      return tensors.getFirst();
    }
    DType common = t;
    Device device = Nodes.device("concat", tensors.toArray(Tensor[]::new));
    Node[] parts = tensors.stream().map(x -> Nodes.cast(x.node(), common)).toArray(Node[]::new);
    return Tensor.ofNode(Node.of(new Op.Concat(a), parts), device);
  }

  /** Joins tensors of one shape along a new axis. */
  static Tensor stack(int axis, List<Tensor> tensors) {
    if (tensors.isEmpty()) {
      throw new ShapeException("stack: no tensors; give at least one");
    }
    int a = ShapeInference.normalizeAxis("stack", axis, tensors.getFirst().rank() + 1);
    for (Tensor x : tensors) {
      if (!x.shape().equals(tensors.getFirst().shape())) {
        throw new ShapeException("stack: shapes differ: " + tensors.getFirst().shape() + " and " + x.shape());
      }
    }
    return Nodes.composite(() -> concat(a, tensors.stream().map(x -> x.expandDims(a)).toList()));
  }
}
