/** What a kernel specification becomes: PTX, its arguments and the order of its launches. Plain values. */
@NullMarked
package dev.tenzan.cuda.plan;

import org.jspecify.annotations.NullMarked;
