package dev.tenzan.cpu.loop;

import java.lang.foreign.MemorySegment;

/** A loop over no points. */
record EmptyLoop() implements CpuLoop {
  @Override
  public void run(MemorySegment[] segments) {
    // There is no point, so there is no store.
  }
}
