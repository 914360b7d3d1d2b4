/** The typed, unchecked errors that every layer throws. */
@NullMarked
package dev.tenzan.error;

import org.jspecify.annotations.NullMarked;
