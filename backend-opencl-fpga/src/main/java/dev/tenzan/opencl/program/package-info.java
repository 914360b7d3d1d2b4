/** How a device gets its programs: by the compiler, from the cache on disk, or elsewhere. */
@NullMarked
package dev.tenzan.opencl.program;

import org.jspecify.annotations.NullMarked;
