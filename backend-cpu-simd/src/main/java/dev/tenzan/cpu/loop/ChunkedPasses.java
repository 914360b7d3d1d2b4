package dev.tenzan.cpu.loop;

import dev.tenzan.scalar.Instr;
import dev.tenzan.type.DType;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Runs the steps of a plan that is not a single pass over a block of points: chunk by chunk of a row, with the values between the steps in
 * scratch arrays.
 *
 * <p>A load that jumps along the columns and walks along the rows, as a transposition's does, would take one element of each cache line, and
 * need the line again for the next row. So such loads take tiles of several rows at a time: a run of neighbours from each column, four
 * cache lines of F32, as the columns often lie in pages of their own. The tile is turned when its rows are taken, in the first cache.
 */
final class ChunkedPasses {
  /** The rows of a tile. */
  static final int TILE_ROWS = 64;

  /** The columns of a tile: with the rows it stays small enough for the first cache. */
  private static final int TILE_COLUMNS = 64;

  private final PassPlan plan;
  private final LoopCode code;
  private final Frame f;
  private final int addresses;

  // The block, while its parts are run.
  private final int rows;
  private final int from;
  private final int n;
  private final int at;
  private final int redAt;

  private ChunkedPasses(PassPlan plan, LoopCode code, Frame f, int addresses) {
    this.plan = plan;
    this.code = code;
    this.f = f;
    this.addresses = addresses;
    this.rows = f.rows;
    this.from = f.from;
    this.n = f.n;
    this.at = f.at;
    this.redAt = f.redAt;
  }

  /** Runs the block of the frame, and leaves the frame's block as it was. */
  static void run(PassPlan plan, LoopCode code, Frame f, int addresses) {
    f.reserveScratch(plan);
    System.arraycopy(f.base, 0, f.blockBase, 0, addresses);
    ChunkedPasses run = new ChunkedPasses(plan, code, f, addresses);
    f.rows = 1;
    f.from = 0;
    if (f.rows < run.rows && run.hasTiles()) {
      run.runTiles();
    } else {
      run.runRows();
    }
    System.arraycopy(f.blockBase, 0, f.base, 0, addresses);
    f.rows = run.rows;
    f.from = run.from;
    f.n = run.n;
    f.at = run.at;
    f.redAt = run.redAt;
  }

  private void runRows() {
    for (int r = 0; r < rows; r++) {
      for (int c = from; c < n; ) {
        int m = Math.min(Frame.CHUNK, n - c);
        if (m < plan.lanes) { // start earlier and do some points again rather than leave the vectors
          c = n - plan.lanes;
          m = plan.lanes;
        }
        seek(r, c, m);
        for (PassPlan.Step step : plan.steps) {
          run(step);
        }
        c += m;
      }
    }
  }

  private void runTiles() {
    f.reserveTiles(plan, TILE_ROWS * TILE_COLUMNS);
    for (int first = 0; first < rows; first += TILE_ROWS) {
      int height = Math.min(TILE_ROWS, rows - first);
      for (int c = from; c < n; ) {
        int m = Math.min(TILE_COLUMNS, n - c);
        if (m < plan.lanes) {
          c = n - plan.lanes;
          m = plan.lanes;
        }
        seek(first, c, m);
        for (PassPlan.Step step : plan.steps) {
          Instr.Load load = tile(step);
          if (load != null && step instanceof PassPlan.Compute compute) {
            fill(compute.value(), load, height);
          }
        }
        for (int r = 0; r < height; r++) {
          seek(first + r, c, m);
          for (PassPlan.Step step : plan.steps) {
            if (tile(step) != null && step instanceof PassPlan.Compute compute) {
              takeRow(compute.value(), r);
            } else {
              run(step);
            }
          }
        }
        c += m;
      }
    }
  }

  /** Moves the frame to {@code m} columns of a row. */
  private void seek(int row, int column, int m) {
    for (int a = 0; a < addresses; a++) {
      f.base[a] = f.blockBase[a] + row * f.step[a] + column * f.stride[a];
    }
    f.n = m;
    f.at = at + row * f.atStep + column;
    f.redAt = redAt + column;
  }

  private void run(PassPlan.Step step) {
    switch (step) {
      case PassPlan.Pass pass -> code.run(pass.number(), f);
      case PassPlan.Compute helper -> Helper.compute(plan, helper.value(), f);
      case PassPlan.Write w -> Helper.write(plan, w.out(), f);
    }
  }

  private boolean hasTiles() {
    return plan.steps.stream().anyMatch(s -> tile(s) != null);
  }

  /** The load of a step that is taken by tiles, or null. */
  private Instr.@Nullable Load tile(PassPlan.Step step) {
    if (!(step instanceof PassPlan.Compute c) || !(plan.body.code().get(c.value()) instanceof Instr.Load l)) {
      return null;
    }
    int address = LoopBody.number(l.address());
    int size = l.storage().byteSize();
    boolean repeats = LoopBody.move(l.address()) == LoopBody.REPEATED;
    return f.step[address] == size && f.stride[address] != size && !repeats ? l : null;
  }

  /** Fills a value's tile, column by column: each is a run of neighbours in memory. */
  private void fill(int value, Instr.Load load, int height) {
    int address = LoopBody.number(load.address());
    MemorySegment s = f.seg[load.slot()];
    long stride = f.stride[address];
    int scratch = plan.scratch[value];
    for (int x = 0; x < f.n; x++) {
      long from = f.base[address] + x * stride;
      int to = x * TILE_ROWS;
      int bytes = load.storage().byteSize();
      switch (load.storage()) {
        case F32, F16, BF16 -> Stage.load(load.storage(), s, from, bytes, f.tileF[scratch], to, height, f.raw);
        case F64 -> Stage.load(s, from, bytes, f.tileD[scratch], to, height);
        case I64 -> Stage.load(s, from, bytes, f.tileL[scratch], to, height);
        case I32, I16, I8, U8, BOOL -> Stage.load(load.storage(), s, from, bytes, f.tileI[scratch], to, height, f.raw);
      }
    }
  }

  /** Takes a row of a value's tile to its scratch array. */
  private void takeRow(int value, int row) {
    int scratch = plan.scratch[value];
    int m = f.n;
    DType type = plan.body.type(value);
    switch (PassPlan.kind(type)) {
      case 0 -> {
        float[] tile = f.tileF[scratch];
        float[] to = f.f[scratch];
        for (int x = 0; x < m; x++) {
          to[x] = tile[x * TILE_ROWS + row];
        }
      }
      case 1 -> {
        double[] tile = f.tileD[scratch];
        double[] to = f.d[scratch];
        for (int x = 0; x < m; x++) {
          to[x] = tile[x * TILE_ROWS + row];
        }
      }
      case 2 -> {
        int[] tile = f.tileI[scratch];
        int[] to = f.i[scratch];
        for (int x = 0; x < m; x++) {
          to[x] = tile[x * TILE_ROWS + row];
        }
      }
      default -> {
        long[] tile = f.tileL[scratch];
        long[] to = f.l[scratch];
        for (int x = 0; x < m; x++) {
          to[x] = tile[x * TILE_ROWS + row];
        }
      }
    }
  }
}
