/** The place of the OpenCL and FPGA backend. */
@NullMarked
package dev.tenzan.opencl;

import org.jspecify.annotations.NullMarked;
