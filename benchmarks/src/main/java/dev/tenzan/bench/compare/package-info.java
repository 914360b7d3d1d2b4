/** Tenzan's {@code cpu} device beside other libraries: the work, the interface that a library implements, checks and the run. */
@NullMarked
package dev.tenzan.bench.compare;

import org.jspecify.annotations.NullMarked;
