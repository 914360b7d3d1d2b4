/** The OpenCL calls that the backend makes, behind an interface. */
@NullMarked
package dev.tenzan.opencl.driver;

import org.jspecify.annotations.NullMarked;
