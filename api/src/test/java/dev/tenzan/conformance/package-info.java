/** The conformance kit: what every backend must pass, and the list of operations that drives it. */
@NullMarked
package dev.tenzan.conformance;

import org.jspecify.annotations.NullMarked;
