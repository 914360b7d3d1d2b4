package dev.tenzan.cpu.machine;

import static dev.tenzan.cpu.machine.Assembler.R8;
import static dev.tenzan.cpu.machine.Assembler.R9;
import static dev.tenzan.cpu.machine.Assembler.RAX;
import static dev.tenzan.cpu.machine.Assembler.RCX;
import static dev.tenzan.cpu.machine.Assembler.RDI;
import static dev.tenzan.cpu.machine.Assembler.RDX;
import static dev.tenzan.cpu.machine.Assembler.RSI;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * What rows of neighbouring places of an f32 plane see through a window: for each place a chain of fused multiply-adds from +0 over the window's
 * positions. The code is written for one geometry, whose distances stand in it; some rows at a time, so that there are chains enough to hide
 * their latency, and the weights of a small window stay in registers.
 */
public final class WindowRows {
  /** The most multiply-adds in the code, each of some ten bytes. */
  private static final long MOST = 6000;

  private final MachineCode code;

  private WindowRows(MachineCode code) {
    this.code = code;
  }

  /**
   * Makes the code for a geometry, or null where there is none: on other processors, where windows or rows are long, or where the system gives no
   * memory for it.
   *
   * @param set the vectors of the code
   * @param places for each position of the window how far from a place its value lies, in elements
   * @param rows how many rows of places there are
   * @param length the places of a row
   * @param step how far apart the rows are in the plane, in elements; the results lie one after the other
   */
  public static @Nullable WindowRows of(VectorSet set, int[] places, int rows, int length, int step) {
    long vectors = Math.ceilDiv((long) length, set.bytes() / Float.BYTES);
    if (!set.canRun() || places.length * vectors * 2 * WindowChains.CHAINS > MOST * WindowChains.WIDE || vectors * rows * places.length == 0) {
      return null;
    }
    MachineCode code = MachineCode.loadOrWarn(new Code(set, places, rows, length, step).code(), "a convolution of single channels goes without machine code");
    return code == null ? null : new WindowRows(code);
  }

  /**
   * Computes the rows.
   *
   * @param plane the values; up to a vector less one element behind a row's last place are read
   * @param first the index of the first row's first place
   * @param weights for each position of the window a weight, from the index {@code at} on
   * @param out receives the results
   * @param to the byte at which they begin
   */
  public void run(float[] plane, int first, float[] weights, int at, MemorySegment out, long to) {
    code.call(
        MemorySegment.ofArray(plane), MemorySegment.ofArray(weights), out, MemorySegment.NULL, (long) at * Float.BYTES, to,
        (long) first * Float.BYTES, 0);
  }

  /** The code of a geometry. */
  private static final class Code {
    private final Assembler a;
    private final int[] places;
    private final int rows;
    private final int length;
    private final int step;
    private final WindowChains chains;

    Code(VectorSet set, int[] places, int rows, int length, int step) {
      this.a = set.assembler();
      this.places = places;
      this.rows = rows;
      this.length = length;
      this.step = step;
      // With AVX2 the mask is a vector.
      int tail = set.mask(1);
      int weight = set.hasMaskRegisters() ? set.registers() - 1 : tail - 1;
      this.chains = new WindowChains(a, set, RSI, places.length, length, WindowChains.BEHIND, weight, tail);
    }

    byte[] code() {
      a.add(RSI, R8);
      a.add(RDX, R9);
      a.loadArgument(RAX, 0);
      a.add(RDI, RAX);
      chains.setTail();
      chains.loadWeights();
      int together = Math.min(rows, chains.together());
      a.set(RCX, rows / together);
      int loop = a.here();
      rows(together);
      a.addConstant(RDI, together * step * Float.BYTES);
      a.addConstant(RDX, together * length * Float.BYTES);
      a.subtractConstant(RCX, 1);
      a.jumpIfNotZero(loop);
      if (rows % together > 0) {
        rows(rows % together);
      }
      a.returnFromVectors();
      return a.code();
    }

    /** Some rows from RDI on, whose results go to RDX. */
    private void rows(int together) {
      chains.rows(together, RDX, 0, (chain, weight, row, column, position) ->
          a.vector(VectorOp.VFMADD231PS, chain, weight, RDI, (row * step + column + places[position]) * Float.BYTES));
    }
  }
}
