/** Kernels that were built beforehand: recording what a program asks for, building it offline, loading it by hash. */
@NullMarked
package dev.tenzan.opencl.bundle;

import org.jspecify.annotations.NullMarked;
