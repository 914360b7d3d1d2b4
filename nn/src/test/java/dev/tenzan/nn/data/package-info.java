/** Tests of the data sets. */
@NullMarked
package dev.tenzan.nn.data;

import org.jspecify.annotations.NullMarked;
