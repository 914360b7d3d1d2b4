package dev.tenzan.cpu.gemm;

/**
 * The blocking sizes of the matrix product, in one place. None of them changes a bit of the result; the block
 * of k, which does, is {@link dev.tenzan.kernel.MatMulKernel#K_BLOCK}.
 *
 * @param resident which panel stays in the L1 cache while the others stream by
 * @param aBlockBytes the packed block of A: panels that are packed together
 * @param taskRows the most rows of C in one task
 * @param taskColumns the most columns of C in one task
 * @param minTaskRows tasks are not cut shorter than this for balance, for each cut packs the B panels once
 *     more, where they are not shared, or sweeps over them once more
 * @param minTaskColumns tasks are not cut narrower than this, for each cut packs the A panels once more
 * @param sharedBytes the most memory for a packed B that all tasks of a product share; 0 to let each task
 *     pack its own
 * @param tasksPerThread how many tasks to aim for, so that threads of unequal speed end together
 * @param serialOperations at most so many multiply-adds are done on the calling thread; a hand-off costs more
 * @param inPlaceBytes the largest B that is not packed, where it lies as {@link InPlaceProduct} reads it: it should stay in the L2 cache
 */
record Tiling(
    Resident resident,
    int aBlockBytes,
    int taskRows,
    int taskColumns,
    int minTaskRows,
    int minTaskColumns,
    long sharedBytes,
    int tasksPerThread,
    long serialOperations,
    long inPlaceBytes) {

  /** The panel that stays in the L1 cache. */
  enum Resident {
    /** One panel of A; C is visited along its rows, where the hardware prefetches it. */
    A,

    /** One panel of B; the block of A streams from the L2 cache, and B may be as large as the L3 cache. */
    B
  }

  /** The rows and columns of accumulators that are narrowed together: they are memory besides C, and should stay in the cache. */
  private static final int NARROW = 1024;

  /** The same sizes for a product whose results are accumulated in a wider type than that of C. */
  Tiling forNarrowResults() {
    return new Tiling(resident, aBlockBytes, Math.min(taskRows, NARROW), Math.min(taskColumns, NARROW), minTaskRows,
        minTaskColumns, sharedBytes, tasksPerThread, serialOperations, inPlaceBytes);
  }

  /**
   * For tiles of 12 by 2 vectors, whose B panels are too wide for the L1 cache. Measured on Zen 5 (48 KiB
   * L1d, 1 MiB L2); the sizes stay within what Skylake and Neoverse have. {@code K_BLOCK * taskColumns} of
   * packed B should fit in L2.
   */
  static final Tiling MANY_REGISTERS =
      new Tiling(Resident.A, 160 << 10, 1032, 512, 120, 128, 16 << 20, 4, 1L << 18, 512 << 10);

  /** For tiles of 6 by 2 vectors. Measured on Zen 3 (32 KiB L1d, 512 KiB L2). */
  static final Tiling FEW_REGISTERS =
      new Tiling(Resident.B, 160 << 10, 1 << 20, 4096, 48, 64, 16 << 20, 4, 1L << 18, 256 << 10);
}
