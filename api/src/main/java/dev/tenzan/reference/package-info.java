/** The scalar backend: plain loops, obviously right, always present. */
@NullMarked
package dev.tenzan.reference;

import org.jspecify.annotations.NullMarked;
