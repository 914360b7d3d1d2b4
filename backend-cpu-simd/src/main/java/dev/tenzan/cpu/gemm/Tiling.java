package dev.tenzan.cpu.gemm;

/**
 * The blocking sizes of the matrix product, in one place. None of them changes a bit of the result; the block
 * of k, which does, is {@link dev.tenzan.kernel.MatMulKernel#K_BLOCK}.
 *
 * @param aBlockBytes the packed block of A: panels that are packed together
 * @param taskRows the most rows of C in one task
 * @param taskColumns the most columns of C in one task; its packed B, {@code K_BLOCK * taskColumns}, should
 *     fit in L2
 * @param minTaskRows tasks are not cut shorter than this for balance, for each cut packs the B panels once
 *     more
 * @param minTaskColumns tasks are not cut narrower than this, for each cut packs the A panels once more
 * @param tasksPerThread how many tasks to aim for, so that threads of unequal speed end together
 * @param serialOperations at most so many multiply-adds are done on the calling thread; a hand-off costs more
 */
record Tiling(
    int aBlockBytes,
    int taskRows,
    int taskColumns,
    int minTaskRows,
    int minTaskColumns,
    int tasksPerThread,
    long serialOperations) {
  /** Measured on Zen 5 (48 KiB L1d, 1 MiB L2); the sizes stay within what Skylake and Neoverse have. */
  static final Tiling DEFAULT = new Tiling(160 << 10, 1024, 768, 120, 128, 4, 1L << 18);
}
