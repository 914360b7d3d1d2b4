/** Tests of the comparison with other libraries; none of them is needed. */
@NullMarked
package dev.tenzan.bench.compare;

import org.jspecify.annotations.NullMarked;
