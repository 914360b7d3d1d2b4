/** Automatic differentiation, layers, optimizers, data sets and training on the tensor API. */
@NullMarked
package dev.tenzan.nn;

import org.jspecify.annotations.NullMarked;
