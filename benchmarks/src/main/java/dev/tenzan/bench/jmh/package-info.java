/** JMH suites for fine-grained timing; {@code tenzan bench --jmh} runs them. */
@NullMarked
package dev.tenzan.bench.jmh;

import org.jspecify.annotations.NullMarked;
