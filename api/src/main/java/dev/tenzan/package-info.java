/** The tensor API: what users import. */
@NullMarked
package dev.tenzan;

import org.jspecify.annotations.NullMarked;
