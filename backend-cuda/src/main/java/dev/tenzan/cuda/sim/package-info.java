/**
 * A simulated CUDA device: an interpreter of PTX text with blocks, warps, shared memory and barriers, which also finds what a real
 * device lets pass: accesses out of bounds, races, uninitialised reads, divergent barriers.
 *
 * <p>The semantics are those of the <a href="https://docs.nvidia.com/cuda/parallel-thread-execution/">PTX ISA</a> specification, version
 * 9.0; sections are cited by their titles.
 */
@NullMarked
package dev.tenzan.cuda.sim;

import org.jspecify.annotations.NullMarked;
