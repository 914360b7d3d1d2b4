package dev.tenzan.cpu.machine;

import static dev.tenzan.cpu.machine.Assembler.ALL;
import static dev.tenzan.cpu.machine.Assembler.R10;
import static dev.tenzan.cpu.machine.Assembler.R11;
import static dev.tenzan.cpu.machine.Assembler.R8;
import static dev.tenzan.cpu.machine.Assembler.R9;
import static dev.tenzan.cpu.machine.Assembler.RAX;
import static dev.tenzan.cpu.machine.Assembler.RBX;
import static dev.tenzan.cpu.machine.Assembler.RCX;
import static dev.tenzan.cpu.machine.Assembler.RDI;
import static dev.tenzan.cpu.machine.Assembler.RDX;
import static dev.tenzan.cpu.machine.Assembler.RSI;

/**
 * The code of tiles of a product: accumulators of a {@link TileShape}'s rows and vectors, which hide the latency of the dot product on two
 * pipes, vectors of B, and rows of A in turn. See {@link ProductKernels} for panels and arguments.
 */
final class ProductTile {
  private static final int UNROLL_BY_STEPS = 4;
  private static final int REST = 1;

  /** The registers of numbers of A, at most. */
  private static final int A_REGISTERS = 6;

  private final VectorSet set;
  private final Numbers numbers;
  private final int rows;
  private final int vectors;
  private final int vector;
  private final int rightStep;

  /** The address of A is kept so far ahead, so that most distances are short enough for one byte. */
  private final int middle;

  private final int b0;
  private final int firstA;

  ProductTile(VectorSet set, Numbers numbers, TileShape shape) {
    this.set = set;
    this.numbers = numbers;
    this.rows = shape.rows(set);
    this.vectors = shape.vectors();
    this.vector = set.bytes();
    this.rightStep = vectors * vector;
    this.middle = rows * vector / 2;
    this.b0 = vectors * rows;
    this.firstA = b0 + vectors;
  }

  /**
   * The code of a run of tiles.
   *
   * @param left whether A's bytes are unsigned, and the first source; otherwise B's are
   * @param layout how A's panels lie
   */
  byte[] code(boolean left, ProductKernels.Layout layout) {
    Assembler a = set.assembler();
    int tile = a.here();
    a.load(RSI, RDI, ProductKernels.SOURCE);
    a.load(RDX, RDI, ProductKernels.SECOND);
    clear(a);
    a.load(RAX, RDI, ProductKernels.COUNT);
    int unroll = layout.isByRows() ? layout.steps() : UNROLL_BY_STEPS;
    a.move(R10, RAX);
    a.shiftRight(R10, Integer.numberOfTrailingZeros(unroll));
    a.addConstant(RSI, middle);
    steps(a, R10, unroll, left, layout);
    a.andConstant(RAX, unroll - 1);
    steps(a, RAX, 1, left, layout);
    if (numbers == Numbers.BYTES) {
      subtractSums(a);
    }
    finish(a, tile);
    a.returnFromVectors();
    return a.code();
  }

  /** The code of a run of tiles whose rows of A are read as they lie: every other row has a register with its address. */
  byte[] inPlace() {
    Assembler a = set.assembler();
    a.push(RBX);
    int tile = a.here();
    int[] addresses = {RSI, RCX, R8, R9, R10, R11};
    a.load(RBX, RDI, ProductKernels.SOURCE_ROW);
    a.load(RSI, RDI, ProductKernels.SOURCE);
    for (int row = 2; row < rows; row += 2) {
      a.address(addresses[row / 2], new Source.Memory(addresses[row / 2 - 1], RBX, 2, 0));
    }
    a.load(RDX, RDI, ProductKernels.SECOND);
    if (fetchesAhead()) {
      a.load(R9, RDI, ProductKernels.SOURCE_STEP);
      a.load(RAX, RDI, ProductKernels.TILES);
      a.subtractConstant(RAX, 1);
      int more = a.forward(Assembler.JNZ);
      a.load(R9, RDI, ProductKernels.NEXT_SOURCE);
      a.land(more);
      a.address(R10, new Source.Memory(R9, RBX, 1, 0));
    }
    clear(a);
    int unroll = numbers.lanes(VectorSet.AVX512);
    a.load(RAX, RDI, ProductKernels.COUNT);
    a.shiftRight(RAX, Integer.numberOfTrailingZeros(unroll));
    stepsInPlace(a, addresses, unroll);
    a.load(RAX, RDI, ProductKernels.COUNT);
    a.andConstant(RAX, unroll - 1);
    stepsInPlace(a, addresses, 1);
    finish(a, tile);
    a.pop(RBX);
    a.returnFromVectors();
    return a.code();
  }

  /**
   * Whether the rows of the next tile, or of the next call's first one, are fetched while this one is computed, a line of each for as many steps. With wide tiles there are registers left for it, and each row is read for
   * one column of tiles, so it comes from afar: 1 to 2 % of the time at 512 to 2048. For f64 it was 2 % slower.
   */
  private boolean fetchesAhead() {
    return vectors == 4 && numbers == Numbers.SINGLES;
  }

  private void stepsInPlace(Assembler a, int[] addresses, int unroll) {
    a.test(RAX);
    int none = a.jumpIfZero();
    int loop = a.here();
    for (int u = 0; u < unroll; u++) {
      loadRight(a, u);
      int at = u * numbers.groupBytes;
      for (int r = 0; r < rows; r++) {
        int value = rowRegister(r);
        if (r % 2 == 0) {
          multiplyRow(a, r, value, addresses[r / 2], at);
        } else {
          a.lanes(LaneOp.BROADCAST, form(), value, 0, new Source.Memory(addresses[r / 2], RBX, 1, at));
          multiplyRow(a, r, value);
        }
      }
      int ahead = u / 2;
      if (fetchesAhead() && unroll > 1 && u % 2 == 0 && ahead < rows) {
        a.prefetchFirst(new Source.Memory(addresses[ahead / 2], ahead % 2 == 0 ? R9 : R10, 1, 0));
      }
    }
    for (int row = 0; row < rows; row += 2) {
      a.addConstant(addresses[row / 2], unroll * numbers.groupBytes);
    }
    a.addConstant(RDX, unroll * rightStep);
    a.subtractConstant(RAX, 1);
    a.jumpIfNotZero(loop);
    a.land(none);
  }

  private void loadRight(Assembler a, int step) {
    for (int v = 0; v < vectors; v++) {
      a.vectorLoad(VectorOp.LOAD, b0 + v, RDX, step * rightStep + v * vector, ALL);
    }
  }

  /** Multiplies a row's number in a register with B's vectors. */
  private void multiplyRow(Assembler a, int row, int value) {
    for (int v = 0; v < vectors; v++) {
      a.vector(numbers.multiply, vectors * row + v, b0 + v, value);
    }
  }

  /** The same with a number in memory. Tiles of two vectors have some of the multiply-adds read it themselves. */
  private void multiplyRow(Assembler a, int row, int value, int base, int distance) {
    if (vectors == 2) {
      multiply(a, numbers, row, b0, value, base, distance);
      return;
    }
    a.vectorLoad(numbers.broadcastGroup(), value, base, distance, ALL);
    multiplyRow(a, row, value);
  }

  private VectorForm form() {
    return new VectorForm(numbers.groupBytes == Long.BYTES, numbers.lanes(set));
  }

  private void clear(Assembler a) {
    for (int r = 0; r < vectors * rows; r++) {
      a.clear(r);
    }
  }

  /** Stores or adds a tile, and goes on with the next one. */
  private void finish(Assembler a, int tile) {
    a.load(RCX, RDI, ProductKernels.TARGET);
    a.load(R8, RDI, ProductKernels.TARGET_STEP);
    a.load(R9, RDI, ProductKernels.ADD);
    a.test(R9);
    int plain = a.jumpIfZero();
    a.move(RAX, RCX);
    for (int r = 0; r < rows; r++) {
      for (int v = 0; v < vectors; v++) {
        a.vector(numbers.add, vectors * r + v, vectors * r + v, RAX, v * vector);
      }
      a.add(RAX, R8);
    }
    a.land(plain);
    for (int r = 0; r < rows; r++) {
      for (int v = 0; v < vectors; v++) {
        a.vectorStore(VectorOp.STORE, vectors * r + v, RCX, v * vector, ALL);
      }
      a.add(RCX, R8);
    }
    next(a, ProductKernels.SOURCE, ProductKernels.SOURCE_STEP);
    next(a, ProductKernels.SECOND, ProductKernels.SECOND_STEP);
    next(a, ProductKernels.TARGET, ProductKernels.NEXT_TARGET);
    a.countDown(RDI, ProductKernels.TILES);
    a.jumpIfNotZero(tile);
  }

  private static void next(Assembler a, int address, int step) {
    a.load(R10, RDI, step);
    a.addToMemory(RDI, address, R10);
  }

  private int rowRegister(int row) {
    return firstA + row % Math.min(A_REGISTERS, set.registers() - firstA);
  }

  /** A loop of steps along k; the count is in a register, which is used up. */
  private void steps(Assembler a, int count, int unroll, boolean left, ProductKernels.Layout layout) {
    a.test(count);
    int none = a.jumpIfZero();
    int loop = a.here();
    for (int u = 0; u < unroll; u++) {
      loadRight(a, u);
      for (int r = 0; r < rows; r++) {
        int at = u * layout.step() + r * layout.row() - middle;
        int row = rowRegister(r);
        if (numbers.arePlain()) {
          multiplyRow(a, r, row, RSI, at);
          continue;
        }
        a.vectorLoad(numbers.broadcastGroup(), row, RSI, at, ALL);
        for (int v = 0; v < vectors; v++) {
          // The first source's bytes are unsigned.
          a.vector(numbers.multiply, vectors * r + v, left ? row : b0 + v, left ? b0 + v : row);
        }
      }
    }
    a.addConstant(RSI, unroll == layout.steps() ? layout.block() : unroll * layout.step());
    a.addConstant(RDX, unroll * rightStep);
    a.subtractConstant(count, 1);
    a.jumpIfNotZero(loop);
    a.land(none);
  }

  /**
   * Multiplies one number with two vectors of B, and adds the products to a row's two accumulators. Every other row has the multiply-adds
   * read the number themselves: with all rows so, loads would be the limit, and with none, the number of instructions, where another thread
   * shares the core. In a small program 153 GFLOP/s, where all or none take 149 and 140. AVX2 has no such multiply-adds.
   */
  static void multiply(Assembler a, Numbers numbers, int row, int b, int value, int base, int distance) {
    if (row % 2 == 0 && a.readsNumbers()) {
      a.vectorWithNumber(numbers.multiply, 2 * row, b, base, distance);
      a.vectorWithNumber(numbers.multiply, 2 * row + 1, b + 1, base, distance);
    } else {
      a.vectorLoad(numbers.broadcastGroup(), value, base, distance, ALL);
      a.vector(numbers.multiply, 2 * row, b, value);
      a.vector(numbers.multiply, 2 * row + 1, b + 1, value);
    }
  }

  /** Takes away what A's turned bytes have added: the sums of B's columns, which follow its groups. */
  private void subtractSums(Assembler a) {
    loadRight(a, 0);
    for (int r = 0; r < vectors * rows; r++) {
      a.vector(VectorOp.VPSUBD, r, r, b0 + r % vectors);
    }
  }

  /** Rounds rows of f32 numbers to bf16, or takes the lower bytes of i32 numbers. */
  byte[] narrow() {
    Assembler a = set.assembler();
    a.load(RCX, RDI, ProductKernels.MASK);
    a.maskFromRegister(REST, RCX);
    a.load(R10, RDI, ProductKernels.ROW_COUNT);
    a.load(RSI, RDI, ProductKernels.SOURCE);
    a.load(RDX, RDI, ProductKernels.STEP);
    a.load(RCX, RDI, ProductKernels.TARGET);
    a.load(R8, RDI, ProductKernels.TARGET_STEP);
    int row = a.here();
    a.load(RAX, RDI, ProductKernels.COUNT);
    a.move(R11, RSI);
    a.move(R9, RCX);
    a.test(RAX);
    int none = a.jumpIfZero();
    int loop = a.here();
    narrow(a, ALL);
    a.addConstant(R11, vector);
    a.addConstant(R9, numbers == Numbers.HALVES ? vector / 2 : vector / 4);
    a.subtractConstant(RAX, 1);
    a.jumpIfNotZero(loop);
    a.land(none);
    a.load(RAX, RDI, ProductKernels.MASK);
    a.test(RAX);
    int whole = a.jumpIfZero();
    narrow(a, REST);
    a.land(whole);
    a.add(RSI, RDX);
    a.add(RCX, R8);
    a.subtractConstant(R10, 1);
    a.jumpIfNotZero(row);
    a.returnFromVectors();
    return a.code();
  }

  private void narrow(Assembler a, int mask) {
    a.vectorLoad(numbers == Numbers.HALVES ? VectorOp.VCVTNEPS2BF16 : VectorOp.LOAD, 0, R11, 0, mask);
    a.vectorStore(numbers == Numbers.HALVES ? VectorOp.STORE_WORDS : VectorOp.STORE_LOWER_BYTES, 0, R9, 0, mask);
  }
}
