/** The benchmark's results as a table, as JSON and as an HTML page with plots. */
@NullMarked
package dev.tenzan.bench.report;

import org.jspecify.annotations.NullMarked;
