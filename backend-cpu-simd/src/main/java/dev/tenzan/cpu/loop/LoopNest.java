package dev.tenzan.cpu.loop;

import java.lang.foreign.MemorySegment;

/**
 * One body over a canonical space, with the two dimensions that generated code walks: the innermost one and the rows. Immutable; what
 * changes lies in the frame.
 */
final class LoopNest {
  final LoopSpace space;

  /** The dimension of the columns, or -1 where there is none. */
  final int inner;

  /** The dimension of the rows, or -1. */
  final int row;

  private final CompiledLoop code;
  private final Address[] addresses;
  private final long[] par;
  private final long[] step;
  private final long[] stride;

  LoopNest(LoopSpace space, int inner, int row, CompiledLoop code, BodyBuilder builder) {
    this(space, inner, row, 1, code, builder);
  }

  /** A nest whose next row is {@code rowSteps} points away along the dimension of the rows. */
  LoopNest(LoopSpace space, int inner, int row, long rowSteps, CompiledLoop code, BodyBuilder builder) {
    this.space = space;
    this.inner = inner;
    this.row = row;
    this.code = code;
    this.addresses = builder.addresses();
    this.par = builder.params();
    this.step = new long[addresses.length];
    this.stride = new long[addresses.length];
    for (int a = 0; a < addresses.length; a++) {
      step[a] = addresses[a].stride(row) * rowSteps;
      stride[a] = addresses[a].stride(inner);
    }
  }

  /** Sets what stays the same for all blocks; stores pass through the caches. */
  void prepare(Frame f, MemorySegment[] segments) {
    f.streams = false;
    f.reserve(addresses.length, space.rank());
    f.seg = segments;
    f.par = par;
    f.step = step;
    f.stride = stride;
    f.from = 0;
  }

  /** Runs the block of {@code rows} x {@code n} points whose first point is {@code index}. */
  void run(Frame f, long[] index, int rows, int n) {
    long[] base = f.base;
    for (int a = 0; a < addresses.length; a++) {
      base[a] = addresses[a].at(index);
    }
    f.rows = rows;
    f.n = n;
    code.run(f, addresses.length);
  }
}
