package dev.tenzan.cpu.machine;

import static dev.tenzan.cpu.machine.Assembler.ALL;

/**
 * Emits the chains of some rows of places over a window's positions: each begins with +0, takes the positions in order, and is stored. So many rows
 * are together that their chains hide each other's latency, and the weights of a small window stay in registers.
 */
final class WindowChains {
  /** The chains at once: twice four cycles' latency for two units. With three vectors to a row there are nine. */
  static final int CHAINS = 8;

  /** The vectors of a row that are computed together. */
  static final int WIDE = 4;

  /** The first register behind those of the chains. */
  static final int BEHIND = 9;

  private final Assembler a;
  private final int base;
  private final int positions;
  private final int length;
  private final int lanes;
  private final int firstKept;
  private final int weight;
  private final int tail;
  private final int kept;

  /**
   * The chains of a window.
   *
   * @param base the general register with the address of the weights
   * @param positions the positions of the window
   * @param length the places of a row
   * @param firstKept the first register for weights that stay; those up to {@code weight} are free
   * @param weight the register of other weights
   * @param tail the mask of a row's last vector of results
   */
  WindowChains(Assembler a, VectorSet set, int base, int positions, int length, int firstKept, int weight, int tail) {
    this.a = a;
    this.base = base;
    this.positions = positions;
    this.length = length;
    this.lanes = set.bytes() / Float.BYTES;
    this.firstKept = firstKept;
    this.weight = weight;
    this.tail = tail;
    this.kept = Math.min(positions, weight - firstKept);
  }

  /** Adds the products of a weight with what the lanes of a chain see. */
  interface Term {
    /**
     * Emits it.
     *
     * @param chain the register of the chain
     * @param weight the register with the weight, in all lanes
     * @param row which of the rows
     * @param column the first of the chain's places in the row
     * @param position the window's position
     */
    void add(int chain, int weight, int row, int column, int position);
  }

  /** The most rows together. */
  int together() {
    return Math.ceilDiv(CHAINS, Math.min(Math.ceilDiv(length, lanes), WIDE));
  }

  /** Sets the mask of the last vector. */
  void setTail() {
    a.constantMask(tail, (1 << (length - 1) % lanes + 1) - 1);
  }

  /** Loads the weights that stay. */
  void loadWeights() {
    for (int t = 0; t < kept; t++) {
      a.vectorLoad(VectorOp.BROADCAST, firstKept + t, base, t * Float.BYTES, ALL);
    }
  }

  /**
   * Some rows.
   *
   * @param rows how many
   * @param to a register with an address
   * @param at where the results go, in elements from there; they lie one after the other
   */
  void rows(int rows, int to, int at, Term term) {
    int vectors = Math.ceilDiv(length, lanes);
    for (int first = 0; first < vectors; first += WIDE) {
      int wide = Math.min(WIDE, vectors - first);
      int chains = rows * wide;
      for (int c = 0; c < chains; c++) {
        a.clear(c);
      }
      for (int t = 0; t < positions; t++) {
        int w = t < kept ? firstKept + t : weight;
        if (t >= kept) {
          a.vectorLoad(VectorOp.BROADCAST, w, base, t * Float.BYTES, ALL);
        }
        for (int c = 0; c < chains; c++) {
          term.add(c, w, c / wide, (first + c % wide) * lanes, t);
        }
      }
      for (int c = 0; c < chains; c++) {
        int column = (first + c % wide) * lanes;
        int bytes = (at + c / wide * length + column) * Float.BYTES;
        a.vectorStore(VectorOp.STORE, c, to, bytes, column + lanes <= length ? ALL : tail);
      }
    }
  }
}
