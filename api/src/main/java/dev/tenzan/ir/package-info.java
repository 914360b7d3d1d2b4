/** The tensor operations as values, and the one place that checks shapes and dtypes. */
@NullMarked
package dev.tenzan.ir;

import org.jspecify.annotations.NullMarked;
