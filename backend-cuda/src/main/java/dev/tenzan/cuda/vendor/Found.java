package dev.tenzan.cuda.vendor;

import org.jspecify.annotations.Nullable;

/**
 * What a search for one of NVIDIA's libraries found.
 *
 * @param library the library; null where there is none
 * @param text the library's version and file, or why there is none and what was looked for
 */
public record Found<L>(@Nullable L library, String text) {}
