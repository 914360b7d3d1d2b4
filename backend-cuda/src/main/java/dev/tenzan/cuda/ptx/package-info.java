/** Loop kernels as PTX, straight from their scalar programs. */
@NullMarked
package dev.tenzan.cuda.ptx;

import org.jspecify.annotations.NullMarked;
