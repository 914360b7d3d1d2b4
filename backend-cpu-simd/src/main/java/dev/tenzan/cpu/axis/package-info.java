/** Kernels along one axis: scan, scatter and sort. */
@NullMarked
package dev.tenzan.cpu.axis;

import org.jspecify.annotations.NullMarked;
