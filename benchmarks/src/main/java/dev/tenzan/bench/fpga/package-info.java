/** Programs for FPGAs, and what vendors' compilers report of them. */
@NullMarked
package dev.tenzan.bench.fpga;

import org.jspecify.annotations.NullMarked;
