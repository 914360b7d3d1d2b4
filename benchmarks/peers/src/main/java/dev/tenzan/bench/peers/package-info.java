/** The libraries that Tenzan is compared with, each behind the interface of {@link dev.tenzan.bench.compare.Library}. */
@NullMarked
package dev.tenzan.bench.peers;

import org.jspecify.annotations.NullMarked;
