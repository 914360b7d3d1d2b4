/** The OpenCL C of loop kernels. */
@NullMarked
package dev.tenzan.opencl.loop;

import org.jspecify.annotations.NullMarked;
