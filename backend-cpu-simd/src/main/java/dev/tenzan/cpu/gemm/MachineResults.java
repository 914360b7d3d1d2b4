package dev.tenzan.cpu.gemm;

import dev.tenzan.cpu.machine.TileMoves;
import dev.tenzan.type.DType;
import java.lang.foreign.MemorySegment;

/** Moves tiles of f32 numbers in machine code. */
final class MachineResults extends Results {
  private final TileMoves moves;
  private final Results others;

  /**
   * A mover.
   *
   * @param others writes accumulators in a narrower type
   */
  MachineResults(TileMoves moves, Results others) {
    this.moves = moves;
    this.others = others;
  }

  @Override
  void move(Object tile, int tileColumns, int rows, int columns, MemorySegment c, long cOffset, long cRowBytes, boolean add) {
    moves.run((float[]) tile, rows, columns, c, cOffset, cRowBytes, add);
  }

  @Override
  void narrow(DType to, MemorySegment accMemory, long from, int columns, MemorySegment cMemory, long at) {
    others.narrow(to, accMemory, from, columns, cMemory, at);
  }
}
