/** The CPU backend: memory pool, threads, generated loops and hand-written kernels. */
@NullMarked
package dev.tenzan.cpu;

import org.jspecify.annotations.NullMarked;
