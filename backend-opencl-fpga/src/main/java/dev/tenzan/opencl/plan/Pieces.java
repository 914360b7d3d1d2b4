package dev.tenzan.opencl.plan;

import dev.tenzan.opencl.program.KernelSource;
import dev.tenzan.opencl.program.Texts;
import java.util.ArrayList;
import java.util.List;

/** Steps of the hand-written kernels, each a loop over pieces of work that {@code BEGIN} in their text opens. */
final class Pieces {
  private final Style style;
  private final KernelSource source;
  private final List<Step> steps = new ArrayList<>();

  /** Pieces of the products of {@code matmul.cl}. */
  static Pieces products(Style style, String head, boolean doubles) {
    return new Pieces(style, head, doubles, "matmul.cl", style.single() ? Texts.resource("systolic.cl") : "");
  }

  Pieces(Style style, String head, boolean doubles, String resource) {
    this(style, head, doubles, resource, "");
  }

  private Pieces(Style style, String head, boolean doubles, String resource, String more) {
    this.style = style;
    this.source = style.source(Texts.prelude(doubles) + begin(style) + head + Texts.resource(resource) + more);
  }

  private static String begin(Style style) {
    if (style.single()) {
      return "#define BEGIN(u, n, chunk) for (long u = 0; u < (n); u++)\n";
    }
    return style.chunked()
        ? "#define BEGIN(u, n, chunk) for (long u = get_global_id(0) * (chunk), u_end = min(u + (chunk), (n)); u < u_end; u++)\n"
        : "#define BEGIN(u, n, chunk) for (long u = get_global_id(0); u < (n); u += get_global_size(0))\n";
  }

  /**
   * Adds a step.
   *
   * @param units the pieces of work
   * @param cost the operations of one piece
   * @param args the arguments; {@link #UNITS} stands for the number of pieces and the run of a work-item
   */
  void add(String entry, long units, double cost, Object... args) {
    if (units == 0) {
      return;
    }
    long items = style.items(units, cost);
    List<Arg> all = new ArrayList<>();
    for (Object a : args) {
      switch (a) {
        case Arg arg -> all.add(arg);
        case Long v -> all.add(new Arg.OfLong(v));
        case Integer v -> all.add(new Arg.OfInt(v));
        case Units _ -> {
          all.add(new Arg.OfLong(units));
          all.add(new Arg.OfLong((units + items - 1) / items));
        }
        default -> throw new IllegalArgumentException("no argument: " + a);
      }
    }
    steps.add(new Step(source, entry, all, items, style.local()));
  }

  /**
   * Adds the product of panels in the first two scratch buffers.
   *
   * @param first the first panel of columns
   * @param count the panels of columns
   * @param cost the operations of a tile
   * @param sizes the arguments behind the numbers of the panels
   */
  void products(ProductText text, long first, long count, long rowPanels, double cost, Object... sizes) {
    List<Object> args = new ArrayList<>(List.of(new Arg.Temp(0), new Arg.Temp(1), new Arg.Slot(2), first));
    if (text.depth() == 0) {
      args.add(UNITS);
      args.addAll(List.of(sizes));
      add("tz_product", count * rowPanels, cost, args.toArray());
      return;
    }
    long side = Tile.SIDE;
    long blocks = (count + side - 1) / side * ((rowPanels + side - 1) / side);
    args.addAll(List.of(count, blocks));
    args.addAll(List.of(sizes));
    add("tz_product_local", blocks * Style.GROUP, cost, args.toArray());
  }

  /** The type of {@link #UNITS}. */
  enum Units {
    /** The only one. */
    UNITS
  }

  /** Stands for the arguments {@code units} and {@code chunk}. */
  static final Units UNITS = Units.UNITS;

  List<Step> steps() {
    return steps;
  }
}
