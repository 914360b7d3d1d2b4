/** Tests of the neural-network module. */
@NullMarked
package dev.tenzan.nn;

import org.jspecify.annotations.NullMarked;
