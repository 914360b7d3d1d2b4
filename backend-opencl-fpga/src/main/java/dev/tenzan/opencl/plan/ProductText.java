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
 */
record ProductText(DType input, DType output, int rows, int vectors, int width) {
  /** The tile for a dtype: as many accumulators as fit the registers, beside the vectors of the other operand. */
  static ProductText of(DType input, DType output, Style style) {
    int width = Math.max(2, style.vector() * 4 / accumulatorBytes(input));
    if (!style.chunked()) {
      return new ProductText(input, output, 4, 1, 4);
    }
    boolean manyRegisters = style.vector() == 16; // AVX-512 has 32, the others 16
    return new ProductText(input, output, manyRegisters ? 12 : 6, 2, width);
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
    define(s, "VEC", acc + width);
    define(s, "VW", Integer.toString(width));
    define(s, "VLOAD", "vload" + width);
    define(s, "VSTORE", "vstore" + width);
    define(s, "MAC(a, b, c)", floats ? "fma(a, b, c)" : "((a) * (b) + (c))");
    define(s, "TM", Integer.toString(rows));
    define(s, "NV", Integer.toString(vectors));
    define(s, "TN", Integer.toString(columns()));
    define(s, "K_BLOCK", Integer.toString(MatMulKernel.K_BLOCK));
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

  private static void define(StringBuilder s, String name, String value) {
    s.append("#define ").append(name).append(' ').append(value.strip()).append('\n');
  }
}
