/** What the backend asks of CUDA, and who answers: NVIDIA's driver, or a simulator. */
@NullMarked
package dev.tenzan.cuda.driver;

import org.jspecify.annotations.NullMarked;
