/** Scalar programs: what happens to one element, as exactly rounded primitives in SSA form. */
@NullMarked
package dev.tenzan.scalar;

import org.jspecify.annotations.NullMarked;
