/** Tests that hold the lines between packages and modules. */
@NullMarked
package dev.tenzan.arch;

import org.jspecify.annotations.NullMarked;
