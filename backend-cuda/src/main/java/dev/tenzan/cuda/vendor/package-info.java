/** NVIDIA's optional libraries, called through the Foreign Function and Memory API where they are installed. */
@NullMarked
package dev.tenzan.cuda.vendor;

import org.jspecify.annotations.NullMarked;
