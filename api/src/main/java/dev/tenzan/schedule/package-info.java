/** Expression graphs to kernels: canonicalise, fuse, plan memory, cache by structure. */
@NullMarked
package dev.tenzan.schedule;

import org.jspecify.annotations.NullMarked;
