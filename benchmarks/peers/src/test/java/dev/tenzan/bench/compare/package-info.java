/** Tests of the libraries behind the interface that the comparison uses. */
@NullMarked
package dev.tenzan.bench.compare;

import org.jspecify.annotations.NullMarked;
