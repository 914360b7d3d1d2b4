package dev.tenzan.cpu.machine;

import static dev.tenzan.cpu.machine.Assembler.ALL;
import static dev.tenzan.cpu.machine.Assembler.R8;
import static dev.tenzan.cpu.machine.Assembler.R9;
import static dev.tenzan.cpu.machine.Assembler.RAX;
import static dev.tenzan.cpu.machine.Assembler.RCX;
import static dev.tenzan.cpu.machine.Assembler.RDI;
import static dev.tenzan.cpu.machine.Assembler.RSI;

import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Stores rows of a tile of two vectors of f32 numbers, or adds them to what is there; vectors may be whole or not. */
public final class TileMoves {
  private static final PerSet<TileMoves> LOADED =
      new PerSet<>(set -> new TileMoves(HeapTile.columns(set), load(set, false), load(set, true)), "tiles are moved without machine code");

  private final int columns;

  /** For parts of tiles, and behind it for whole rows: masks are dear on some processors with AVX2. */
  private final List<MachineCode> store;

  private final List<MachineCode> add;

  private TileMoves(int columns, List<MachineCode> store, List<MachineCode> add) {
    this.columns = columns;
    this.store = store;
    this.add = add;
  }

  private static List<MachineCode> load(VectorSet set, boolean adds) {
    return List.of(MachineCode.load(code(set, adds, false)), MachineCode.load(code(set, adds, true)));
  }

  /** The code for this machine, or null where it cannot run here. */
  public static @Nullable TileMoves of(VectorSet set) {
    return LOADED.of(set);
  }

  /** The columns of a tile. */
  public int columns() {
    return columns;
  }

  /**
   * Moves the upper left part of a tile.
   *
   * @param tile its rows of {@link #columns} numbers, from index 0
   * @param target the memory of the rows it goes to, on the heap or not
   * @param at the byte of the first one
   * @param rowBytes the distance of the rows
   * @param isAdded whether the tile is added to what is there
   */
  public void run(float[] tile, int rows, int columnsToMove, MemorySegment target, long at, long rowBytes, boolean isAdded) {
    if (rows > 0 && columnsToMove > 0) {
      long lanes = (1L << columnsToMove) - 1;
      (isAdded ? add : store).get(columnsToMove == columns ? 1 : 0)
          .call(MemorySegment.ofArray(tile), target, MemorySegment.NULL, MemorySegment.NULL, rows, at, rowBytes, lanes);
    }
  }

  static byte[] code(VectorSet set, boolean adds, boolean whole) {
    Assembler a = set.assembler();
    int vector = set.bytes();
    a.add(RSI, R9);
    a.loadArgument(RCX, 0);
    a.loadArgument(RAX, 1);
    if (!whole) {
      a.maskFromRegister(set.mask(1), RAX);
      a.shiftRight(RAX, vector / Float.BYTES);
      a.maskFromRegister(set.mask(2), RAX);
    }
    int row = a.here();
    for (int v = 0; v < 2; v++) {
      int mask = whole ? ALL : set.mask(1 + v);
      a.vectorLoad(VectorOp.LOAD, v, RDI, v * vector, ALL);
      if (adds) {
        a.vectorLoad(VectorOp.LOAD, 2, RSI, v * vector, mask);
        a.vector(VectorOp.VADDPS, v, 2, v);
      }
      a.vectorStore(VectorOp.STORE, v, RSI, v * vector, mask);
    }
    a.addConstant(RDI, 2 * vector);
    a.add(RSI, RCX);
    a.subtractConstant(R8, 1);
    a.jumpIfNotZero(row);
    a.returnFromVectors();
    return a.code();
  }
}
