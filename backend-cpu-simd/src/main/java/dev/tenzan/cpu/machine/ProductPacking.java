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

/** The code that packs up to 16 lanes of an operand: groups of two bf16 numbers or four bytes, along k. See {@link ProductKernels}. */
final class ProductPacking {
  /** What packing finds out beside. */
  enum Statistic {
    NONE,
    /** For each lane, 128 times the sum of its signed bytes. */
    SIGNED_SUM,
    /** For each lane, -128 times the sum of its unsigned bytes. */
    UNSIGNED_SUM,
    /** Of bf16 numbers, for words of a vector: the least magnitude but for zeros, as its bits less 1; -1 where all are zeros. */
    LEAST_MAGNITUDE
  }

  private static final int MAGNITUDES = 0x7fff7fff;
  private static final int HALF = 16;
  private static final int VECTOR = 64;

  private static final int GROUP = 0;
  private static final int OTHER = 1;
  private static final int FIRST_OF_SQUARE = 2;
  private static final int PLACES = 27;
  private static final int ONES = 28;
  private static final int CONSTANT = 29;
  private static final int STATISTIC = 30;
  private static final int TURNED = 31;

  private static final int LANES = 1;
  private static final int UNREAD = 2;

  private ProductPacking() {}

  /** Packs lanes that lie side by side: a step along k is a run of numbers. */
  static byte[] lanes(Numbers numbers, Statistic statistic) {
    Assembler a = new Assembler();
    begin(a, statistic);
    a.load(RDX, RDI, ProductKernels.STEP);
    int loop = a.here();
    int steps = numbers.group;
    VectorOp load = numbers.load;
    for (int step = 0; step < steps; step++) {
      int to = step == 0 ? GROUP : OTHER;
      a.vectorLoad(load, to, RSI, 0, LANES);
      a.add(RSI, RDX);
      // VDPBF16PS adds the upper half's product first, so the first step goes there. The order of bytes does not matter.
      int place = numbers == Numbers.HALVES ? steps - 1 - step : step;
      if (place > 0) {
        a.shiftLeft(to, to, place * 32 / steps);
      }
      if (step > 0) {
        a.vector(VectorOp.VPORD, GROUP, GROUP, OTHER);
      }
    }
    end(a, numbers, statistic, loop);
    return a.code();
  }

  /** Packs lanes whose steps lie side by side: each lane's group is read as it lies. */
  static byte[] steps(Numbers numbers, Statistic statistic) {
    Assembler a = new Assembler();
    begin(a, statistic);
    a.vectorLoad(VectorOp.LOAD, PLACES, RDI, ProductKernels.DISTANCES, ALL);
    int loop = a.here();
    a.copyMask(UNREAD, LANES);
    a.clear(GROUP);
    a.gather(numbers.gatherGroups(), GROUP, RSI, PLACES, UNREAD);
    a.addConstant(RSI, numbers.groupBytes);
    if (numbers == Numbers.HALVES) {
      a.rotateLeft(GROUP, GROUP, HALF);
    }
    end(a, numbers, statistic, loop);
    return a.code();
  }

  /**
   * Packs a vector of lanes whose steps lie side by side, as many steps at a time: reads vectors along the steps, and turns the square round in
   * registers. Each line of the cache is read once, where gathering reads it for each step.
   */
  static byte[] square(Numbers numbers, Statistic statistic) {
    Assembler a = new Assembler();
    begin(a, statistic);
    a.load(RDX, RDI, ProductKernels.STEP);
    int loop = a.here();
    a.move(R10, RSI);
    int[] lanes = new int[numbers.lanes()];
    for (int lane = 0; lane < lanes.length; lane++) {
      lanes[lane] = FIRST_OF_SQUARE + lane;
      a.vectorLoad(numbers.loadGroups(), lanes[lane], R10, 0, ALL);
      a.add(R10, RDX);
    }
    a.addConstant(RSI, VECTOR);
    for (int step : new Square(a, lanes, FIRST_OF_SQUARE + lanes.length).turned()) {
      if (numbers == Numbers.HALVES) {
        a.rotateLeft(step, step, HALF);
      }
      take(a, step, statistic);
      a.vectorStore(numbers.storeGroups(), step, RCX, 0, ALL);
      a.add(RCX, R8);
    }
    again(a, loop);
    return a.code();
  }

  /** Copies rows of groups, whose steps lie side by side, as vectors of rows in turn. */
  static byte[] rows(Numbers numbers, Statistic statistic) {
    Assembler a = new Assembler();
    begin(a, statistic);
    a.load(R10, RDI, ProductKernels.ROW_COUNT);
    a.load(RDX, RDI, ProductKernels.STEP);
    int row = a.here();
    a.load(RAX, RDI, ProductKernels.COUNT);
    a.move(R11, RSI);
    a.move(R9, RCX);
    a.test(RAX);
    int none = a.jumpIfZero();
    int loop = a.here();
    copy(a, numbers, statistic, ALL);
    a.addConstant(R11, VECTOR);
    a.addConstant(R9, ProductKernels.ROWS * VECTOR);
    a.subtractConstant(RAX, 1);
    a.jumpIfNotZero(loop);
    a.land(none);
    copy(a, numbers, statistic, LANES);
    a.add(RSI, RDX);
    a.add(RCX, R8);
    a.subtractConstant(R10, 1);
    a.jumpIfNotZero(row);
    a.load(R9, RDI, ProductKernels.STATISTICS);
    a.vectorStore(VectorOp.STORE, STATISTIC, R9, 0, ALL);
    a.returnFromVectors();
    return a.code();
  }

  private static void copy(Assembler a, Numbers numbers, Statistic statistic, int mask) {
    a.vectorLoad(numbers.loadGroups(), GROUP, R11, 0, mask);
    if (numbers == Numbers.HALVES) {
      a.rotateLeft(GROUP, GROUP, HALF);
    }
    take(a, GROUP, statistic);
    a.vectorStore(numbers.storeGroups(), GROUP, R9, 0, mask);
  }

  private static void begin(Assembler a, Statistic statistic) {
    if (statistic == Statistic.LEAST_MAGNITUDE) {
      a.setOnes(ONES);
      a.set(RCX, MAGNITUDES);
    } else {
      a.set(RCX, ProductKernels.HIGHEST_BITS);
    }
    a.broadcast(CONSTANT, RCX);
    a.load(RCX, RDI, ProductKernels.TURN);
    a.broadcast(TURNED, RCX);
    a.load(RCX, RDI, ProductKernels.MASK);
    a.maskFromRegister(LANES, RCX);
    a.load(RAX, RDI, ProductKernels.COUNT);
    a.load(RSI, RDI, ProductKernels.SOURCE);
    a.load(RCX, RDI, ProductKernels.TARGET);
    a.load(R8, RDI, ProductKernels.TARGET_STEP);
    a.load(R9, RDI, ProductKernels.STATISTICS);
    a.vectorLoad(VectorOp.LOAD, STATISTIC, R9, 0, ALL);
  }

  /** Takes groups into the statistic, and turns their bits. */
  private static void take(Assembler a, int groups, Statistic statistic) {
    switch (statistic) {
      case NONE -> a.vector(VectorOp.VPXORD, groups, groups, TURNED);
      case SIGNED_SUM -> a.vector(VectorOp.VPDPBUSD, STATISTIC, CONSTANT, groups);
      case UNSIGNED_SUM -> a.vector(VectorOp.VPDPBUSD, STATISTIC, groups, CONSTANT);
      case LEAST_MAGNITUDE -> {
        a.vector(VectorOp.VPANDD, OTHER, groups, CONSTANT);
        // Less 1, so that zeros are the greatest.
        a.vector(VectorOp.VPADDW, OTHER, OTHER, ONES);
        a.vector(VectorOp.VPMINUW, STATISTIC, STATISTIC, OTHER);
      }
    }
  }

  /** Stores a group of each lane, and goes on with the loop. */
  private static void end(Assembler a, Numbers numbers, Statistic statistic, int loop) {
    take(a, GROUP, statistic);
    a.vectorStore(numbers.storeGroups(), GROUP, RCX, 0, LANES);
    a.add(RCX, R8);
    again(a, loop);
  }

  /** Goes on with the loop, and then writes the statistic and returns. */
  private static void again(Assembler a, int loop) {
    a.subtractConstant(RAX, 1);
    a.jumpIfNotZero(loop);
    a.vectorStore(VectorOp.STORE, STATISTIC, R9, 0, ALL);
    a.returnFromVectors();
  }
}
