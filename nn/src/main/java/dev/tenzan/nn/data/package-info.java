/** Data sets: what a model is trained on, and readers for files of them. */
@NullMarked
package dev.tenzan.nn.data;

import org.jspecify.annotations.NullMarked;
