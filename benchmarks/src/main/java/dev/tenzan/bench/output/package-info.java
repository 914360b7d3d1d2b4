/** What the command line writes: tables, progress, JSON and files. */
@NullMarked
package dev.tenzan.bench.output;

import org.jspecify.annotations.NullMarked;
