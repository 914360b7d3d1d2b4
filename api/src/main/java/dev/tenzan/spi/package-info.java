/** What a backend implements. */
@NullMarked
package dev.tenzan.spi;

import org.jspecify.annotations.NullMarked;
