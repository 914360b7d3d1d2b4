package dev.tenzan.cpu.loop;

import dev.tenzan.kernel.LoopKernel;
import dev.tenzan.scalar.Instr;
import java.lang.foreign.MemorySegment;

/** A loop kernel without a reduction. */
final class MapLoop implements CpuLoop {
  /** The points of one unit of work: a few microseconds, and small enough for the second cache. */
  private static final int UNIT = 32 * 1024;

  /** Parts of rows are multiples of so many elements, which are whole vectors and whole lines of cache. */
  private static final int STEP = 64;

  private final LoopCompiler compiler;
  private final LoopNest nest;
  private final long outer;
  private final long rowExtent;
  private final long columns;
  private final int rowsPerUnit;
  private final int columnsPerUnit;
  private final long rowUnits;
  private final long columnUnits;
  private final long units;
  private final int tasks;
  private final boolean streams;

  MapLoop(LoopKernel kernel, LoopCompiler compiler, boolean streams) {
    this.compiler = compiler;
    this.streams = streams;
    LoopSpace space = LoopSpace.of(kernel);
    int inner = space.rank() - 1;
    int row = space.rank() - 2 < 0 ? -1 : space.rank() - 2;
    BodyBuilder builder = new BodyBuilder(space, inner, kernel.body());
    for (LoopKernel.Store s : kernel.stores()) {
      builder.toMemory(
          kernel.outputs().get(s.slot()), kernel.inputs().size() + s.slot(), s.address(), s.value());
    }
    this.nest = new LoopNest(space, inner, row, compiler.compile(builder.body()), builder);
    this.rowExtent = space.extent(row);
    this.columns = space.extent(inner);
    this.outer = space.points(0, Math.max(0, space.rank() - 2));
    boolean tiles = row >= 0 && walksRows(kernel, space, row, inner);
    int mostColumns = (int) Math.min(columns, tiles ? UNIT / ChunkedPasses.TILE_ROWS : UNIT);
    int mostRows = (int) Math.max(1, Math.min(rowExtent, UNIT / mostColumns));
    Partition partition = new Partition(kernel, compiler);
    int threads = partition.threads;
    // Rows are shared out where there are enough of them, else parts of rows.
    boolean byRows = outer * rowExtent >= threads;
    this.columnsPerUnit =
        byRows ? mostColumns : partition.even(columns, mostColumns, outer * Math.ceilDiv(rowExtent, mostRows), STEP);
    this.columnUnits = Math.ceilDiv(columns, columnsPerUnit);
    int rowStep = tiles ? ChunkedPasses.TILE_ROWS : 1;
    this.rowsPerUnit = byRows ? partition.even(rowExtent, mostRows, outer * columnUnits, rowStep) : mostRows;
    this.rowUnits = Math.ceilDiv(rowExtent, rowsPerUnit);
    this.units = outer * rowUnits * columnUnits;
    this.tasks = partition.tasks(units);
  }

  /** Whether a load jumps along the columns and moves by one element along the rows, so that it is taken by tiles. */
  private static boolean walksRows(LoopKernel kernel, LoopSpace space, int row, int inner) {
    for (Instr i : kernel.body().code()) {
      if (i instanceof Instr.Load l) {
        Address a = space.address(l.address(), 1);
        if (a.stride(row) == 1 && a.stride(inner) != 0 && a.stride(inner) != 1) {
          return true;
        }
      }
    }
    return false;
  }

  @Override
  public void run(MemorySegment[] segments) {
    if (tasks == 1) {
      runUnits(segments, 0, units);
      return;
    }
    compiler
        .pool()
        .parallelFor(tasks, t -> runUnits(segments, units * t / tasks, units * (t + 1) / tasks));
  }

  private void runUnits(MemorySegment[] segments, long from, long to) {
    Frame f = Frame.current();
    nest.prepare(f, segments);
    f.streams = streams;
    long[] index = f.index;
    for (long u = from; u < to; u++) {
      long column = u % columnUnits * columnsPerUnit;
      long rest = u / columnUnits;
      // The outer dimensions move first: where they are short, a block stays in the cache for all of them.
      long firstRow = rest / outer * rowsPerUnit;
      rest %= outer;
      for (int d = nest.space.rank() - 3; d >= 0; d--) {
        long extent = nest.space.extents[d];
        index[d] = rest % extent;
        rest /= extent;
      }
      if (nest.row >= 0) {
        index[nest.row] = firstRow;
      }
      if (nest.inner >= 0) {
        index[nest.inner] = column;
      }
      nest.run(
          f,
          index,
          (int) Math.min(rowsPerUnit, rowExtent - firstRow),
          (int) Math.min(columnsPerUnit, columns - column));
    }
    f.seg = Frame.NO_SEGMENTS;
  }
}
