/** How a device gets its programs: by the compiler, from the cache on disk, or (later) from a bundle. */
@NullMarked
package dev.tenzan.opencl.program;

import org.jspecify.annotations.NullMarked;
