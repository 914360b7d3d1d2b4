/** How a user's own operation takes part in this backend. */
@NullMarked
package dev.tenzan.opencl.custom;

import org.jspecify.annotations.NullMarked;
