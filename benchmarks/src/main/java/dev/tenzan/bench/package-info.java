/** The {@code tenzan} command line: devices, benchmarks, training and the conformance kit. */
@NullMarked
package dev.tenzan.bench;

import org.jspecify.annotations.NullMarked;
