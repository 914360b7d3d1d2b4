package dev.tenzan.ir;

import java.lang.foreign.MemorySegment;
import java.util.List;

/** What a user's own operation runs. Backends know some implementations: every host backend knows {@link Host}. */
public interface CustomBody {
  /** A body in Java that reads and writes host memory. */
  @FunctionalInterface
  interface Host extends CustomBody {
    /**
     * Computes the output.
     *
     * @param inputs one segment for each input: dense, row-major, native byte order; not to be written
     * @param output the segment to fill
     */
    void run(List<MemorySegment> inputs, MemorySegment output);
  }
}
