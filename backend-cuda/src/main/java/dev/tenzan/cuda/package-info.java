/** The CUDA backend. */
@NullMarked
package dev.tenzan.cuda;

import org.jspecify.annotations.NullMarked;
