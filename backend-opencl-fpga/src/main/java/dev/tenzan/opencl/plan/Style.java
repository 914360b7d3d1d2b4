package dev.tenzan.opencl.plan;

import dev.tenzan.error.DeviceException;
import dev.tenzan.opencl.driver.DeviceFacts;
import dev.tenzan.opencl.program.KernelSource;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What kernels are shaped by: what their texts depend on, and the device's size, on which only the number of work-items depends.
 *
 * @param shape what the texts depend on
 * @param units the number of compute units
 */
public record Style(Shape shape, int units) {
  /** The work-items of a group where neighbours share a group. */
  public static final int GROUP = 64;

  /** Tells a compiler that there is but one work-item, so that it makes a pipeline of the loops. */
  private static final String SINGLE = "__attribute__((reqd_work_group_size(1, 1, 1)))";

  /** The system property that overrides the choice of the kind. */
  public static final String PROPERTY = "tenzan.opencl.style";

  /** The system property with the array of an {@link Kind#FPGA} style, as {@code ROWSxCOLUMNS}. */
  public static final String PE_PROPERTY = "tenzan.opencl.pe";

  /** The kinds of devices that kernels are written for. */
  public enum Kind {
    /** A work-item walks a run of neighbouring elements. */
    CPU,
    /** Neighbouring work-items take neighbouring elements. */
    GPU,
    /** A single work-item walks everything: offline compilers for FPGAs turn its loops into pipelines. */
    FPGA;

    /** Its name in properties and files. */
    public String label() {
      return name().toLowerCase(Locale.ROOT);
    }

    /** The kind of a name, or null. */
    public static @Nullable Kind of(String label) {
      for (Kind k : values()) {
        if (k.label().equals(label)) {
          return k;
        }
      }
      return null;
    }
  }

  /**
   * The array of processing elements of an FPGA's matrix product.
   *
   * @param rows its rows
   * @param columns its columns
   */
  public record Pe(int rows, int columns) {
    /** The most rows or columns. */
    public static final int MOST = 64;

    /** The array where none is asked for: small enough for any board. */
    public static final Pe DEFAULT = new Pe(4, 4);

    /** Checks the numbers. */
    public Pe {
      if (rows < 1 || rows > MOST || columns < 1 || columns > MOST) {
        throw new DeviceException(
            "pe: an array of " + rows + "x" + columns + " elements; give 1x1 to " + MOST + "x" + MOST + ", such as 8x8");
      }
    }

    /** Reads {@code ROWSxCOLUMNS}. */
    public static Pe parse(String text) {
      String[] parts = text.strip().split("x", -1);
      try {
        if (parts.length == 2) {
          return new Pe(Integer.parseInt(parts[0]), Integer.parseInt(parts[1]));
        }
      } catch (NumberFormatException e) {
        throw new DeviceException("pe: '" + text + "' is no array; give ROWSxCOLUMNS, such as 8x8", e);
      }
      throw new DeviceException("pe: '" + text + "' is no array; give ROWSxCOLUMNS, such as 8x8");
    }

    @Override
    public String toString() {
      return rows + "x" + columns;
    }
  }

  /**
   * What the texts of kernels depend on. Two devices of one shape ask for the same sources.
   *
   * @param kind the kind of device
   * @param vector the floats of a vector register
   * @param argumentBytes the most bytes of kernel arguments
   * @param pe the array of processing elements; only FPGA kernels use it
   * @param tile the tile of products; FPGA kernels do not use it
   */
  public record Shape(Kind kind, int vector, long argumentBytes, Pe pe, Tile tile) {
    /** A shape with the default tile. */
    public Shape(Kind kind, int vector, long argumentBytes, Pe pe) {
      this(kind, vector, argumentBytes, pe, Tile.of(kind, vector));
    }

    /** This shape with another tile; an FPGA has none. */
    public Shape with(Tile other) {
      return kind == Kind.FPGA ? this : new Shape(kind, vector, argumentBytes, pe, other);
    }
  }

  /** The style for a device; {@code -Dtenzan.opencl.style=cpu|gpu|fpga} overrides the kind, so that each can be tested on any device. */
  public static Style of(DeviceFacts facts) {
    String asked = System.getProperty(PROPERTY, "");
    Kind kind = asked.isEmpty() ? (facts.isGpu() ? Kind.GPU : Kind.CPU) : Kind.of(asked);
    if (kind == null) {
      throw new DeviceException("-D" + PROPERTY + ": '" + asked + "' is no style; give cpu, gpu or fpga");
    }
    int vector = Math.max(4, Math.min(16, Integer.highestOneBit(Math.max(1, facts.floatWidth()))));
    String pe = System.getProperty(PE_PROPERTY, "");
    Pe array = pe.isEmpty() ? Pe.DEFAULT : Pe.parse(pe);
    Shape shape = new Shape(kind, vector, facts.argumentBytes(), array);
    String tile = System.getProperty(Tile.PROPERTY, "");
    return new Style(tile.isEmpty() ? shape : shape.with(Tile.parse(tile)), Math.max(1, facts.computeUnits()));
  }

  /** This style with another tile of products. */
  public Style with(Tile tile) {
    return new Style(shape.with(tile), units);
  }

  /** Whether a work-item walks a run of neighbouring elements; otherwise neighbouring work-items take neighbouring elements. */
  public boolean chunked() {
    return shape.kind != Kind.GPU;
  }

  /** Whether one work-item does all. */
  public boolean single() {
    return shape.kind == Kind.FPGA;
  }

  /** The floats of a vector register. */
  public int vector() {
    return shape.vector;
  }

  /** The most bytes of kernel arguments. */
  public long argumentBytes() {
    return shape.argumentBytes;
  }

  /**
   * The number of work-items for {@code n} pieces of work.
   *
   * @param cost the operations of one piece: work-items get enough of them to pay for their start
   */
  public long items(long n, double cost) {
    if (single()) {
      return 1;
    }
    if (!chunked()) {
      return Math.min((n + GROUP - 1) / GROUP, 64L * units) * GROUP;
    }
    double worth = Math.max(1, n * cost / 20_000);
    return Math.max(1, Math.min(n, Math.min((long) worth, 8L * units)));
  }

  /** The program of a text. */
  public KernelSource source(String code) {
    return new KernelSource(single() ? code.replace("__kernel void", "__kernel " + SINGLE + " void") : code);
  }

  /** The work-items of a group. */
  public long local() {
    return chunked() ? 1 : GROUP;
  }
}
