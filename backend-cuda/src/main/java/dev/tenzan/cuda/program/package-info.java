/** How a device gets its kernels: assembled, from the cache on disk, or as PTX. */
@NullMarked
package dev.tenzan.cuda.program;

import org.jspecify.annotations.NullMarked;
