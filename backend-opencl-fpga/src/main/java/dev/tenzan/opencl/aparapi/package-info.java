/** Kernels written for Aparapi as operations on tensors. The only package that uses {@code com.aparapi}, which is optional. */
@NullMarked
package dev.tenzan.opencl.aparapi;

import org.jspecify.annotations.NullMarked;
