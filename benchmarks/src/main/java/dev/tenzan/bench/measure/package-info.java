/** Timing, the machine's ceilings, and the peers that results are compared with. */
@NullMarked
package dev.tenzan.bench.measure;

import org.jspecify.annotations.NullMarked;
