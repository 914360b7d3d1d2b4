package dev.tenzan.opencl.plan;

import dev.tenzan.kernel.MatMulKernel;
import dev.tenzan.type.DType;

/**
 * The definitions that turn {@code matmul.cl} into the kernels of one dtype and tile.
 *
 * @param input the storage type of the operands
 * @param output the storage type of the result
 * @param rows the rows of a tile
 * @param vectors the vectors in a row of a tile
 * @param width the elements of a vector
 * @param depth the steps of k that a group copies to local memory at once; 0 where it copies nothing
 * @param systolic whether the tile is a systolic array's: its rows and {@code width} columns of elements, each with {@code vectors}
 *     results in turn
 */
record ProductText(DType input, DType output, int rows, int vectors, int width, int depth, boolean systolic) {
  /** The results of an element of a systolic array for floats: at least the steps that a fused multiply-add takes. */
  static final int INTERLEAVE = 8;

  /** The tile for a dtype: wider elements have shorter vectors. */
  static ProductText of(DType input, DType output, Style style) {
    if (style.single()) {
      Style.Pe pe = style.shape().pe();
      return new ProductText(input, output, pe.rows(), input.isFloat() ? INTERLEAVE : 1, pe.columns(), 0, true);
    }
    Tile tile = style.shape().tile();
    int width = style.chunked() ? Math.max(2, tile.width() * 4 / accumulatorBytes(input)) : tile.width();
    return new ProductText(input, output, tile.rows(), tile.vectors(), width, style.chunked() ? 0 : tile.depth(), false);
  }

  private static int accumulatorBytes(DType input) {
    return input.compute().byteSize();
  }

  /** The bytes of an element of a panel. */
  int bytes() {
    return accumulatorBytes(input);
  }

  /** The columns of a tile. */
  int columns() {
    return vectors * width;
  }

  /** Integers are accumulated unsigned: they wrap, and the overflow of signed ones is undefined in C. */
  private String accumulator() {
    return switch (input.compute()) {
      case F64 -> "double";
      case F32 -> "float";
      case I64 -> "ulong";
      case I32 -> "uint";
      case F16, BF16, I16, I8, U8, BOOL -> throw new IllegalArgumentException("no products of " + input);
    };
  }

  String head() {
    String acc = accumulator();
    boolean floats = input.isFloat();
    String signed = switch (input.compute()) {
      case F64 -> "double";
      case F32 -> "float";
      case I64 -> "long";
      default -> "int";
    };
    StringBuilder s = new StringBuilder();
    define(s, "IN_T", "tz_t_" + input.label());
    define(s, "OUT_T", "tz_t_" + output.label());
    define(s, "LOAD(p, i)", "tz_load_" + input.label() + "(p, i)");
    define(s, "STORE(p, i, v)", "tz_store_" + output.label() + "(p, i, (" + signed + ")(v))");
    define(s, "ACC", acc);
    define(s, "TM", Integer.toString(rows));
    define(s, "TN", Integer.toString(columns()));
    define(s, "K_BLOCK", Integer.toString(MatMulKernel.K_BLOCK));
    if (systolic) {
      array(s);
      return s.toString();
    }
    define(s, "VEC", acc + width);
    define(s, "VW", Integer.toString(width));
    define(s, "VLOAD", "vload" + width);
    define(s, "VSTORE", "vstore" + width);
    define(s, "MAC(a, b, c)", floats ? "fma(a, b, c)" : "((a) * (b) + (c))");
    define(s, "NV", Integer.toString(vectors));
    if (depth > 0) {
      define(s, "DEPTH", Integer.toString(depth));
      define(s, "SIDE", Integer.toString(Tile.SIDE));
    }
    StringBuilder all = new StringBuilder();
    StringBuilder tile = new StringBuilder();
    StringBuilder columns = new StringBuilder();
    for (int j = 0; j < vectors; j++) {
      columns.append(" X(").append(j).append(')');
    }
    for (int i = 0; i < rows; i++) {
      all.append(" X(").append(i).append(')');
      StringBuilder line = new StringBuilder();
      for (int j = 0; j < vectors; j++) {
        line.append(" X(").append(i).append(", ").append(j).append(')');
      }
      tile.append(line);
      define(s, "LINE_" + i + "(X)", line.toString());
    }
    define(s, "ROWS(X)", all.toString());
    define(s, "COLUMNS(X)", columns.toString());
    define(s, "TILE(X)", tile.toString());
    return s.toString();
  }

  /** What passes through an array has the width of the storage type where that is an integer: so multipliers are as narrow. */
  private void array(StringBuilder s) {
    boolean narrow = input == DType.I8 || input == DType.U8 || input == DType.I16;
    define(s, "SYSTOLIC", "1");
    define(s, "PE_ROWS", Integer.toString(rows));
    define(s, "PE_COLUMNS", Integer.toString(width));
    define(s, "INTERLEAVE", Integer.toString(vectors));
    define(s, "LANE", narrow ? "tz_t_" + input.label() : accumulator());
    String integers = narrow ? "((ACC)((int)(a) * (int)(b)) + (c))" : "((a) * (b) + (c))";
    define(s, "MAC(a, b, c)", input.isFloat() ? "fma(a, b, c)" : integers);
  }

  private static void define(StringBuilder s, String name, String value) {
    s.append("#define ").append(name).append(' ').append(value.strip()).append('\n');
  }
}
