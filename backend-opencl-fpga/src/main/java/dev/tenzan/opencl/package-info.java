/** Runs kernels on OpenCL devices. */
@NullMarked
package dev.tenzan.opencl;

import org.jspecify.annotations.NullMarked;
