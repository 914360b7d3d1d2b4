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

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Turns tiles of numbers of 4 or 8 bytes: columns whose elements are neighbours become rows. Squares of vectors are turned in registers. */
public final class TileTurn {
  /** The numbers that the code takes. */
  private static final int WORDS = 9;

  // Where they are.
  private static final int SOURCE = 0;
  private static final int COLUMN = 1;
  private static final int TARGET = 2;
  private static final int PITCH = 3;
  private static final int SQUARES = 4;
  private static final int WHOLE = 5;
  private static final int LANES = 6;
  private static final int NEXT = 7;
  private static final int REST = 8;

  private static final ThreadLocal<Words> CURRENT = Words.ofThread(WORDS);

  private static final PerSet<TileTurn> OF_FOUR = new PerSet<>(set -> new TileTurn(set, Integer.BYTES), "tiles are turned without machine code");
  private static final PerSet<TileTurn> OF_EIGHT = new PerSet<>(set -> new TileTurn(set, Long.BYTES), "tiles are turned without machine code");

  private final MachineCode code;
  private final int lanes;
  private final int bytes;

  private TileTurn(VectorSet set, int bytes) {
    this.lanes = set.bytes() / bytes;
    this.bytes = bytes;
    this.code = MachineCode.load(code(set, lanes));
  }

  /** The code for numbers of so many bytes, or null where it cannot run here. */
  public static @Nullable TileTurn of(VectorSet set, int bytes) {
    return (bytes == Integer.BYTES ? OF_FOUR : OF_EIGHT).of(set);
  }

  /** The columns of a square. */
  public int lanes() {
    return lanes;
  }

  /**
   * Turns squares that stand side by side.
   *
   * @param source the address of the first column
   * @param column the bytes from column to column
   * @param squares how many squares, of {@link #lanes} columns each
   * @param rows the elements of a column that are read
   * @param target the address of the first row
   * @param pitch the bytes from row to row, negative where the first row is the last one in memory
   */
  public void run(long source, long column, int squares, int rows, long target, long pitch) {
    Words w = CURRENT.get();
    long[] words = w.words;
    words[SOURCE] = source;
    words[COLUMN] = column;
    words[TARGET] = target;
    words[PITCH] = pitch;
    words[SQUARES] = squares;
    words[WHOLE] = rows / lanes;
    words[LANES] = (1L << rows % lanes * (bytes / Integer.BYTES)) - 1;
    words[REST] = rows % lanes;
    words[NEXT] = lanes * column;
    w.call(code);
  }

  private static int word(int number) {
    return number * Long.BYTES;
  }

  static byte[] code(VectorSet set, int lanes) {
    Assembler a = set.assembler();
    int tail = set.mask(1);
    a.load(RDX, RDI, word(COLUMN));
    a.load(RCX, RDI, word(TARGET));
    a.load(R9, RDI, word(PITCH));
    a.load(RAX, RDI, word(LANES));
    a.maskFromRegister(tail, RAX);
    int square = a.here();
    a.load(RSI, RDI, word(SOURCE));
    a.move(R11, RCX);
    a.load(RAX, RDI, word(WHOLE));
    a.test(RAX);
    int none = a.jumpIfZero();
    int again = a.here();
    turn(a, lanes, false, ALL);
    a.addConstant(RSI, set.bytes());
    a.subtractConstant(RAX, 1);
    a.jumpIfNotZero(again);
    a.land(none);
    a.load(RAX, RDI, word(REST));
    a.test(RAX);
    int whole = a.jumpIfZero();
    turn(a, lanes, true, tail);
    a.land(whole);
    a.load(RAX, RDI, word(NEXT));
    a.addToMemory(RDI, word(SOURCE), RAX);
    a.addConstant(RCX, set.bytes());
    a.countDown(RDI, word(SQUARES));
    a.jumpIfNotZero(square);
    a.returnFromVectors();
    return a.code();
  }

  /** Turns a square; of one that is not whole RAX has the number of rows. */
  private static void turn(Assembler a, int lanes, boolean isPart, int mask) {
    a.move(R10, RSI);
    a.move(R8, RSI);
    a.addFromMemory(R8, RDI, word(NEXT));
    int[] columns = new int[lanes];
    for (int c = 0; c < lanes; c++) {
      columns[c] = c;
      a.vectorLoad(VectorOp.LOAD, c, R10, 0, mask);
      a.prefetchFirst(R8, 0);
      a.add(R10, RDX);
      a.add(R8, RDX);
    }
    List<Integer> ends = new ArrayList<>();
    for (int row : new Square(a, columns, lanes).turned()) {
      a.vectorStore(VectorOp.STORE, row, R11, 0, ALL);
      a.add(R11, R9);
      if (isPart) {
        a.subtractConstant(RAX, 1);
        ends.add(a.jumpIfZero());
      }
    }
    ends.forEach(a::land);
  }
}
