/** Projects for vendors' offline compilers, and what those report. */
@NullMarked
package dev.tenzan.opencl.fpga;

import org.jspecify.annotations.NullMarked;
