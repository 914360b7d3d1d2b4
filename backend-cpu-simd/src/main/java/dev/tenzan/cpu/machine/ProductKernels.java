package dev.tenzan.cpu.machine;

import dev.tenzan.type.DType;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The machine code of matrix products, for one type of operands: by dot-product instructions, or by fused multiply-adds.
 *
 * <p>These instructions multiply groups: two bf16 numbers or four bytes that lie in 32 bits, or one number of f32 or f64. A panel of A holds the groups of {@link #rows}
 * rows, in one of two {@link Layout}s; one of B holds, for each group along k, those of {@link #columns} columns.
 *
 * <p>The instruction for bytes multiplies unsigned ones with signed ones. So the highest bit of A's bytes is turned as they are packed, which
 * adds 128 to those of I8 and takes 128 from those of U8. What this adds to a product is 128 or -128 times the sum of a column of B; these
 * follow the groups of B's panel, and the tile takes them away again.
 *
 * <p>Functions take the address of a block of arguments of 8 bytes each; the constants here are their places.
 */
public final class ProductKernels {
  /** The number of groups, or of whole vectors to copy or to narrow. */
  public static final int COUNT = 0;

  /** The first row of a tile's A; or the source of packing and narrowing. */
  public static final int SOURCE = 8;

  /** A tile's panel of B. */
  public static final int SECOND = 16;

  /** The distance in the source, in bytes, of steps along k where lanes lie side by side, or of rows to copy or to narrow. */
  public static final int STEP = 16;

  /** Where the results go. */
  public static final int TARGET = 24;

  /** The distance of groups in a panel, or of rows in C, in bytes. */
  public static final int TARGET_STEP = 32;

  /** Whether a tile is added to what is there. */
  public static final int ADD = 40;

  /** The number of tiles; 0 afterwards. */
  public static final int TILES = 48;

  /** How far the next tile's A lies behind, in bytes. */
  public static final int SOURCE_STEP = 56;

  /** How far the next tile's B lies behind. */
  public static final int SECOND_STEP = 64;

  /** How far the next tile's C lies behind. */
  public static final int NEXT_TARGET = 72;

  /** The distance of A's rows in bytes, where they are read as they lie. */
  public static final int SOURCE_ROW = 80;

  /** How far behind the last tile's A that of the next call lies, which is fetched meanwhile; where A is read as it lies. */
  public static final int NEXT_SOURCE = 88;

  /** A vector that packing goes on from and writes, of whole panels two: sums of columns, or least magnitudes. */
  public static final int STATISTICS = 40;

  /** The lanes to pack, or those of a last vector to copy or to narrow, as bits. */
  public static final int MASK = 48;

  /** The 32 bits to turn in each group. */
  public static final int TURN = 56;

  /** Where lanes do not lie side by side, their distances from the source: 16 numbers of 32 bits. */
  public static final int DISTANCES = 64;

  /** The number of rows to copy or to narrow. */
  public static final int ROW_COUNT = 64;

  /** The size of a block of arguments in bytes. */
  public static final int BLOCK = 128;

  /**
   * Products of bf16 by VDPBF16PS are those of a chain of fused multiply-adds as long as nothing is subnormal, neither operands nor sums,
   * because the instruction takes and gives zeros instead. With the least exponents e and f of A's and B's numbers but for zeros, each
   * product is a multiple of 2<sup>e+f-14</sup>, for the numbers have 8 bits, and so is each sum, rounded or not. Where that is
   * 2<sup>-126</sup> at least, no sum is subnormal: the biased exponents have to add up to so much.
   */
  public static final int LEAST_EXPONENTS = 2 * 127 - 126 + 14;

  /** What shuffles bytes of two vectors. */
  private static final String SHUFFLED_BYTES = "avx512vbmi";

  /** The highest bit of each byte. */
  static final int HIGHEST_BITS = 0x80808080;

  /**
   * How a panel of A lies: blocks of groups along k.
   *
   * @param row the distance of rows in bytes
   * @param step the distance of groups along k in bytes, within a block
   * @param steps the groups along k of a block
   * @param block the distance of blocks in bytes
   */
  public record Layout(int row, int step, int steps, int block) {
    /** Whether the groups of a row lie side by side. */
    boolean isByRows() {
      return step < row;
    }

    /** The distance of a group of the first row from the panel's begin. */
    public long at(long group) {
      return group / steps * block + group % steps * step;
    }
  }

  private final DType type;
  private final VectorSet set;
  private final TileShape shape;
  private final Numbers numbers;
  private final Layout byRows;
  private final Layout bySteps;
  private final MachineCode tilesByRows;
  private final MachineCode tilesBySteps;
  private final @Nullable MachineCode tilesInPlace;
  private final MachineCode copyRows;
  private final MachineCode lanesOfLeft;
  private final MachineCode lanesOfRight;
  private final MachineCode vectorsOfRight;
  private final @Nullable MachineCode panelsOfRight;
  private final MachineCode stepsOfRight;
  private final MachineCode squareOfRight;
  private final @Nullable MachineCode narrow;

  private ProductKernels(DType type, VectorSet set, TileShape shape) {
    this.type = type;
    this.set = set;
    this.shape = shape;
    this.numbers = Numbers.of(type);
    int rows = rows();
    this.byRows = new Layout(set.bytes(), numbers.groupBytes, numbers.lanes(set), rows * set.bytes());
    this.bySteps = new Layout(numbers.groupBytes, rows * numbers.groupBytes, 1, rows * numbers.groupBytes);
    boolean halves = numbers == Numbers.HALVES;
    // A's turned bytes are unsigned where they were signed.
    boolean left = type == DType.I8;
    ProductTile tile = new ProductTile(set, numbers, shape);
    this.tilesByRows = MachineCode.load(tile.code(left, byRows));
    this.tilesBySteps = MachineCode.load(tile.code(left, bySteps));
    this.tilesInPlace = arePlain() ? MachineCode.load(tile.inPlace()) : null;
    ProductPacking.Statistic ofLeft = halves ? ProductPacking.Statistic.LEAST_MAGNITUDE : ProductPacking.Statistic.NONE;
    ProductPacking.Statistic ofRight =
        switch (numbers) {
          case HALVES -> ProductPacking.Statistic.LEAST_MAGNITUDE;
          case BYTES -> type == DType.I8 ? ProductPacking.Statistic.SIGNED_SUM : ProductPacking.Statistic.UNSIGNED_SUM;
          case SINGLES, DOUBLES -> ProductPacking.Statistic.NONE;
        };
    ProductPacking leftPacking = new ProductPacking(set, numbers, shape, ofLeft);
    ProductPacking rightPacking = new ProductPacking(set, numbers, shape, ofRight);
    this.copyRows = MachineCode.load(leftPacking.rows());
    this.lanesOfLeft = MachineCode.load(leftPacking.lanes(false));
    this.lanesOfRight = MachineCode.load(rightPacking.lanes(false));
    this.vectorsOfRight = MachineCode.load(rightPacking.lanes(true));
    this.panelsOfRight =
        switch (numbers) {
          case SINGLES, DOUBLES -> MachineCode.load(rightPacking.panel());
          case HALVES -> shape == TileShape.TALL ? MachineCode.load(rightPacking.shuffledPanel()) : null;
          case BYTES -> shape == TileShape.TALL && ProcessorFlags.has(SHUFFLED_BYTES) ? MachineCode.load(rightPacking.shuffledPanel()) : null;
        };
    this.stepsOfRight = MachineCode.load(rightPacking.steps());
    this.squareOfRight = MachineCode.load(rightPacking.square());
    this.narrow = arePlain() ? null : MachineCode.load(tile.narrow());
  }

  /** Assembles the functions for a type. */
  static ProductKernels load(DType type, VectorSet set, TileShape shape) {
    return new ProductKernels(type, set, shape);
  }

  /** The shape of its tiles. */
  public TileShape shape() {
    return shape;
  }

  /** The rows of a tile. */
  public int rows() {
    return shape.rows(set);
  }

  /** The width of a vector in bytes. */
  public int vectorBytes() {
    return set.bytes();
  }

  /** The type of the operands: I8, U8, BF16, F32 or F64. */
  public DType type() {
    return type;
  }

  /** Whether the sums are of the operands' type. */
  public boolean arePlain() {
    return numbers.arePlain();
  }

  /** The bytes of one lane's group, and of a sum. */
  public int groupBytes() {
    return numbers.groupBytes;
  }

  /** The groups along k of a panel, at most. */
  public int groups() {
    return numbers.groups;
  }

  /** The lanes of a vector. */
  public int lanes() {
    return numbers.lanes(set);
  }

  /** The columns of a tile. */
  public int columns() {
    return shape.vectors() * numbers.lanes(set);
  }

  /** Panels of vectors along the rows, as a matrix whose steps lie side by side has them: those of all rows in turn. */
  public Layout byRows() {
    return byRows;
  }

  /** Panels that hold, for each group along k, those of all rows. */
  public Layout bySteps() {
    return bySteps;
  }

  /** The size of a panel of A in bytes, in either layout. */
  public long panelBytes() {
    return (long) rows() * numbers.groups * numbers.groupBytes;
  }

  /** How many numbers are a group. */
  public int groupSize() {
    return numbers.group;
  }

  /** What to turn in each group of A's: {@link #TURN}. */
  public int turn() {
    return numbers == Numbers.BYTES ? HIGHEST_BITS : 0;
  }

  /**
   * Computes tiles. COUNT: groups; SOURCE: a panel of A; SECOND: one of B; TARGET: C, whose rows are TARGET_STEP bytes apart; ADD: not 0
   * to add to it; TILES, SOURCE_STEP, SECOND_STEP and NEXT_TARGET. Afterwards, SOURCE, SECOND and TARGET are those of a next tile.
   */
  public MachineCode tiles(Layout layout) {
    return layout.isByRows() ? tilesByRows : tilesBySteps;
  }

  /** The same, where A's rows are read as they lie, SOURCE_ROW bytes apart, and their steps side by side; for plain numbers; NEXT_SOURCE says what to fetch. */
  public MachineCode tilesInPlace() {
    return Objects.requireNonNull(tilesInPlace, "only plain numbers are read where they lie");
  }

  /**
   * Packs rows of A by rows; their steps lie side by side. ROW_COUNT; COUNT: whole vectors of each row; MASK: the groups of one more;
   * SOURCE and STEP; TARGET and TARGET_STEP; STATISTICS; TURN.
   */
  public MachineCode copyRows() {
    return copyRows;
  }

  /** Packs rows of A by steps; they lie side by side. COUNT: groups; MASK: rows; SOURCE and STEP; TARGET and TARGET_STEP; STATISTICS; TURN. */
  public MachineCode lanesOfLeft() {
    return lanesOfLeft;
  }

  /** Packs columns of B that lie side by side; arguments as of {@link #lanesOfLeft}, but for TURN. */
  public MachineCode lanesOfRight() {
    return lanesOfRight;
  }

  /** The same for whole vectors of columns; MASK is not read. */
  public MachineCode vectorsOfRight() {
    return vectorsOfRight;
  }

  /** The same for all columns of a panel and whole groups; MASK is not read. Null for bytes where the processor cannot shuffle them. */
  public @Nullable MachineCode panelsOfRight() {
    return panelsOfRight;
  }

  /** Packs columns of B whose steps lie side by side; DISTANCES instead of STEP. */
  public MachineCode stepsOfRight() {
    return stepsOfRight;
  }

  /**
   * Packs a vector of columns of B whose steps lie side by side. COUNT: of as many groups along k as a vector has lanes; STEP: the distance of
   * columns; SOURCE; TARGET and TARGET_STEP; STATISTICS.
   */
  public MachineCode squareOfRight() {
    return squareOfRight;
  }

  /**
   * Brings sums to the type of the operands: f32 rounded to bf16, where none is subnormal; i32 wrapped. ROW_COUNT; COUNT: whole vectors of each row; MASK: the
   * lanes of one more; SOURCE and STEP; TARGET and TARGET_STEP.
   */
  public MachineCode narrow() {
    return Objects.requireNonNull(narrow, "plain sums are not narrowed");
  }
}
