package dev.tenzan.cpu.machine;

import static dev.tenzan.cpu.machine.Assembler.ALL;
import static dev.tenzan.cpu.machine.Assembler.R10;
import static dev.tenzan.cpu.machine.Assembler.R8;
import static dev.tenzan.cpu.machine.Assembler.R9;
import static dev.tenzan.cpu.machine.Assembler.RAX;
import static dev.tenzan.cpu.machine.Assembler.RCX;
import static dev.tenzan.cpu.machine.Assembler.RDI;
import static dev.tenzan.cpu.machine.Assembler.RDX;
import static dev.tenzan.cpu.machine.Assembler.RSI;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * A tile of f32 sums whose operands lie in arrays on the heap: some rows of A by {@link #columns} columns of B, which are neighbours for each
 * step along k, one step after the other or at places of a table. Its instructions are those of {@link ProductTile}.
 */
public final class HeapTile {
  /** The rows of a tile for what is left of them. */
  public static final int EDGE_ROWS = 4;

  private static final int UNROLL = 2;

  private final MachineCode code;

  private HeapTile(MachineCode code) {
    this.code = code;
  }

  /** The rows of a full tile, whose accumulators hide the latency of the multiply-add. */
  public static int rows(VectorSet set) {
    return TileShape.TALL.rows(set);
  }

  /** The columns of a tile: two vectors. */
  public static int columns(VectorSet set) {
    return 2 * set.bytes() / Float.BYTES;
  }

  /**
   * A tile's code for this machine, or null where it cannot run here.
   *
   * @param rows at most {@link #rows}
   * @param row the elements from one row of A to the next
   * @param step the elements of A from one step along k to the next
   * @param places whether B is at places of a table
   */
  public static @Nullable HeapTile load(VectorSet set, int rows, int row, int step, boolean places) {
    MachineCode code =
        set.canRun() ? MachineCode.loadOrWarn(code(set, rows, row, step, places), "tiles on the heap go without machine code") : null;
    return code == null ? null : new HeapTile(code);
  }

  /**
   * Computes a tile: chains of fused multiply-adds from +0 in the order of the steps.
   *
   * @param steps how many, at least one
   * @param aOffset the index of the first row's first element
   * @param bOffset the index of the first step's first element, or what places count from
   * @param places for each step how far its elements are from there; not read where B has no table
   * @param first the first of these
   * @param tile receives the tile, row by row
   */
  public void run(int steps, float[] a, int aOffset, float[] b, int bOffset, int[] places, int first, float[] tile) {
    code.call(
        MemorySegment.ofArray(a), MemorySegment.ofArray(b), MemorySegment.ofArray(places), MemorySegment.ofArray(tile), steps,
        (long) aOffset * Float.BYTES, (long) bOffset * Float.BYTES, (long) first * Integer.BYTES);
  }

  static byte[] code(VectorSet set, int rows, int row, int step, boolean places) {
    Assembler a = set.assembler();
    a.add(RDI, R9);
    a.loadArgument(RAX, 0);
    a.add(RSI, RAX);
    if (places) {
      a.loadArgument(RAX, 1);
      a.add(RDX, RAX);
    }
    for (int r = 0; r < 2 * rows; r++) {
      a.clear(r);
    }
    a.move(R10, R8);
    a.andConstant(R10, UNROLL - 1);
    a.shiftRight(R8, 1);
    steps(a, set, R8, UNROLL, rows, row, step, places);
    steps(a, set, R10, 1, rows, row, step, places);
    for (int r = 0; r < 2 * rows; r++) {
      a.vectorStore(VectorOp.STORE, r, RCX, r * set.bytes(), ALL);
    }
    a.returnFromVectors();
    return a.code();
  }

  /** A loop of steps along k; {@code count} is used up. */
  private static void steps(Assembler a, VectorSet set, int count, int unroll, int rows, int row, int step, boolean places) {
    VectorForm form = new VectorForm(false, set.bytes() / Float.BYTES);
    int vector = set.bytes();
    int b = 2 * rows(set);
    int value = b + 2;
    a.test(count);
    int none = a.jumpIfZero();
    int loop = a.here();
    for (int u = 0; u < unroll; u++) {
      if (places) {
        a.loadInt(RAX, RDX, u * Integer.BYTES);
        a.lanes(LaneOp.LOAD, form, b, 0, new Source.Memory(RSI, RAX, Float.BYTES, 0));
        a.lanes(LaneOp.LOAD, form, b + 1, 0, new Source.Memory(RSI, RAX, Float.BYTES, vector));
      } else {
        a.vectorLoad(VectorOp.LOAD, b, RSI, u * 2 * vector, ALL);
        a.vectorLoad(VectorOp.LOAD, b + 1, RSI, u * 2 * vector + vector, ALL);
      }
      for (int r = 0; r < rows; r++) {
        ProductTile.multiply(a, Numbers.SINGLES, r, b, value + r / 2 % 2, RDI, (r * row + u * step) * Float.BYTES);
      }
    }
    a.addConstant(RDI, unroll * step * Float.BYTES);
    if (places) {
      a.addConstant(RDX, unroll * Integer.BYTES);
    } else {
      a.addConstant(RSI, unroll * 2 * vector);
    }
    a.subtractConstant(count, 1);
    a.jumpIfNotZero(loop);
    a.land(none);
  }
}
