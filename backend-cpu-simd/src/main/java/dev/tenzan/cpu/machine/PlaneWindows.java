package dev.tenzan.cpu.machine;

import static dev.tenzan.cpu.machine.Assembler.ALL;
import static dev.tenzan.cpu.machine.Assembler.R10;
import static dev.tenzan.cpu.machine.Assembler.R11;
import static dev.tenzan.cpu.machine.Assembler.R8;
import static dev.tenzan.cpu.machine.Assembler.R9;
import static dev.tenzan.cpu.machine.Assembler.RAX;
import static dev.tenzan.cpu.machine.Assembler.RCX;
import static dev.tenzan.cpu.machine.Assembler.RDI;
import static dev.tenzan.cpu.machine.Assembler.RDX;
import static dev.tenzan.cpu.machine.Assembler.RSI;

import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What the places of f32 planes see through a window, read where the planes lie: for each place a chain of fused multiply-adds from +0 over the
 * window's positions. Padding is in no memory: loads that reach beyond a row have a mask, and rows beyond the plane are zeros, which take part
 * in the chains. So do the zeros between the elements of a plane that is spread out.
 *
 * <p>The code is written for one geometry, whose distances and masks stand in it; some rows at a time, so that there are chains enough to hide their
 * latency. Rows that see padding above or below have code of their own.
 */
public final class PlaneWindows {
  // Registers behind those of the chains.
  private static final int VALUES = WindowChains.BEHIND;
  private static final int MORE_VALUES = VALUES + 1;
  private static final int PLACES = VALUES + 2;

  /** The most loads of values in the code, each of some twenty bytes with its multiply-add. */
  private static final long MOST_LOADS = 8000;

  /** The most elements of a row's distance times a stride: as bytes of some rows together they fit in an instruction. */
  private static final long FAR = 1L << 25;

  private final MachineCode code;

  private PlaneWindows(MachineCode code) {
    this.code = code;
  }

  /**
   * One dimension of a convolution.
   *
   * @param extent the elements of the plane
   * @param window the positions of the window
   * @param outputs the places of the window
   * @param stride how far apart neighbouring places are
   * @param padding the zeros before the first element; negative where some are left out
   * @param dilation how far apart neighbouring positions of the window are
   * @param spread how far apart the windows see neighbouring elements: there are zeros between them
   */
  public record Side(long extent, long window, long outputs, long stride, long padding, long dilation, long spread) {
    /** A dimension of one element. */
    public static final Side NONE = new Side(1, 1, 1, 1, 0, 1, 1);

    /** The coordinate that is seen from a place at a position of the window; it may lie beside the plane, or between elements. */
    private long coordinate(long place, long position) {
      return place * stride - padding + position * dilation;
    }

    /** The element at a coordinate, or the one before. */
    private long element(long coordinate) {
      return Math.floorDiv(coordinate, spread);
    }

    private boolean isBetween(long coordinate) {
      return Math.floorMod(coordinate, spread) != 0;
    }

    private boolean has(long element) {
      return element >= 0 && element < extent;
    }

    /** After so many places windows see elements and zeros in the same order. */
    private long period() {
      long period = 1;
      while (period * stride % spread != 0) {
        period++;
      }
      return period;
    }

    /** The first place that sees no padding, or where there is none, the one behind the last. */
    private long inside() {
      return Math.clamp(Math.ceilDiv(padding, stride), 0, outputs);
    }

    /** The place behind the last one that sees no padding. */
    private long endInside() {
      return Math.clamp(Math.floorDiv((extent - 1) * spread - (window - 1) * dilation + padding, stride) + 1, inside(), outputs);
    }
  }

  /**
   * Where planes lie, in elements.
   *
   * @param rows the distance of the rows of a plane, whose elements are neighbours
   * @param planes the distance of the planes of a call
   */
  public record Distances(long rows, long planes) {}

  /**
   * Makes the code for a geometry, or null where there is none: on other processors, where windows or rows are long, where distances or strides are,
   * or where the system gives no memory for it.
   *
   * @param set the vectors of the code
   * @param rows the dimension across rows
   * @param columns the dimension along rows; its stride or its spread is 1 or 2, the other one 1
   */
  public static @Nullable PlaneWindows of(VectorSet set, Side rows, Side columns, Distances distances) {
    boolean near =
        Math.max(rows.extent, rows.stride) * (double) Math.abs(distances.rows) < FAR
            && columns.extent < FAR
            && rows.outputs * (double) columns.outputs < FAR
            && Math.abs(distances.planes) < FAR;
    boolean simple = columns.stride * columns.spread <= 2 && rows.spread <= 2;
    if (!set.canRun() || !near || !simple || loads(set, rows, columns) > MOST_LOADS || rows.outputs * columns.outputs == 0) {
      return null;
    }
    MachineCode code =
        MachineCode.loadOrWarn(new Code(set, rows, columns, distances).code(), "a convolution of single channels goes without machine code");
    return code == null ? null : new PlaneWindows(code);
  }

  /** About how many loads of values the code has. */
  private static double loads(VectorSet set, Side rows, Side columns) {
    double vectors = Math.ceilDiv(columns.outputs, set.bytes() / Float.BYTES);
    double beside = rows.outputs - (rows.endInside() - rows.inside());
    return (beside + 2 * WindowChains.CHAINS / Math.min(vectors, WindowChains.WIDE)) * vectors * rows.window * columns.window * columns.stride * columns.spread;
  }

  /**
   * Computes the places of some planes; the results lie one after the other.
   *
   * @param x the planes
   * @param from the byte at which the first one begins
   * @param weights for each plane the window's weights
   * @param at the byte at which they begin
   * @param out receives the results
   * @param to the byte at which they begin
   * @param planes how many, at least one
   */
  public void run(MemorySegment x, long from, MemorySegment weights, long at, MemorySegment out, long to, long planes) {
    code.call(x, weights, out, MemorySegment.NULL, at, to, from, planes);
  }

  /** The code of a geometry. */
  private static final class Code {
    private final Assembler a;
    private final VectorSet set;
    private final VectorForm form;
    private final Side rows;
    private final Side columns;
    private final Distances distances;
    private final int lanes;
    private final int length;
    private final int vectors;

    private final WindowChains chains;

    /** The mask of loads whose mask has no register; with AVX2 masks are vectors. */
    private final int some;

    /** The masks that have registers, by their bits. */
    private final Map<Integer, Integer> masks = new HashMap<>();

    Code(VectorSet set, Side rows, Side columns, Distances distances) {
      this.a = set.assembler();
      this.set = set;
      this.rows = rows;
      this.columns = columns;
      this.distances = distances;
      this.lanes = set.bytes() / Float.BYTES;
      this.form = new VectorForm(false, lanes);
      this.length = (int) columns.outputs;
      this.vectors = Math.ceilDiv(length, lanes);
      this.some = set.mask(2);
      int weight = set.hasMaskRegisters() ? set.registers() - 1 : some - 1;
      // With AVX2 no places are needed.
      int firstKept = set.hasMaskRegisters() ? PLACES + 1 : PLACES;
      this.chains = new WindowChains(a, set, RSI, (int) (rows.window * columns.window), length, firstKept, weight, set.mask(1));
    }

    byte[] code() {
      a.add(RSI, R8);
      a.add(RDX, R9);
      a.loadArgument(RAX, 0);
      a.add(RDI, RAX);
      a.loadArgument(R10, 1);
      chains.setTail();
      keepMasks();
      if (columns.stride == 2 && set.hasMaskRegisters()) {
        a.everyOtherPlaces(form, PLACES);
      }
      int plane = a.here();
      chains.loadWeights();
      int inside = (int) rows.inside();
      int end = (int) rows.endInside();
      for (int r = 0; r < inside; r++) {
        row(r);
      }
      if (inside < end) {
        inside(inside, end - inside);
      }
      for (int r = end; r < rows.outputs; r++) {
        row(r);
      }
      a.addConstant(RDI, bytes(distances.planes));
      a.addConstant(RDX, bytes(rows.outputs * length));
      a.addConstant(RSI, bytes(rows.window * columns.window));
      a.subtractConstant(R10, 1);
      a.jumpIfNotZero(plane);
      a.returnFromVectors();
      return a.code();
    }

    private static int bytes(long elements) {
      return Math.toIntExact(elements * Float.BYTES);
    }

    /** Gives registers to the masks of loads, as far as there are any. */
    private void keepMasks() {
      if (!set.hasMaskRegisters()) {
        return;
      }
      Set<Integer> all = new LinkedHashSet<>();
      for (int v = 0; v < vectors; v++) {
        for (int t = 0; t < columns.window; t++) {
          long first = columns.coordinate((long) v * lanes, t);
          if (columns.spread == 2) {
            all.add(inRow(columns.element(first + 1)) & half());
            continue;
          }
          for (int l = 0; l < columns.stride; l++) {
            all.add(inRow(first + (long) l * (lanes - 1)));
          }
        }
      }
      int next = some + 1;
      for (int bits : all) {
        if (bits != 0 && bits != allLanes() && next < 8) {
          a.constantMask(next, bits);
          masks.put(bits, next++);
        }
      }
    }

    private int allLanes() {
      return (1 << lanes) - 1;
    }

    private int half() {
      return (1 << lanes / 2) - 1;
    }

    /** Which lanes of a vector that begins at an element are elements of a row. */
    private int inRow(long from) {
      int bits = 0;
      for (int l = 0; l < lanes; l++) {
        bits |= columns.has(from + l) ? 1 << l : 0;
      }
      return bits;
    }

    /** A row that sees padding above or below. */
    private void row(int place) {
      long[] seen = new long[(int) rows.window];
      boolean[] isZero = new boolean[seen.length];
      for (int t = 0; t < seen.length; t++) {
        long coordinate = rows.coordinate(place, t);
        isZero[t] = rows.isBetween(coordinate) || !rows.has(rows.element(coordinate));
        seen[t] = isZero[t] ? 0 : rows.element(coordinate) * distances.rows;
      }
      rows(RDI, RDX, place * length, new long[][] {seen}, new boolean[][] {isZero});
    }

    /** Rows that see none. */
    private void inside(int first, int count) {
      int period = (int) rows.period();
      int wanted = Math.min(count, chains.together());
      int together = Math.max(period, wanted / period * period);
      long begin = rows.element(rows.coordinate(first, 0));
      a.move(R11, RDI);
      a.addConstant(R11, bytes(begin * distances.rows));
      a.move(R9, RDX);
      a.addConstant(R9, bytes((long) first * length));
      if (count >= together) {
        a.set(RCX, count / together);
        int loop = a.here();
        insideRows(first, begin, together);
        a.addConstant(R11, bytes(together * rows.stride / rows.spread * distances.rows));
        a.addConstant(R9, bytes((long) together * length));
        a.subtractConstant(RCX, 1);
        a.jumpIfNotZero(loop);
      }
      if (count % together > 0) {
        insideRows(first, begin, count % together);
      }
    }

    /** Some rows of which the first sees zeros where the first one of all does; its first element is {@code begin}. */
    private void insideRows(int first, long begin, int together) {
      long[][] seen = new long[together][(int) rows.window];
      boolean[][] isZero = new boolean[together][(int) rows.window];
      for (int r = 0; r < together; r++) {
        for (int t = 0; t < rows.window; t++) {
          long coordinate = rows.coordinate(first + r, t);
          isZero[r][t] = rows.isBetween(coordinate);
          seen[r][t] = (rows.element(coordinate) - begin) * distances.rows;
        }
      }
      rows(R11, R9, 0, seen, isZero);
    }

    /**
     * Some rows.
     *
     * @param from a register with an address
     * @param to a register with an address
     * @param at where the results go, in elements from the latter
     * @param seen for each row and each row of the window how far from the former what it sees begins, in elements
     * @param isZero for each row which rows of the window see zeros
     */
    private void rows(int from, int to, int at, long[][] seen, boolean[][] isZero) {
      chains.rows(seen.length, to, at, (chain, weight, row, column, position) -> {
        int ofWindow = (int) (position / columns.window);
        if (isZero[row][ofWindow]) {
          a.clear(VALUES);
          a.vector(VectorOp.VFMADD231PS, chain, weight, VALUES);
        } else {
          multiply(chain, weight, from, seen[row][ofWindow], columns.coordinate(column, position % columns.window));
        }
      });
    }

    /** Adds the products of a weight with what the lanes of a chain see, from a coordinate of a row on. */
    private void multiply(int chain, int weight, int from, long row, long coordinate) {
      if (columns.spread == 2) {
        loadSpread(VALUES, from, row, coordinate);
        a.vector(VectorOp.VFMADD231PS, chain, weight, VALUES);
        return;
      }
      long element = coordinate;
      if (columns.stride == 1 && inRow(element) == allLanes()) {
        a.vector(VectorOp.VFMADD231PS, chain, weight, from, bytes(row + element));
        return;
      }
      load(VALUES, from, row, element);
      if (columns.stride == 2) {
        // The second vector ends at the last element that is wanted.
        long second = element + lanes - 1;
        if (inRow(second) == allLanes()) {
          a.everyOther(form, VALUES, new Source.Memory(from, bytes(row + second)), PLACES);
        } else {
          load(MORE_VALUES, from, row, second);
          a.everyOther(form, VALUES, new Source.Register(MORE_VALUES), PLACES);
        }
      }
      a.vector(VectorOp.VFMADD231PS, chain, weight, VALUES);
    }

    /** Loads elements of a row with a zero behind each, or before each where a row does not begin with one. */
    private void loadSpread(int to, int from, long row, long coordinate) {
      long element = columns.element(coordinate + 1);
      if ((inRow(element) & half()) == half()) {
        a.vectorLoad(VectorOp.VPMOVZXDQ, to, from, bytes(row + element), ALL);
      } else {
        load(to, from, row, element, inRow(element) & half());
        a.vector(VectorOp.VPMOVZXDQ, to, 0, to);
      }
      if (columns.isBetween(coordinate)) {
        a.shift(Shift.LEFT, new VectorForm(true, lanes / 2), to, new Source.Register(to), Integer.SIZE);
      }
    }

    /** Loads elements of a row, and zeros where they lie beside it. */
    private void load(int to, int from, long row, long element) {
      load(to, from, row, element, inRow(element));
    }

    /** Loads the elements that have a bit, and zeros for the others. */
    private void load(int to, int from, long row, long element, int bits) {
      if (bits == 0) {
        a.clear(to);
        return;
      }
      int mask = bits == allLanes() ? ALL : masks.getOrDefault(bits, some);
      if (mask == some) {
        a.constantMask(some, bits);
      }
      a.vectorLoad(VectorOp.LOAD, to, from, bytes(row + element), mask);
    }
  }
}
