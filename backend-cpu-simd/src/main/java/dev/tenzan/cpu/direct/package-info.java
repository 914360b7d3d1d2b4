/** Products and convolutions that are not worth packing their operands for a matrix product: plain loops over memory, and machine code for a few rows by a large matrix. */
@NullMarked
package dev.tenzan.cpu.direct;

import org.jspecify.annotations.NullMarked;
