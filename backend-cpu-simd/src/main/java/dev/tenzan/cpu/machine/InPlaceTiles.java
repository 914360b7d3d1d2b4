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

import org.jspecify.annotations.Nullable;

/**
 * Products of f32 or f64 matrices that are computed where they lie, over one block of k: tiles of {@link #ROWS} rows and fewer by one to
 * {@link #VECTORS} vectors of columns, which are neighbours. Each result is one chain of fused multiply-adds from +0 in the order of k, which may be added to what is there.
 */
public final class InPlaceTiles {
  /** The rows of a tile, save of the last ones. */
  public static final int ROWS = 8;

  /** The most vectors of a row of a tile. */
  public static final int VECTORS = 3;

  private static final int B = ROWS * VECTORS;
  private static final int VALUE = B + VECTORS;
  private static final int LAST = 1;
  private static final int VECTOR = ProductKernels.VECTOR;

  // Where the numbers are that the code takes.
  private static final int A = 0;
  private static final int A_ROW = 1;
  private static final int A_STEP = 2;
  private static final int B_AT = 3;
  private static final int B_STEP = 4;
  private static final int C = 5;
  private static final int C_ROW = 6;
  private static final int STEPS = 7;
  private static final int GROUPS = 8;
  private static final int MASK = 9;

  /** The tiles of 8, 4, 2 and 1 rows. */
  private static final int TILES = 10;

  // Where the code keeps what it counts.
  private static final int A_NOW = 14;
  private static final int C_NOW = 15;
  private static final int COUNT = 16;
  private static final int WORDS = 17;

  private static final ThreadLocal<Words> CURRENT = Words.ofThread(WORDS);

  /** For tiles of one vector and more; behind them those that add to what is there. */
  private final MachineCode[] code;

  private final int lanes;
  private final int bytes;

  private InPlaceTiles(MachineCode[] code, VectorForm form) {
    this.code = code;
    this.lanes = form.lanes();
    this.bytes = form.laneBytes();
  }

  private static final class Loaded {
    static final @Nullable InPlaceTiles SINGLES = load(new VectorForm(false, 16));
    static final @Nullable InPlaceTiles DOUBLES = load(new VectorForm(true, 8));

    private static @Nullable InPlaceTiles load(VectorForm form) {
      MachineCode[] code = new MachineCode[2 * VECTORS];
      for (int v = 0; v < code.length; v++) {
        MachineCode one = MachineCode.loadOrWarn(code(form, v % VECTORS + 1, v >= VECTORS), "small products are packed");
        if (one == null) {
          return null;
        }
        code[v] = one;
      }
      return new InPlaceTiles(code, form);
    }
  }

  /** The code for numbers of so many bytes on this machine, or null where it cannot run here. */
  public static @Nullable InPlaceTiles here(int bytes) {
    return !MachineCode.canRun() ? null : bytes == Float.BYTES ? Loaded.SINGLES : Loaded.DOUBLES;
  }

  /**
   * A matrix.
   *
   * @param address of its first element
   * @param row the bytes from row to row
   * @param step the bytes from column to column; of B and C they are neighbours
   */
  public record Matrix(long address, long row, long step) {}

  /**
   * Computes {@code rows} x {@code columns} results, each the sum of {@code steps} products; all are positive.
   *
   * @param adds whether they are added to what is there
   */
  public void run(Matrix a, Matrix b, Matrix c, long rows, long columns, long steps, boolean adds) {
    Words w = CURRENT.get();
    long[] words = w.words;
    words[A] = a.address;
    words[A_ROW] = a.row;
    words[A_STEP] = a.step;
    words[B_STEP] = b.row;
    words[C_ROW] = c.row;
    words[STEPS] = steps;
    words[TILES] = rows / ROWS;
    words[TILES + 1] = rows >> 2 & 1;
    words[TILES + 2] = rows >> 1 & 1;
    words[TILES + 3] = rows & 1;
    long vectors = Math.ceilDiv(columns, lanes);
    long done = 0;
    while (done < vectors) {
      long left = vectors - done;
      int width = (int) (left == VECTORS + 1 ? 2 : Math.min(left, VECTORS));
      long groups = width < VECTORS ? 1 : left % VECTORS == 1 ? left / VECTORS - 1 : left / VECTORS;
      long end = done + groups * width;
      boolean partial = end == vectors && columns % lanes != 0;
      if (partial && groups > 1) { // the last group has a mask of its own
        groups--;
        partial = false;
      }
      words[B_AT] = b.address + done * VECTOR;
      words[C] = c.address + done * VECTOR;
      words[GROUPS] = groups;
      words[MASK] = partial ? (1L << columns % lanes) - 1 : -1;
      w.call(code[(adds ? VECTORS : 0) + width - 1]);
      done += groups * width;
    }
  }

  /** The bytes of an element. */
  public int bytes() {
    return bytes;
  }

  private static int word(int number) {
    return number * Long.BYTES;
  }

  static byte[] code(VectorForm form, int vectors, boolean adds) {
    Assembler a = new Assembler();
    a.load(RAX, RDI, word(MASK));
    a.maskFromRegister(LAST, RAX);
    int group = a.here();
    a.load(RAX, RDI, word(A));
    a.store(RAX, RDI, word(A_NOW));
    a.load(RAX, RDI, word(C));
    a.store(RAX, RDI, word(C_NOW));
    int tiles = TILES;
    for (int rows = ROWS; rows > 0; rows /= 2) {
      a.load(RAX, RDI, word(tiles++));
      a.store(RAX, RDI, word(COUNT));
      a.test(RAX);
      int none = a.jumpIfZero();
      int again = a.here();
      new Tile(a, form, rows, vectors, adds).emit();
      a.countDown(RDI, word(COUNT));
      a.jumpIfNotZero(again);
      a.land(none);
    }
    a.clearRegister(RAX);
    a.addConstant(RAX, vectors * VECTOR);
    a.addToMemory(RDI, word(B_AT), RAX);
    a.addToMemory(RDI, word(C), RAX);
    a.countDown(RDI, word(GROUPS));
    a.jumpIfNotZero(group);
    a.returnFromVectors();
    return a.code();
  }

  /** One tile: its rows are reached from two registers and multiples of a row's distance, of which three are in another one. */
  private record Tile(Assembler a, VectorForm form, int rows, int vectors, boolean adds) {
    void emit() {
      begin(A_NOW, A_ROW);
      a.load(RCX, RDI, word(B_AT));
      a.load(R10, RDI, word(B_STEP));
      a.load(R11, RDI, word(A_STEP));
      a.load(RAX, RDI, word(STEPS));
      for (int r = 0; r < rows * vectors; r++) {
        a.clear(r);
      }
      int step = a.here();
      for (int v = 0; v < vectors; v++) {
        boolean last = v == vectors - 1;
        a.lanes(LaneOp.LOAD, form, B + v, 0, new Source.Memory(RCX, v * VECTOR), last ? LAST : ALL, last);
      }
      for (int row = 0; row < rows; row++) {
        int value = VALUE + row % 2;
        a.lanes(LaneOp.BROADCAST, form, value, 0, row(row, 0));
        for (int v = 0; v < vectors; v++) {
          a.lanes(LaneOp.FMA231, form, row * vectors + v, value, new Source.Register(B + v));
        }
      }
      a.add(RSI, R11);
      if (rows > 5) {
        a.add(RDX, R11);
      }
      a.add(RCX, R10);
      a.subtractConstant(RAX, 1);
      a.jumpIfNotZero(step);
      begin(C_NOW, C_ROW);
      for (int row = 0; row < rows; row++) {
        for (int v = 0; v < vectors; v++) {
          int result = row * vectors + v;
          int mask = v == vectors - 1 ? LAST : ALL;
          if (adds) {
            a.lanes(LaneOp.LOAD, form, VALUE, 0, row(row, v * VECTOR), mask, mask == LAST);
            a.lanes(LaneOp.ADD, form, result, VALUE, new Source.Register(result));
          }
          a.lanes(LaneOp.STORE, form, result, 0, row(row, v * VECTOR), mask, false);
        }
      }
    }

    /** Points to a tile's rows, and lets the next tile's be those behind them. */
    private void begin(int now, int row) {
      a.load(RSI, RDI, word(now));
      a.load(R8, RDI, word(row));
      a.address(R9, new Source.Memory(R8, R8, 2, 0));
      if (rows > 5) {
        a.address(RDX, new Source.Memory(RSI, R8, 4, 0));
        a.add(RDX, R8);
      }
      a.move(RAX, R8);
      if (rows > 1) {
        a.address(RAX, rows == 2 ? new Source.Memory(R8, R8, 1, 0) : new Source.Memory(R8, R9, 1, 0));
      }
      if (rows == ROWS) {
        a.add(RAX, RAX);
      }
      a.addToMemory(RDI, word(now), RAX);
    }

    private Source.Memory row(int row, int distance) {
      return switch (row) {
        case 0 -> new Source.Memory(RSI, distance);
        case 1 -> new Source.Memory(RSI, R8, 1, distance);
        case 2 -> new Source.Memory(RSI, R8, 2, distance);
        case 3 -> new Source.Memory(RSI, R9, 1, distance);
        case 4 -> new Source.Memory(RSI, R8, 4, distance);
        case 5 -> new Source.Memory(RDX, distance);
        case 6 -> new Source.Memory(RSI, R9, 2, distance);
        case 7 -> new Source.Memory(RDX, R8, 2, distance);
        default -> throw new IllegalArgumentException("row " + row);
      };
    }
  }
}
