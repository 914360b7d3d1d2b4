/** The work that is checked and timed: tensor programs with their oracles, and training runs. */
@NullMarked
package dev.tenzan.bench.work;

import org.jspecify.annotations.NullMarked;
