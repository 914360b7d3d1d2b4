/** The kernel specifications: what a backend is asked to run. */
@NullMarked
package dev.tenzan.kernel;

import org.jspecify.annotations.NullMarked;
