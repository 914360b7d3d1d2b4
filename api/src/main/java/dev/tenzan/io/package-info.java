/** Reading and writing npy, npz and safetensors. */
@NullMarked
package dev.tenzan.io;

import org.jspecify.annotations.NullMarked;
