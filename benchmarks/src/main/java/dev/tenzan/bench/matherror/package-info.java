/** The measurement of the elementary functions' errors: every F32 input, and samples of F64. */
@NullMarked
package dev.tenzan.bench.matherror;

import org.jspecify.annotations.NullMarked;
