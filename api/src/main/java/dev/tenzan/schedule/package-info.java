/** Expression graphs to programs of kernels: captures a graph as a value, lowers and fuses it, and numbers the buffers. */
@NullMarked
package dev.tenzan.schedule;

import org.jspecify.annotations.NullMarked;
