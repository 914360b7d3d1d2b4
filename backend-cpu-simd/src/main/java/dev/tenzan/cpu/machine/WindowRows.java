package dev.tenzan.cpu.machine;

import static dev.tenzan.cpu.machine.Assembler.ALL;
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
  private static final int LANES = 16;

  /** The chains at once: twice four cycles' latency for two units. */
  private static final int CHAINS = 8;

  /** The vectors of a row that are computed together. */
  private static final int WIDE = 4;

  /** The registers behind those of the chains, of which there are at most nine, that keep weights. */
  private static final int KEPT = 9;

  private static final int MOST_KEPT = 32 - KEPT - 1;
  private static final int WEIGHT = 31;
  private static final int TAIL = 1;

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
   * @param places for each position of the window how far from a place its value lies, in elements
   * @param rows how many rows of places there are
   * @param length the places of a row
   * @param step how far apart the rows are in the plane, in elements; the results lie one after the other
   */
  public static @Nullable WindowRows of(int[] places, int rows, int length, int step) {
    long vectors = Math.ceilDiv((long) length, LANES);
    if (!VectorSet.AVX512.canRun() || places.length * vectors * (CHAINS + CHAINS) > MOST * WIDE || vectors * rows * places.length == 0) {
      return null;
    }
    MachineCode code = MachineCode.loadOrWarn(code(places, rows, length, step), "a convolution of single channels goes without machine code");
    return code == null ? null : new WindowRows(code);
  }

  /**
   * Computes the rows.
   *
   * @param plane the values; up to 15 elements behind a row's last place are read
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

  static byte[] code(int[] places, int rows, int length, int step) {
    Assembler a = new Assembler();
    a.add(RSI, R8);
    a.add(RDX, R9);
    a.loadArgument(RAX, 0);
    a.add(RDI, RAX);
    a.set(RAX, (1 << (length - 1) % LANES + 1) - 1);
    a.maskFromRegister(TAIL, RAX);
    for (int t = 0; t < Math.min(places.length, MOST_KEPT); t++) {
      a.vectorLoad(VectorOp.BROADCAST, KEPT + t, RSI, t * Float.BYTES, ALL);
    }
    int vectors = (length + LANES - 1) / LANES;
    int together = Math.min(rows, Math.ceilDiv(CHAINS, Math.min(vectors, WIDE)));
    a.set(RCX, rows / together);
    int loop = a.here();
    rows(a, places, together, length, step);
    a.addConstant(RDI, together * step * Float.BYTES);
    a.addConstant(RDX, together * length * Float.BYTES);
    a.subtractConstant(RCX, 1);
    a.jumpIfNotZero(loop);
    if (rows % together > 0) {
      rows(a, places, rows % together, length, step);
    }
    a.returnFromVectors();
    return a.code();
  }

  /** Some rows from RDI on, whose results go to RDX. */
  private static void rows(Assembler a, int[] places, int rows, int length, int step) {
    for (int from = 0; from < length; from += WIDE * LANES) {
      int vectors = Math.min(WIDE, (length - from + LANES - 1) / LANES);
      for (int c = 0; c < rows * vectors; c++) {
        a.clear(c);
      }
      for (int t = 0; t < places.length; t++) {
        int weight = KEPT + t;
        if (t >= MOST_KEPT) {
          weight = WEIGHT;
          a.vectorLoad(VectorOp.BROADCAST, WEIGHT, RSI, t * Float.BYTES, ALL);
        }
        for (int c = 0; c < rows * vectors; c++) {
          int place = c / vectors * step + from + c % vectors * LANES + places[t];
          a.vector(VectorOp.VFMADD231PS, c, weight, RDI, place * Float.BYTES);
        }
      }
      for (int c = 0; c < rows * vectors; c++) {
        int column = from + c % vectors * LANES;
        int to = (c / vectors * length + column) * Float.BYTES;
        a.vectorStore(VectorOp.STORE, c, RDX, to, column + LANES <= length ? ALL : TAIL);
      }
    }
  }
}
