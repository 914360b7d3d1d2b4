package dev.tenzan.cpu.machine;

import static dev.tenzan.cpu.machine.Assembler.ALL;
import static dev.tenzan.cpu.machine.Assembler.R8;
import static dev.tenzan.cpu.machine.Assembler.R9;
import static dev.tenzan.cpu.machine.Assembler.RAX;
import static dev.tenzan.cpu.machine.Assembler.RCX;
import static dev.tenzan.cpu.machine.Assembler.RDI;
import static dev.tenzan.cpu.machine.Assembler.RSI;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/** Stores rows of a tile of two vectors of f32 numbers, or adds them to what is there; vectors may be whole or not. */
public final class TileMoves {
  private static final int LANES = 16;
  private static final int VECTOR = ProductKernels.VECTOR;
  private static final int FIRST = 1;
  private static final int SECOND = 2;

  private final MachineCode store;
  private final MachineCode add;

  private TileMoves(MachineCode store, MachineCode add) {
    this.store = store;
    this.add = add;
  }

  private static final class Loaded {
    static final @Nullable TileMoves MOVES = load();

    private static @Nullable TileMoves load() {
      MachineCode store = MachineCode.loadOrWarn(code(false), "tiles are stored without machine code");
      MachineCode add = MachineCode.loadOrWarn(code(true), "tiles are added without machine code");
      return store == null || add == null ? null : new TileMoves(store, add);
    }
  }

  /** The code for this machine, or null where it cannot run here. */
  public static @Nullable TileMoves here() {
    return MachineCode.canRun() ? Loaded.MOVES : null;
  }

  /**
   * Moves the upper left part of a tile.
   *
   * @param tile its rows of 32 numbers, from index 0
   * @param target the memory of the rows it goes to, on the heap or not
   * @param at the byte of the first one
   * @param rowBytes the distance of the rows
   * @param isAdded whether the tile is added to what is there
   */
  public void run(float[] tile, int rows, int columns, MemorySegment target, long at, long rowBytes, boolean isAdded) {
    if (rows > 0 && columns > 0) {
      long lanes = (1L << columns) - 1;
      (isAdded ? add : store).call(MemorySegment.ofArray(tile), target, MemorySegment.NULL, MemorySegment.NULL, rows, at, rowBytes, lanes);
    }
  }

  static byte[] code(boolean adds) {
    Assembler a = new Assembler();
    a.add(RSI, R9);
    a.loadArgument(RCX, 0);
    a.loadArgument(RAX, 1);
    a.maskFromRegister(FIRST, RAX);
    a.shiftRight(RAX, LANES);
    a.maskFromRegister(SECOND, RAX);
    int row = a.here();
    for (int v = 0; v < 2; v++) {
      int mask = v == 0 ? FIRST : SECOND;
      a.vectorLoad(VectorOp.LOAD, v, RDI, v * VECTOR, ALL);
      if (adds) {
        a.vectorLoad(VectorOp.LOAD, 2, RSI, v * VECTOR, mask);
        a.vector(VectorOp.VADDPS, v, 2, v);
      }
      a.vectorStore(VectorOp.STORE, v, RSI, v * VECTOR, mask);
    }
    a.addConstant(RDI, 2 * VECTOR);
    a.add(RSI, RCX);
    a.subtractConstant(R8, 1);
    a.jumpIfNotZero(row);
    a.returnFromVectors();
    return a.code();
  }
}
