package dev.tenzan.cpu.machine;

import static dev.tenzan.cpu.machine.Assembler.ALL;
import static dev.tenzan.cpu.machine.Assembler.R10;
import static dev.tenzan.cpu.machine.Assembler.R11;
import static dev.tenzan.cpu.machine.Assembler.R8;
import static dev.tenzan.cpu.machine.Assembler.R9;
import static dev.tenzan.cpu.machine.Assembler.RAX;
import static dev.tenzan.cpu.machine.Assembler.RCX;
import static dev.tenzan.cpu.machine.Assembler.RDI;
import static dev.tenzan.cpu.machine.Assembler.RDX;
import static dev.tenzan.cpu.machine.Assembler.RSI;

/**
 * The code of tiles of a product: 24 accumulators, which hide the latency of the dot product on two pipes, two vectors of B, and rows of
 * A in turn. See {@link ProductKernels} for panels and arguments.
 */
final class ProductTile {
  /** Vectors of f32. */
  static final VectorForm SINGLES = new VectorForm(false, 16);

  private static final int ROWS = ProductKernels.ROWS;
  private static final int UNROLL_BY_STEPS = 4;
  private static final int RIGHT_STEP = 2 * ProductKernels.VECTOR;
  private static final int VECTOR = ProductKernels.VECTOR;

  /** The address of A is kept so far ahead, so that most distances are short enough for one byte. */
  private static final int MIDDLE = ROWS * VECTOR / 2;

  private static final int B0 = 24;
  private static final int B1 = 25;
  private static final int FIRST_A = 26;
  private static final int A_REGISTERS = 6;

  private static final int REST = 1;

  private ProductTile() {}

  /**
   * The code of a run of tiles.
   *
   * @param numbers the operands
   * @param left whether A's bytes are unsigned, and the first source; otherwise B's are
   * @param layout how A's panels lie
   */
  static byte[] code(Numbers numbers, boolean left, ProductKernels.Layout layout) {
    Assembler a = new Assembler();
    a.load(R11, RDI, ProductKernels.TILES);
    int tile = a.here();
    a.load(RSI, RDI, ProductKernels.SOURCE);
    a.load(RDX, RDI, ProductKernels.SECOND);
    a.load(RCX, RDI, ProductKernels.TARGET);
    a.load(R8, RDI, ProductKernels.TARGET_STEP);
    a.load(R9, RDI, ProductKernels.ADD);
    for (int r = 0; r < 2 * ROWS; r++) {
      a.clear(r);
    }
    a.load(RAX, RDI, ProductKernels.COUNT);
    int unroll = layout.isByRows() ? layout.steps() : UNROLL_BY_STEPS;
    a.move(R10, RAX);
    a.shiftRight(R10, Integer.numberOfTrailingZeros(unroll));
    a.addConstant(RSI, MIDDLE);
    steps(a, numbers, R10, unroll, left, layout);
    a.andConstant(RAX, unroll - 1);
    steps(a, numbers, RAX, 1, left, layout);
    if (numbers == Numbers.BYTES) {
      subtractSums(a);
    }
    a.test(R9);
    int plain = a.jumpIfZero();
    a.move(RAX, RCX);
    for (int r = 0; r < ROWS; r++) {
      a.vector(numbers.add, 2 * r, 2 * r, RAX, 0);
      a.vector(numbers.add, 2 * r + 1, 2 * r + 1, RAX, VECTOR);
      a.add(RAX, R8);
    }
    a.land(plain);
    for (int r = 0; r < ROWS; r++) {
      a.vectorStore(VectorOp.STORE, 2 * r, RCX, 0, ALL);
      a.vectorStore(VectorOp.STORE, 2 * r + 1, RCX, VECTOR, ALL);
      a.add(RCX, R8);
    }
    next(a, ProductKernels.SOURCE, ProductKernels.SOURCE_STEP);
    next(a, ProductKernels.SECOND, ProductKernels.SECOND_STEP);
    next(a, ProductKernels.TARGET, ProductKernels.NEXT_TARGET);
    a.subtractConstant(R11, 1);
    a.jumpIfNotZero(tile);
    a.returnFromVectors();
    return a.code();
  }

  private static void next(Assembler a, int address, int step) {
    a.load(R10, RDI, step);
    a.addToMemory(RDI, address, R10);
  }

  private static int rowRegister(int row) {
    return FIRST_A + row % A_REGISTERS;
  }

  /** A loop of steps along k; the count is in a register, which is used up. */
  private static void steps(Assembler a, Numbers numbers, int count, int unroll, boolean left, ProductKernels.Layout layout) {
    a.test(count);
    int none = a.jumpIfZero();
    int loop = a.here();
    for (int u = 0; u < unroll; u++) {
      a.vectorLoad(VectorOp.LOAD, B0, RDX, u * RIGHT_STEP, ALL);
      a.vectorLoad(VectorOp.LOAD, B1, RDX, u * RIGHT_STEP + VECTOR, ALL);
      for (int r = 0; r < ROWS; r++) {
        int at = u * layout.step() + r * layout.row() - MIDDLE;
        int row = rowRegister(r);
        if (numbers.arePlain()) {
          multiply(a, numbers, r, B0, row, RSI, at);
          continue;
        }
        a.vectorLoad(numbers.broadcastGroup(), row, RSI, at, ALL);
        for (int half = 0; half < 2; half++) {
          // The first source's bytes are unsigned.
          a.vector(numbers.multiply, 2 * r + half, left ? row : B0 + half, left ? B0 + half : row);
        }
      }
    }
    a.addConstant(RSI, unroll == layout.steps() ? layout.block() : unroll * layout.step());
    a.addConstant(RDX, unroll * RIGHT_STEP);
    a.subtractConstant(count, 1);
    a.jumpIfNotZero(loop);
    a.land(none);
  }

  /**
   * Multiplies one number with two vectors of B, and adds the products to a row's two accumulators. Every other row has the multiply-adds
   * read the number themselves: with all rows so, loads would be the limit, and with none, the number of instructions, where another thread
   * shares the core. In a small program 153 GFLOP/s, where all or none take 149 and 140.
   */
  static void multiply(Assembler a, Numbers numbers, int row, int b, int value, int base, int distance) {
    if (row % 2 == 0) {
      a.vectorWithNumber(numbers.multiply, 2 * row, b, base, distance);
      a.vectorWithNumber(numbers.multiply, 2 * row + 1, b + 1, base, distance);
    } else {
      a.vectorLoad(numbers.broadcastGroup(), value, base, distance, ALL);
      a.vector(numbers.multiply, 2 * row, b, value);
      a.vector(numbers.multiply, 2 * row + 1, b + 1, value);
    }
  }

  /** Takes away what A's turned bytes have added: the sums of B's columns, which follow its groups. */
  private static void subtractSums(Assembler a) {
    a.vectorLoad(VectorOp.LOAD, B0, RDX, 0, ALL);
    a.vectorLoad(VectorOp.LOAD, B1, RDX, VECTOR, ALL);
    for (int r = 0; r < 2 * ROWS; r++) {
      a.vector(VectorOp.VPSUBD, r, r, B0 + r % 2);
    }
  }

  /** Rounds a run of f32 numbers to bf16, or takes the lower bytes of i32 numbers. */
  static byte[] narrow(Numbers numbers) {
    Assembler a = new Assembler();
    a.load(RCX, RDI, ProductKernels.MASK);
    a.maskFromRegister(REST, RCX);
    a.load(RAX, RDI, ProductKernels.COUNT);
    a.load(RSI, RDI, ProductKernels.SOURCE);
    a.load(RCX, RDI, ProductKernels.TARGET);
    a.test(RAX);
    int none = a.jumpIfZero();
    int loop = a.here();
    narrow(a, numbers, ALL);
    a.addConstant(RSI, VECTOR);
    a.addConstant(RCX, numbers == Numbers.HALVES ? VECTOR / 2 : VECTOR / 4);
    a.subtractConstant(RAX, 1);
    a.jumpIfNotZero(loop);
    a.land(none);
    narrow(a, numbers, REST);
    a.returnFromVectors();
    return a.code();
  }

  private static void narrow(Assembler a, Numbers numbers, int mask) {
    a.vectorLoad(numbers == Numbers.HALVES ? VectorOp.VCVTNEPS2BF16 : VectorOp.LOAD, 0, RSI, 0, mask);
    a.vectorStore(numbers == Numbers.HALVES ? VectorOp.STORE_WORDS : VectorOp.STORE_LOWER_BYTES, 0, RCX, 0, mask);
  }
}
