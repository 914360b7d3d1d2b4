package dev.tenzan.cuda.plan;

import dev.tenzan.cuda.program.KernelSource;
import dev.tenzan.cuda.program.Shipped;
import dev.tenzan.type.DType;
import java.util.ArrayList;
import java.util.List;

/** Steps of the kernels of one shipped module. */
final class Pieces {
  private final Style style;
  private final KernelSource source;
  private final List<Step> steps = new ArrayList<>();

  Pieces(Style style, String source, DType dtype) {
    this(style, Shipped.module(source, dtype));
  }

  Pieces(Style style, KernelSource source) {
    this.style = style;
    this.source = source;
  }

  /** Adds a kernel whose threads take so many pieces of work, which is also its last argument. */
  void each(String entry, long units, Object... args) {
    if (units > 0) {
      int threads = Style.threads(units);
      List<Arg> all = args(args);
      all.add(new Arg.Number(units));
      steps.add(new Step(source, entry, all, style.blocks(units, threads), threads));
    }
  }

  /** Adds a kernel whose threads take so many pieces of work, where the number stands among the arguments. */
  void items(String entry, long units, Object... args) {
    int threads = Style.threads(units);
    steps.add(new Step(source, entry, args(args), style.blocks(units, threads), threads));
  }

  /** Adds a kernel whose blocks of 256 threads take so many tiles. */
  void tiles(String entry, long tiles, Object... args) {
    blocks(entry, Style.BLOCK, tiles, args);
  }

  /** Adds a kernel whose blocks of so many threads take so many tiles. */
  void blocks(String entry, int threads, long tiles, Object... args) {
    steps.add(new Step(source, entry, args(args), style.blocks(tiles), threads));
  }

  /** Adds a kernel whose blocks take so many tiles, in shared memory that the launch gives. */
  void tiles(Tile tile, int shared, String entry, long tiles, Object... args) {
    steps.add(new Step(source, entry, args(args), style.blocks(tiles), tile.threads, shared));
  }

  private static List<Arg> args(Object... args) {
    List<Arg> all = new ArrayList<>();
    for (Object a : args) {
      switch (a) {
        case Arg arg -> all.add(arg);
        case Long v -> all.add(new Arg.Number(v));
        default -> throw new IllegalArgumentException("no argument: " + a);
      }
    }
    return all;
  }

  List<Step> steps() {
    return steps;
  }
}
