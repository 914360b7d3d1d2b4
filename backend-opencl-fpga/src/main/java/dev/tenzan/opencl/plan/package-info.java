/** What a kernel specification becomes: programs, their arguments and the order of their launches. Plain values. */
@NullMarked
package dev.tenzan.opencl.plan;

import org.jspecify.annotations.NullMarked;
