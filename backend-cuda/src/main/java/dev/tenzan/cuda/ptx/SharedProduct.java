package dev.tenzan.cuda.ptx;

import dev.tenzan.cuda.plan.Style;
import dev.tenzan.kernel.MatMulKernel;
import dev.tenzan.type.DType;
import java.util.ArrayList;
import java.util.List;

/**
 * A product of f32 whose first operand is some rows in shared memory, as a part of a larger kernel: the second operand passes through shared
 * memory, {@link #PANEL} products at a time, while those before are multiplied. The bits are those of {@link MatMulKernel}: each block of k is one chain from
 * +0, and the blocks are added in order.
 *
 * <p>A warp has 4 x 8 threads, each with {@code rowsEach} rows, four apart, and {@code columnsEach} columns, in groups of four: neighbours read
 * neighbouring vectors of the second operand, and four rows of the first in banks of their own.
 */
final class SharedProduct {
  /** The threads of a block. */
  static final int THREADS = 128;

  /** The products of a part that is in shared memory. */
  static final int PANEL = 8;

  /** The most products whose sums may be one chain. */
  private static final int CHAIN = MatMulKernel.K_BLOCK / PANEL;

  /** The rows between two of a thread. */
  static final int ROW_LANES = 4;

  private static final int COLUMN_LANES = 8;
  private static final int VECTOR = 4;
  private static final int FLOAT = Float.BYTES;

  /** Neighbouring columns a thread's second group is behind the first. */
  private static final int GROUP = COLUMN_LANES * VECTOR;

  private final PtxText t;
  private final Operand b;
  private final int columns;
  private final int k;
  private final int rowsEach;
  private final int columnsEach;
  private final int warpsAcross;

  /** The columns of a pass. */
  private final int width;

  private final int pitch;

  // Of the thread.
  private String tid = "";
  private String rowLane = "";
  private String column = "";

  /**
   * Where the second operand is.
   *
   * @param base the register with the address of its first element
   * @param alongK the elements from product to product
   * @param alongColumns the elements from column to column
   * @param aligned whether matrices begin at whole vectors
   */
  record Operand(String base, long alongK, long alongColumns, boolean aligned) {
    /** Whether vectors of neighbouring columns can be loaded. */
    boolean hasVectorsOfColumns(long columns) {
      return aligned && alongColumns == 1 && alongK % VECTOR == 0 && columns % VECTOR == 0;
    }

    /** Whether vectors of neighbouring products can be loaded. */
    boolean hasVectorsOfProducts(long k) {
      return aligned && alongK == 1 && alongColumns % VECTOR == 0 && k % VECTOR == 0;
    }
  }

  /** Keeps a vector of results. */
  @FunctionalInterface
  interface Keeper {
    /**
     * Writes it.
     *
     * @param i the number of the thread's row: so many times four rows behind its first
     * @param j the columns from the thread's first one
     * @param values the registers of four neighbours
     */
    void keep(int i, int j, List<String> values);
  }

  /** The addresses of the results, and how they are kept. */
  interface Results {
    /**
     * Begins a pass.
     *
     * @param row the register with the thread's first row
     * @param column the register with its first column
     */
    Keeper at(String row, String column);
  }

  /**
   * A product of rows of {@code k}.
   *
   * @param rows 16 or 32
   */
  SharedProduct(PtxText t, Operand b, int rows, int columns, int k) {
    this.t = t;
    this.b = b;
    this.columns = columns;
    this.k = k;
    this.width = width(columns);
    int down = width == 2 * GROUP ? 2 : 1; // narrow results leave warps for the rows
    this.warpsAcross = THREADS / Style.WARP / down;
    this.rowsEach = rows / (down * ROW_LANES);
    this.columnsEach = width / (warpsAcross * COLUMN_LANES);
    this.pitch = width + VECTOR;
  }

  private static int width(int columns) {
    return columns > 4 * GROUP ? 8 * GROUP : columns > 2 * GROUP ? 4 * GROUP : 2 * GROUP;
  }

  /** The shared memory of the parts of the second operand. */
  static int panelBytes(int columns) {
    return 2 * PANEL * (width(columns) + VECTOR) * FLOAT;
  }

  /** The elements from one row in shared memory to the next: what four rows have in one column lies in banks of their own. */
  static int pitch(int length) {
    return Math.ceilDiv(length, 2 * VECTOR) * 2 * VECTOR + VECTOR;
  }

  /**
   * Writes the product.
   *
   * @param thread the register with the thread's number
   * @param a the register with the address of the first operand in shared memory
   * @param aPitch the elements from row to row there
   * @param panel the register with the address of the parts
   */
  void write(String thread, String a, int aPitch, String panel, Results results) {
    tid = thread;
    String lane = t.calc("and.b32", tid, Integer.toString(Style.WARP - 1));
    String warp = t.calc("shr.u32", tid, "5");
    rowLane = t.calc("shr.u32", lane, "3");
    String columnLane = t.calc("and.b32", lane, Integer.toString(COLUMN_LANES - 1));
    String row = rowLane;
    String across = warp;
    if (warpsAcross < THREADS / Style.WARP) {
      String down = t.calc("div.u32", warp, Integer.toString(warpsAcross));
      across = t.calc("rem.u32", warp, Integer.toString(warpsAcross));
      row = mad(down, ROW_LANES * rowsEach, rowLane);
    }
    column = mad(across, COLUMN_LANES * columnsEach, mul(columnLane, VECTOR));
    String aFirst = mad(row, aPitch * FLOAT, a);
    String bFirst = mad(column, FLOAT, panel);
    if (columns <= width) {
      pass("0", aFirst, aPitch, bFirst, panel, results, row);
      return;
    }
    String pass = t.word();
    String begin = t.label();
    String more = t.pred();
    t.op("mov.u32", pass, "0");
    t.place(begin);
    pass(pass, aFirst, aPitch, bFirst, panel, results, row);
    t.op("add.s32", pass, pass, Integer.toString(width));
    t.op("setp.lt.s32", more, pass, Integer.toString(columns));
    t.jumpIf(more, begin);
  }

  private String mul(String x, int y) {
    return t.calc("mul.lo.s32", x, Integer.toString(y));
  }

  private String mad(String x, int y, String z) {
    String d = t.word();
    t.op("mad.lo.s32", d, x, Integer.toString(y), z);
    return d;
  }

  /** One pass over all products, for so many columns from {@code first} on. */
  private void pass(String first, String aFirst, int aPitch, String bFirst, String panel, Results results, String row) {
    int whole = k / PANEL;
    int rest = k % PANEL;
    int parts = whole + (rest > 0 ? 1 : 0);
    boolean several = k > MatMulKernel.K_BLOCK;
    Fetch fetch = new Fetch(first, panel);
    List<List<String>> chain = registers();
    List<List<String>> total = several ? registers() : chain;
    fill(chain, "0f00000000");
    if (several) {
      fill(total, "0f80000000");
    }
    String at = t.word();
    String now = t.word();
    String next = t.word();
    t.op("mov.u32", at, aFirst);
    t.op("mov.u32", now, bFirst);
    t.op("mov.u32", next, Integer.toString(PANEL * pitch * FLOAT));
    fetch.load("0");
    fetch.put("0");
    t.line("bar.sync 0");
    if (whole > 0) {
      String part = t.word();
      String begin = t.label();
      String last = t.pred();
      t.op("mov.u32", part, "0");
      t.place(begin);
      String none = t.label();
      t.op("setp.ge.s32", last, part, Integer.toString(parts - 1));
      t.jumpIf(last, none);
      fetch.load(mul(t.calc("add.s32", part, "1"), PANEL));
      t.place(none);
      multiply(chain, at, aPitch, now, PANEL);
      String skip = t.label();
      t.jumpIf(last, skip);
      fetch.put(next);
      t.place(skip);
      // The parts change places.
      String other = t.calc("add.s32", bFirst, next);
      t.op("mov.u32", now, other);
      t.op("sub.s32", next, Integer.toString(PANEL * pitch * FLOAT), next);
      t.op("add.s32", at, at, Integer.toString(PANEL * FLOAT));
      t.op("add.s32", part, part, "1");
      if (several) {
        String inside = t.pred();
        String go = t.label();
        t.op("setp.ne.s32", inside, t.calc("and.b32", part, Integer.toString(CHAIN - 1)), "0");
        t.jumpIf(inside, go);
        settle(total, chain);
        t.place(go);
      }
      t.line("bar.sync 0");
      String more = t.pred();
      t.op("setp.lt.s32", more, part, Integer.toString(whole));
      t.jumpIf(more, begin);
    }
    if (rest > 0) {
      multiply(chain, at, aPitch, now, rest);
      t.line("bar.sync 0"); // the next pass overwrites what was read
    }
    if (several && k % MatMulKernel.K_BLOCK != 0) {
      settle(total, chain);
    }
    String columnNow = first.equals("0") ? column : t.calc("add.s32", column, first);
    Keeper keeper = results.at(row, columnNow);
    for (int i = 0; i < rowsEach; i++) {
      for (int j = 0; j < columnsEach; j += VECTOR) {
        keeper.keep(i, j * COLUMN_LANES, total.get(i).subList(j, j + VECTOR));
      }
    }
  }

  private List<List<String>> registers() {
    List<List<String>> all = new ArrayList<>();
    for (int i = 0; i < rowsEach; i++) {
      List<String> line = new ArrayList<>();
      for (int j = 0; j < columnsEach; j++) {
        line.add(t.value(DType.F32));
      }
      all.add(line);
    }
    return all;
  }

  private void fill(List<List<String>> registers, String value) {
    registers.forEach(line -> line.forEach(r -> t.op("mov.f32", r, value)));
  }

  private void settle(List<List<String>> total, List<List<String>> chain) {
    for (int i = 0; i < rowsEach; i++) {
      for (int j = 0; j < columnsEach; j++) {
        t.op("add.rn.f32", total.get(i).get(j), total.get(i).get(j), chain.get(i).get(j));
      }
    }
    fill(chain, "0f00000000");
  }

  private String[] vector() {
    String[] v = new String[VECTOR];
    for (int i = 0; i < VECTOR; i++) {
      v[i] = t.value(DType.F32);
    }
    return v;
  }

  private static String text(String[] v) {
    return "{" + String.join(", ", v) + "}";
  }

  private void multiply(List<List<String>> chain, String at, int aPitch, String now, int products) {
    String[][] rows = new String[rowsEach][];
    for (int p = 0; p < products; p++) {
      if (p % VECTOR == 0) {
        for (int i = 0; i < rowsEach; i++) {
          rows[i] = vector();
          int from = (i * ROW_LANES * aPitch + p) * FLOAT;
          if (p + VECTOR <= products) {
            t.line("ld.shared.v4.f32 " + text(rows[i]) + ", [" + at + "+" + from + "]");
          } else { // what is behind a row's end is nobody's
            for (int s = 0; p + s < products; s++) {
              t.line("ld.shared.f32 " + rows[i][s] + ", [" + at + "+" + (from + s * FLOAT) + "]");
            }
          }
        }
      }
      List<String> across = new ArrayList<>();
      for (int j = 0; j < columnsEach; j += VECTOR) {
        String[] v = vector();
        t.line("ld.shared.v4.f32 " + text(v) + ", [" + now + "+" + (p * pitch + j * COLUMN_LANES) * FLOAT + "]");
        across.addAll(List.of(v));
      }
      for (int i = 0; i < rowsEach; i++) {
        for (int j = 0; j < columnsEach; j++) {
          String c = chain.get(i).get(j);
          t.op("fma.rn.f32", c, rows[i][p % VECTOR], across.get(j), c);
        }
      }
    }
  }

  /** How a thread brings its share of a part of the second operand to shared memory: first to registers. */
  private final class Fetch {
    private final List<Piece> pieces = new ArrayList<>();
    private final String panel;
    private final int each;

    /**
     * What one instruction loads.
     *
     * @param address the register with the address of the thread's first product of the column
     * @param productLane the register with that product's number in a part
     * @param product how many products this one is behind it
     * @param target the register with the thread's address in the first part's shared memory
     * @param targetBytes the bytes behind it
     * @param values the registers
     */
    private record Piece(String address, String productLane, int product, String target, int targetBytes, String[] values) {}

    Fetch(String first, String panel) {
      this.panel = panel;
      if (b.hasVectorsOfColumns(columns)) {
        each = VECTOR;
        columnVectors(first);
      } else if (b.hasVectorsOfProducts(k)) {
        each = VECTOR;
        productVectors(first);
      } else {
        each = 1;
        singles(first);
      }
    }

    /** The address of a column's first product; columns behind the last are copies of the last, whose results nobody keeps. */
    private String address(String columnOf, String productLane, int last) {
      String c = t.calc("min.s32", columnOf, Integer.toString(last));
      String wide = t.wide();
      String d = t.wide();
      t.op("mul.wide.s32", wide, c, Long.toString(b.alongColumns * FLOAT));
      t.op("add.s64", d, wide, b.base);
      if (!productLane.equals("0")) {
        String behind = t.wide();
        t.op("mul.wide.s32", behind, productLane, Long.toString(b.alongK * FLOAT));
        t.op("add.s64", d, d, behind);
      }
      return d;
    }

    private String from(String first, String own) {
      return first.equals("0") ? own : t.calc("add.s32", first, own);
    }

    private void columnVectors(String first) {
      int lanes = width / VECTOR;
      int deep = THREADS / lanes;
      String own = mul(t.calc("rem.u32", tid, Integer.toString(lanes)), VECTOR);
      String lane = t.calc("div.u32", tid, Integer.toString(lanes));
      String address = address(from(first, own), lane, columns - VECTOR);
      String target = mad(lane, pitch * FLOAT, mad(own, FLOAT, panel));
      for (int p = 0; p < PANEL; p += deep) {
        pieces.add(new Piece(address, lane, p, target, p * pitch * FLOAT, vector()));
      }
    }

    private void productVectors(String first) {
      int halves = PANEL / VECTOR;
      int step = THREADS / halves;
      String lane = mul(t.calc("rem.u32", tid, Integer.toString(halves)), VECTOR);
      String own = t.calc("div.u32", tid, Integer.toString(halves));
      String target = mad(lane, pitch * FLOAT, mad(own, FLOAT, panel));
      for (int c = 0; c < width; c += step) {
        String address = address(from(first, c == 0 ? own : t.calc("add.s32", own, Integer.toString(c))), lane, columns - 1);
        pieces.add(new Piece(address, lane, 0, target, c * FLOAT, vector()));
      }
    }

    private void singles(String first) {
      int across = Math.min(width, THREADS);
      int deep = THREADS / across;
      String own = t.calc("rem.u32", tid, Integer.toString(across));
      String lane = deep == 1 ? "0" : t.calc("div.u32", tid, Integer.toString(across));
      String target = mad(own, FLOAT, panel);
      if (deep > 1) {
        target = mad(lane, pitch * FLOAT, target);
      }
      for (int c = 0; c < width; c += across) {
        String address = address(from(first, c == 0 ? own : t.calc("add.s32", own, Integer.toString(c))), lane, columns - 1);
        for (int p = 0; p < PANEL; p += deep) {
          pieces.add(new Piece(address, lane, p, target, (p * pitch + c) * FLOAT, new String[] {t.value(DType.F32)}));
        }
      }
    }

    /** Loads the part that begins with a product; what is behind the last one is not loaded. */
    void load(String product) {
      String behind = "";
      if (!product.equals("0")) {
        behind = t.wide();
        t.op("mul.wide.s32", behind, product, Long.toString(b.alongK * FLOAT));
      }
      String moved = "";
      String before = "";
      for (Piece p : pieces) {
        if (!p.address.equals(before)) {
          before = p.address;
          moved = p.address;
          if (!behind.isEmpty()) {
            moved = t.wide();
            t.op("add.s64", moved, p.address, behind);
          }
        }
        String guard = "";
        if (k % PANEL != 0) {
          String there = t.pred();
          String at = p.productLane.equals("0") ? product : product.equals("0") ? p.productLane : t.calc("add.s32", product, p.productLane);
          t.op("setp.lt.s32", there, asRegister(at), Integer.toString(k - p.product));
          guard = "@" + there + " ";
        }
        String type = each == 1 ? ".f32 " + p.values[0] : ".v4.f32 " + text(p.values);
        t.line(guard + "ld.global.nc" + type + ", [" + moved + "+" + p.product * b.alongK * FLOAT + "]");
      }
    }

    private String asRegister(String number) {
      if (number.startsWith("%")) {
        return number;
      }
      String r = t.word();
      t.op("mov.u32", r, number);
      return r;
    }

    /** Puts what was loaded into the part at so many bytes behind the first. */
    void put(String stage) {
      boolean products = each > 1 && !b.hasVectorsOfColumns(columns);
      String before = "";
      String to = "";
      for (Piece p : pieces) {
        if (!p.target.equals(before)) {
          before = p.target;
          to = stage.equals("0") ? p.target : t.calc("add.s32", p.target, stage);
        }
        if (each == 1) {
          t.line("st.shared.f32 [" + to + "+" + p.targetBytes + "], " + p.values[0]);
        } else if (products) {
          for (int s = 0; s < VECTOR; s++) {
            t.line("st.shared.f32 [" + to + "+" + (p.targetBytes + s * pitch * FLOAT) + "], " + p.values[s]);
          }
        } else {
          t.line("st.shared.v4.f32 [" + to + "+" + p.targetBytes + "], " + text(p.values));
        }
      }
    }
  }
}
