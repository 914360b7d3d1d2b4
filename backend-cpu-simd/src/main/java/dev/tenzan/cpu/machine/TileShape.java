package dev.tenzan.cpu.machine;

/** The shapes of a product's tiles. All multiply the same chains, so the bits do not depend on them. */
public enum TileShape {
  /** Few columns and many rows, two vectors wide: a panel of B stays in the first cache while rows go by. */
  TALL(2),
  /**
   * Half as many rows, four vectors wide: fewer loads for each multiply-add, and fewer rows of A at a time. B comes from the second cache for each tile, a
   * line for 6 multiply-adds.
   */
  WIDE(4);

  private final int vectors;

  TileShape(int vectors) {
    this.vectors = vectors;
  }

  /** The vectors of a row. */
  int vectors() {
    return vectors;
  }

  /** The rows: as many as leave registers for B's vectors and numbers of A. */
  int rows(VectorSet set) {
    int accumulators = set == VectorSet.AVX512 ? 24 : 12;
    return accumulators / vectors;
  }
}
