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

import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Products of f32 or f64 matrices that are computed where they lie, over one block of k: tiles of {@link #rows} rows and fewer by one to
 * three vectors of columns (two with AVX2), which are neighbours. Each result is one chain of fused multiply-adds from +0 in the order of k, which may be added to what is there.
 */
public final class InPlaceTiles {
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

  /** The tiles of all rows, of 4, 2 and 1. */
  private static final int TILES = 10;

  // Where the code keeps what it counts.
  private static final int A_NOW = 14;
  private static final int C_NOW = 15;
  private static final int COUNT = 16;
  private static final int WORDS = 17;

  private static final ThreadLocal<Words> CURRENT = Words.ofThread(WORDS);

  private static final PerSet<InPlaceTiles> SINGLES = new PerSet<>(set -> new InPlaceTiles(set, false), "small products are packed");
  private static final PerSet<InPlaceTiles> DOUBLES = new PerSet<>(set -> new InPlaceTiles(set, true), "small products are packed");

  private final VectorSet set;
  private final VectorForm form;
  private final int rows;
  private final int most;

  /** For tiles of one vector and more; behind them those that add to what is there. Their last vector has a mask. */
  private final List<MachineCode> masked;

  /** The same for whole vectors: masks are dear on some processors with AVX2. */
  private final List<MachineCode> whole;

  private InPlaceTiles(VectorSet set, boolean wide) {
    this.set = set;
    this.form = new VectorForm(wide, set.bytes() / (wide ? Double.BYTES : Float.BYTES));
    this.rows = rows(set);
    this.most = vectors(set);
    this.masked = load(true);
    this.whole = set == VectorSet.AVX512 ? masked : load(false);
  }

  private List<MachineCode> load(boolean hasMask) {
    return IntStream.range(0, 2 * most)
        .mapToObj(v -> MachineCode.load(code(set, form, v % most + 1, v >= most, hasMask)))
        .toList();
  }

  private static int rows(VectorSet set) {
    return set == VectorSet.AVX512 ? 8 : 6;
  }

  /** The most vectors of a row of a tile. */
  private static int vectors(VectorSet set) {
    return set == VectorSet.AVX512 ? 3 : 2;
  }

  /** The code for numbers of so many bytes, or null where it cannot run here. */
  public static @Nullable InPlaceTiles of(VectorSet set, int bytes) {
    return (bytes == Float.BYTES ? SINGLES : DOUBLES).of(set);
  }

  /** The rows of a tile, save of the last ones. */
  public int rows() {
    return rows;
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
   * Computes {@code height} x {@code columns} results, each the sum of {@code steps} products; all are positive.
   *
   * @param adds whether they are added to what is there
   */
  public void run(Matrix a, Matrix b, Matrix c, long height, long columns, long steps, boolean adds) {
    Words w = CURRENT.get();
    long[] words = w.words;
    words[A] = a.address;
    words[A_ROW] = a.row;
    words[A_STEP] = a.step;
    words[B_STEP] = b.row;
    words[C_ROW] = c.row;
    words[STEPS] = steps;
    long last = height % rows;
    words[TILES] = height / rows;
    words[TILES + 1] = last >> 2 & 1;
    words[TILES + 2] = last >> 1 & 1;
    words[TILES + 3] = last & 1;
    int lanes = form.lanes();
    long vectors = Math.ceilDiv(columns, lanes);
    long done = 0;
    while (done < vectors) {
      long left = vectors - done;
      // Two vectors and two rather than three and one.
      boolean evens = most > 2;
      int width = (int) (evens && left == most + 1 ? 2 : Math.min(left, most));
      long groups = width < most ? 1 : evens && left % most == 1 ? left / most - 1 : left / most;
      long end = done + groups * width;
      boolean partial = end == vectors && columns % lanes != 0;
      if (partial && groups > 1) { // the last group has a mask of its own
        groups--;
        partial = false;
      }
      words[B_AT] = b.address + done * form.bytes();
      words[C] = c.address + done * form.bytes();
      words[GROUPS] = groups;
      words[MASK] = partial ? (1L << columns % lanes) - 1 : -1;
      w.call((partial ? masked : whole).get((adds ? most : 0) + width - 1));
      done += groups * width;
    }
  }

  /** The bytes of an element. */
  public int bytes() {
    return form.laneBytes();
  }

  private static int word(int number) {
    return number * Long.BYTES;
  }

  static byte[] code(VectorSet set, VectorForm form, int vectors, boolean adds, boolean hasMask) {
    Assembler a = set.assembler();
    int last = hasMask ? set.mask(1) : ALL;
    if (hasMask) {
      a.load(RAX, RDI, word(MASK));
      a.maskFromRegister(last, RAX, form.wide());
    }
    int group = a.here();
    a.load(RAX, RDI, word(A));
    a.store(RAX, RDI, word(A_NOW));
    a.load(RAX, RDI, word(C));
    a.store(RAX, RDI, word(C_NOW));
    int tiles = TILES;
    for (int height : new int[] {rows(set), 4, 2, 1}) {
      a.load(RAX, RDI, word(tiles++));
      a.store(RAX, RDI, word(COUNT));
      a.test(RAX);
      int none = a.jumpIfZero();
      int again = a.here();
      new Tile(a, set, form, height, vectors, adds, last).emit();
      a.countDown(RDI, word(COUNT));
      a.jumpIfNotZero(again);
      a.land(none);
    }
    a.clearRegister(RAX);
    a.addConstant(RAX, vectors * set.bytes());
    a.addToMemory(RDI, word(B_AT), RAX);
    a.addToMemory(RDI, word(C), RAX);
    a.countDown(RDI, word(GROUPS));
    a.jumpIfNotZero(group);
    a.returnFromVectors();
    return a.code();
  }

  /** One tile: its rows are reached from two registers and multiples of a row's distance, of which three are in another one. */
  private record Tile(Assembler a, VectorSet set, VectorForm form, int rows, int vectors, boolean adds, int last) {
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
      int b = InPlaceTiles.rows(set) * InPlaceTiles.vectors(set);
      int firstValue = b + InPlaceTiles.vectors(set);
      for (int v = 0; v < vectors; v++) {
        int mask = v == vectors - 1 ? last : ALL;
        a.lanes(LaneOp.LOAD, form, b + v, 0, new Source.Memory(RCX, v * form.bytes()), mask, mask != ALL);
      }
      for (int row = 0; row < rows; row++) {
        int value = firstValue + (firstValue + 1 == last ? 0 : row % 2);
        a.lanes(LaneOp.BROADCAST, form, value, 0, row(row, 0));
        for (int v = 0; v < vectors; v++) {
          a.lanes(LaneOp.FMA231, form, row * vectors + v, value, new Source.Register(b + v));
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
          int mask = v == vectors - 1 ? last : ALL;
          if (adds) {
            a.lanes(LaneOp.LOAD, form, firstValue, 0, row(row, v * form.bytes()), mask, mask != ALL);
            a.lanes(LaneOp.ADD, form, result, firstValue, new Source.Register(result));
          }
          a.lanes(LaneOp.STORE, form, result, 0, row(row, v * form.bytes()), mask, false);
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
      switch (rows) {
        case 1 -> a.move(RAX, R8);
        case 2 -> a.address(RAX, new Source.Memory(R8, R8, 1, 0));
        case 6 -> a.address(RAX, new Source.Memory(R9, R9, 1, 0));
        default -> a.address(RAX, new Source.Memory(R8, R9, 1, 0));
      }
      if (rows == 8) {
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
