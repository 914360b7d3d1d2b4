package dev.tenzan.opencl.plan;

import dev.tenzan.error.DeviceException;
import dev.tenzan.opencl.driver.DeviceFacts;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * The tile of a matrix product that one work-item computes, for {@code f32}; wider types have fewer elements in a vector.
 *
 * @param rows the rows of a tile
 * @param vectors the vectors in a row of a tile
 * @param width the floats of a vector: 2, 4, 8 or 16
 * @param depth the steps of k whose operands a group of work-items copies to local memory at once; 0 where it copies nothing
 */
public record Tile(int rows, int vectors, int width, int depth) {
  /** The system property that overrides the tile, as {@code ROWSxVECTORSxWIDTHxDEPTH}. */
  public static final String PROPERTY = "tenzan.opencl.tile";

  /** The most of a tile's rows, and of its vectors. */
  public static final int MOST = 16;

  /** The greatest depth. */
  public static final int DEEPEST = 64;

  /** The rows, and the columns, of work-items in a group that shares local memory. */
  public static final int SIDE = 8;

  /** The tile of a style that has none: an FPGA's products have an array instead. */
  static final Tile NONE = new Tile(1, 1, 4, 0);

  private static final String FORM = "give ROWSxVECTORSxWIDTHxDEPTH, such as 6x2x8x0: 1 to 16 rows and vectors of 2, 4, 8 or 16 floats, a depth of 0 to 64";

  /** Checks the numbers. */
  public Tile {
    if (rows < 1 || rows > MOST || vectors < 1 || vectors > MOST || width < 2 || width > 16 || Integer.bitCount(width) != 1 || depth < 0
        || depth > DEEPEST) {
      throw new DeviceException("tile: " + rows + "x" + vectors + "x" + width + "x" + depth + " is no tile; " + FORM);
    }
  }

  /** Reads {@code ROWSxVECTORSxWIDTHxDEPTH}. */
  public static Tile parse(String text) {
    String[] parts = text.strip().split("x", -1);
    try {
      if (parts.length == 4) {
        return new Tile(
            Integer.parseInt(parts[0]), Integer.parseInt(parts[1]), Integer.parseInt(parts[2]), Integer.parseInt(parts[3]));
      }
    } catch (NumberFormatException e) {
      throw new DeviceException("tile: '" + text + "' is no tile; " + FORM, e);
    }
    throw new DeviceException("tile: '" + text + "' is no tile; " + FORM);
  }

  /** The tile where no other was measured: as many accumulators as fit the registers, beside the vectors of the other operand. */
  static Tile of(Style.Kind kind, int vector) {
    return switch (kind) {
      case CPU -> new Tile(vector == 16 ? 12 : 6, 2, vector, 0); // AVX-512 has 32 registers, the others 16
      case GPU -> new Tile(4, 1, 4, 16);
      case FPGA -> NONE;
    };
  }

  /** Tiles worth measuring on a device, its own choice first. */
  public static List<Tile> candidates(DeviceFacts facts) {
    Style.Shape shape = Style.of(facts).shape();
    Set<Tile> all = new LinkedHashSet<>(List.of(of(shape.kind(), shape.vector())));
    int w = shape.vector();
    switch (shape.kind()) {
      case CPU -> {
        for (int[] t : new int[][] {{4, 2}, {4, 3}, {5, 2}, {6, 1}, {8, 1}, {8, 2}, {12, 1}, {12, 2}, {4, 4}, {2, 4}}) {
          all.add(new Tile(t[0], t[1], w, 0));
        }
        all.add(new Tile(6, 2, Math.min(16, 2 * w), 0));
      }
      case GPU -> {
        for (int depth : new int[] {0, 8, 16, 32}) {
          for (int[] t : new int[][] {{4, 1}, {8, 1}, {4, 2}, {8, 2}}) {
            all.add(new Tile(t[0], t[1], 4, depth));
          }
        }
      }
      case FPGA -> {} // --pe of the export is its size
    }
    List<Tile> fitting = new ArrayList<>(all);
    fitting.removeIf(t -> t.localBytes(Float.BYTES) > facts.localBytes());
    return fitting;
  }

  /** The local memory of a group for elements of so many bytes. */
  long localBytes(int elementBytes) {
    return (long) SIDE * depth * (rows + vectors * width) * elementBytes;
  }

  @Override
  public String toString() {
    return rows + "x" + vectors + "x" + width + "x" + depth;
  }
}
