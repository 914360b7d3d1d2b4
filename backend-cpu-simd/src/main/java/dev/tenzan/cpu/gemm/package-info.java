/**
 * Matrix products and convolutions on the CPU.
 *
 * <h2>The bits</h2>
 *
 * <p>{@link dev.tenzan.kernel.MatMulKernel} fixes every bit of {@code C = A B}: k is cut into blocks of 256
 * steps; for each element of C a block is one chain of fused multiply-adds in the order of k from +0; the
 * blocks' results are added in order. Elements of C do not meet, so C may be cut in any way, among threads,
 * caches and vector lanes. All freedom that the loops below use is of this kind.
 *
 * <h2>The loops</h2>
 *
 * <p>A product of n³ operations touches n² numbers, and runs at the speed of the arithmetic units if each
 * number, once it is in a fast memory, is used often. Goto and van de Geijn showed how to place the parts of
 * A, B and C in the levels of the memory hierarchy (Anatomy of High-Performance Matrix Multiplication, ACM
 * TOMS 34(3), 2008); Van Zee and van de Geijn brought it into the form of five loops around one small
 * micro-kernel (BLIS, ACM TOMS 41(3), 2015). Here, from the outside:
 *
 * <ol> <li>{@link dev.tenzan.cpu.gemm.Gemm}, {@link dev.tenzan.cpu.gemm.Grid}: C is cut into tasks,
 * rectangles that threads compute alone. A task packs what it needs itself: a few percent of work done twice, no
 * barrier, no sharing. Where tasks of few rows lie below each other, all threads first pack their B together
 * ({@link dev.tenzan.cpu.gemm.PackedB}).
 * <li>{@link dev.tenzan.cpu.gemm.GemmTask}: blocks of k, 256 steps. B is packed in panels, as wide as a tile,
 * in which the numbers lie in the order of their use. <li>Blocks of rows. The block of A is packed, in panels
 * as high as a tile, in the order of its own memory ({@link dev.tenzan.cpu.gemm.PanelLayout}).
 * <li>Panels of the operand that stays in the L1 cache. <li>Panels of the other one, which stream by.
 * Tiles of 12 by 2 vectors keep a panel of A: theirs of B are too wide. (Java has no prefetch instruction; in
 * this order C is visited along its rows, and the hardware prefetches it.) Tiles of 6 by 2 keep a panel of B,
 * as BLIS does: the block of A then streams from a small L2 cache, and B may lie in the L3 cache.
 * <li>{@link dev.tenzan.cpu.gemm.MicroKernel}: a tile of C lives in registers while it runs along k. Then
 * {@link dev.tenzan.cpu.gemm.Results} stores it, or adds it to C.
 * </ol>
 *
 * <p>{@link dev.tenzan.cpu.gemm.Tiling} holds the sizes, {@link dev.tenzan.cpu.gemm.KernelSet} the tile
 * shapes.
 *
 * <h2>Everything else is packing</h2>
 *
 * <p>Packing costs little beside the product and sees every number once, so all variety is in it, and none in
 * the micro-kernel: any strides, narrow types widened to their compute type, and convolutions. A
 * {@link dev.tenzan.cpu.gemm.ConvolutionOperand} packs the panels of the unrolled input straight from the
 * input (implicit GEMM). Narrow outputs are accumulated in the compute type and rounded once when a task is
 * done.
 *
 * <h2>Convolutions in f32</h2>
 *
 * <p>They read a padded copy of their input where it lies, instead of packing it unrolled: {@link dev.tenzan.cpu.gemm.PixelConvolution} with
 * vectors across output channels, {@link dev.tenzan.cpu.gemm.StripConvolution} with vectors across places. How much of their tiles would be
 * used decides.
 *
 * <h2>Small products</h2>
 *
 * <p>Where B fits the L2 cache and k is one block, nothing is packed: {@link dev.tenzan.cpu.gemm.InPlaceProduct} runs tiles over the operands
 * where they lie.
 *
 * <h2>Machine code</h2>
 *
 * <p>With AVX-512 or AVX2 on Linux, all of this is the second choice: {@link dev.tenzan.cpu.gemm.MachineInPlace} for small products, {@link
 * dev.tenzan.cpu.gemm.MachineProduct} and {@link dev.tenzan.cpu.gemm.MachinePixels} compute the same bits by code that Java assembles ({@link dev.tenzan.cpu.machine}), and needs no warm-up. A few rows by a large matrix do not come here
 * ({@link dev.tenzan.cpu.direct}).
 *
 * <h2>Java</h2>
 *
 * <p>One source of a micro-kernel becomes a hidden class for each vector width
 * ({@link dev.tenzan.cpu.gemm.SpecializedClasses}). C2 takes a second to compile it, and until then
 * {@link dev.tenzan.cpu.gemm.Warmup} lets scalars compute the same bits. Without the Vector API module they
 * always do.
 */
@NullMarked
package dev.tenzan.cpu.gemm;

import org.jspecify.annotations.NullMarked;
