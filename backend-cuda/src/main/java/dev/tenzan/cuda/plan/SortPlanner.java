package dev.tenzan.cuda.plan;

import dev.tenzan.kernel.SortKernel;
import dev.tenzan.type.DType;
import java.util.ArrayList;
import java.util.List;

/** Plans sorts by the kernels of {@code sort.cu}, which says what tiles, digits and passes are. */
final class SortPlanner {
  /** The values of a digit of 8 bits, and the threads of a block, each of which has one. */
  private static final int DIGITS = 256;

  /** The words that count the tiles that passes have taken. */
  private static final long TURNS = 32;

  /** The blocks of a multiprocessor that count digits at once. */
  private static final long COUNTING = 8;

  /** The blocks of a multiprocessor that sort lines of a tile at once; they take no second line each before all have one. */
  private static final long SORTING = 4;

  /** The bytes that one thread clears. */
  private static final long CLEARED = 16;

  /** An address that a kernel does not use. */
  private static final Arg NONE = new Arg.Number(0);

  private SortPlanner() {}

  /** The elements of a tile. */
  static long tile(DType dtype) {
    return Style.BLOCK * (dtype.byteSize() == 8 ? 12L : 16L);
  }

  static Plan plan(SortKernel k, Style style) {
    long elements = k.outer() * k.length() * k.inner();
    long results = k.outer() * k.count() * k.inner();
    List<Long> bytes = List.of(elements * k.dtype().byteSize(), results * k.outputs().getFirst().byteSize());
    if (results == 0) {
      return Plan.nothing(bytes);
    }
    Pieces pieces = new Pieces(style, "sort", k.dtype());
    List<Long> temps = new ArrayList<>();
    if (k.length() <= tile(k.dtype())) {
      lines(k, style, pieces);
    } else {
      passes(k, style, pieces, temps);
    }
    return new Plan(bytes, temps, List.of(), pieces.steps(), null);
  }

  private static long flip(SortKernel k) {
    return k.descending() ? -1 : 0;
  }

  /** Sorts lines that fit a tile: several in one, but not so many that processors have none. */
  private static void lines(SortKernel k, Style style, Pieces pieces) {
    long lines = k.outer() * k.inner();
    long most = Math.min(DIGITS, tile(k.dtype()) / k.length());
    long group = Math.clamp(lines / (SORTING * style.processors()), 1, most);
    Arg out = new Arg.Slot(1);
    pieces.tiles(
        "tz_sort_lines", Math.ceilDiv(lines, group), new Arg.Slot(0), k.indices() ? NONE : out, k.indices() ? out : NONE, lines, k.length(),
        k.inner(), k.count(), group, flip(k));
  }

  /** Sorts longer lines, in a pass for each digit. */
  private static void passes(SortKernel k, Style style, Pieces pieces, List<Long> temps) {
    long lines = k.outer() * k.inner();
    long elements = lines * k.length();
    int passes = k.dtype().byteSize();
    long tiles = lines * Math.ceilDiv(k.length(), tile(k.dtype()));
    Arg work = temp(temps, 0);
    long cleared = (TURNS + (lines * passes + tiles) * DIGITS) * Integer.BYTES;
    temps.set(0, cleared + (passes > 1 ? tiles * DIGITS * Integer.BYTES : 0));
    pieces.each("tz_sort_clear", cleared / CLEARED, work);
    long most = Math.ceilDiv(k.length(), tile(k.dtype()));
    long cut = Math.clamp(Math.ceilDiv(COUNTING * style.processors(), lines), 1, most);
    long piece = Math.ceilDiv(k.length(), cut);
    pieces.tiles("tz_sort_counts", lines * cut, new Arg.Slot(0), work, lines, k.length(), k.inner(), flip(k), cut, piece);
    // The last pass writes the result; those before it take turns between two scratch buffers, of which the result may be one.
    Arg out = new Arg.Slot(1);
    boolean whole = !k.indices() && k.count() == k.length();
    Arg[] values = {NONE, NONE};
    Arg[] positions = {NONE, NONE};
    for (int i = 0; i < Math.min(2, passes - 1); i++) {
      values[i] = whole && i == 1 ? out : temp(temps, elements * k.dtype().byteSize());
      positions[i] = k.indices() ? temp(temps, elements * Integer.BYTES) : NONE;
    }
    Arg from = new Arg.Slot(0);
    Arg positionsFrom = NONE;
    for (int pass = 0; pass < passes; pass++) {
      boolean last = pass == passes - 1;
      int to = (passes - pass) % 2; // 0 before the last pass
      Arg valuesTo = last && !k.indices() ? out : last ? NONE : values[to];
      Arg positionsTo = last ? NONE : positions[to];
      if (k.indices()) {
        pieces.tiles(
            "tz_sort_pass_positions", tiles, from, positionsFrom, valuesTo, positionsTo, last ? out : NONE, work, lines, k.length(), k.inner(),
            k.count(), flip(k), (long) pass);
      } else {
        pieces.tiles("tz_sort_pass_values", tiles, from, valuesTo, work, lines, k.length(), k.inner(), k.count(), flip(k), (long) pass);
      }
      from = valuesTo;
      positionsFrom = positionsTo;
    }
  }

  private static Arg temp(List<Long> temps, long bytes) {
    temps.add(bytes);
    return new Arg.Temp(temps.size() - 1);
  }
}
