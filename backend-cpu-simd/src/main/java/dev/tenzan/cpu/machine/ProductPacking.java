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

import java.util.List;
import java.util.stream.IntStream;

/** The code that packs up to a vector of lanes of an operand, or all of a panel: groups of two bf16 numbers or four bytes, or single numbers, along k. See {@link ProductKernels}. */
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

  /** So many steps ahead a panel's runs are fetched: each is a line or some, and the hardware sees no row of them. */
  private static final int STEPS_AHEAD = 16;

  /** The bytes of a line of the caches. */
  private static final int LINE = 64;

  private static final int GROUP = 0;
  private static final int OTHER = 1;
  private static final int FIRST_OF_SQUARE = 2;
  private static final int LOWER_STEPS = 0;
  private static final int UPPER_STEPS = 1;
  private static final int TEMPORARY = 2;
  private static final int NEXT_GROUPS = 3;
  private static final int FIRST_LANES = 4;
  private static final int NEXT_LANES = 5;
  private static final int STATISTIC_OF_NEXT = 27;
  private static final int ONES = 28;
  private static final int CONSTANT = 29;
  private static final int STATISTIC = 30;
  private static final int TURNED = 31;

  private final VectorSet set;
  private final Numbers numbers;
  private final TileShape shape;
  private final Statistic statistic;
  private final int places;

  // Masks; with AVX2 they are vectors.
  private final int lanes;
  private final int unread;

  /** Code for a set of vector instructions; AVX2 packs plain numbers alone, of which there is nothing to find out or to turn. */
  ProductPacking(VectorSet set, Numbers numbers, TileShape shape, Statistic statistic) {
    this.set = set;
    this.numbers = numbers;
    this.shape = shape;
    this.statistic = statistic;
    this.places = set == VectorSet.AVX512 ? 27 : 13;
    this.lanes = set.mask(1);
    this.unread = set.mask(2);
  }

  /**
   * Packs lanes that lie side by side: a step along k is a run of numbers.
   *
   * @param whole whether it is for whole vectors alone; masks are dear on some processors with AVX2
   */
  byte[] lanes(boolean whole) {
    int mask = whole ? ALL : lanes;
    Assembler a = set.assembler();
    begin(a);
    a.load(RDX, RDI, ProductKernels.STEP);
    int loop = a.here();
    int steps = numbers.group;
    VectorOp load = numbers.load;
    for (int step = 0; step < steps; step++) {
      int to = step == 0 ? GROUP : OTHER;
      a.vectorLoad(load, to, RSI, 0, mask);
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
    end(a, loop, mask);
    return a.code();
  }

  /** Packs all lanes of a panel of plain numbers that lie side by side, a run of several vectors for each step along k. */
  byte[] panel() {
    Assembler a = set.assembler();
    begin(a);
    loadStep(a);
    int loop = a.here();
    for (int v = 0; v < shape.vectors(); v++) {
      a.vectorLoad(numbers.loadGroups(), v, RSI, v * set.bytes(), ALL);
      if (v * set.bytes() % LINE == 0) {
        a.prefetchFirst(new Source.Memory(RSI, R10, 1, v * set.bytes()));
      }
    }
    a.add(RSI, RDX);
    for (int v = 0; v < shape.vectors(); v++) {
      a.vectorStore(numbers.storeGroups(), v, RCX, v * set.bytes(), ALL);
    }
    a.add(RCX, R8);
    again(a, loop);
    return a.code();
  }

  /**
   * Packs all lanes of a panel of two vectors, of bf16 numbers or bytes that lie side by side. The steps of a group, two of bf16 numbers or four of bytes, are 128 bytes: two registers, of
   * which a shuffle of two sources (VPERMT2W, VPERMT2B) makes the groups of a vector of lanes.
   */
  byte[] shuffledPanel() {
    boolean halves = numbers == Numbers.HALVES;
    // Where a lane's numbers are in the two sources; the instruction for bf16 adds the upper product first.
    int first = halves ? 32 : 0x60402000;
    int next = halves ? 0x10001 : 0x01010101;
    Assembler a = set.assembler();
    begin(a);
    a.vectorLoad(VectorOp.LOAD, STATISTIC_OF_NEXT, R9, set.bytes(), ALL);
    loadStep(a);
    VectorForm groups = new VectorForm(false, numbers.lanes(set));
    for (int v = 0; v < 2; v++) {
      int of = v * groups.lanes();
      List<Long> places = IntStream.range(0, groups.lanes()).mapToObj(lane -> first + (long) (of + lane) * next).toList();
      a.lanes(LaneOp.LOAD, groups, v == 0 ? FIRST_LANES : NEXT_LANES, 0, new Source.Table(places));
    }
    VectorOp shuffle = halves ? VectorOp.VPERMT2W : VectorOp.VPERMT2B;
    int loop = a.here();
    loadSteps(a, LOWER_STEPS, halves);
    loadSteps(a, UPPER_STEPS, halves);
    a.lanes(LaneOp.LOAD, groups, NEXT_GROUPS, 0, new Source.Register(LOWER_STEPS));
    a.vector(shuffle, LOWER_STEPS, FIRST_LANES, UPPER_STEPS);
    a.vector(shuffle, NEXT_GROUPS, NEXT_LANES, UPPER_STEPS);
    take(a, LOWER_STEPS, TEMPORARY, STATISTIC);
    take(a, NEXT_GROUPS, TEMPORARY, STATISTIC_OF_NEXT);
    a.vectorStore(VectorOp.STORE, LOWER_STEPS, RCX, 0, ALL);
    a.vectorStore(VectorOp.STORE, NEXT_GROUPS, RCX, set.bytes(), ALL);
    a.add(RCX, R8);
    a.subtractConstant(RAX, 1);
    a.jumpIfNotZero(loop);
    a.vectorStore(VectorOp.STORE, STATISTIC_OF_NEXT, R9, set.bytes(), ALL);
    finish(a);
    return a.code();
  }

  /** Loads the distance of steps, and that of what is fetched ahead. */
  private static void loadStep(Assembler a) {
    a.load(RDX, RDI, ProductKernels.STEP);
    a.move(R10, RDX);
    for (int ahead = 1; ahead < STEPS_AHEAD; ahead *= 2) {
      a.add(R10, R10);
    }
  }

  /** Loads a step of 32 bf16 numbers, or two of 32 bytes, and goes on behind. */
  private static void loadSteps(Assembler a, int to, boolean halves) {
    a.prefetchFirst(new Source.Memory(RSI, R10, 1, 0));
    a.vectorLoad(halves ? VectorOp.LOAD : VectorOp.LOAD_LOWER, to, RSI, 0, ALL);
    a.add(RSI, RDX);
    if (!halves) {
      a.prefetchFirst(new Source.Memory(RSI, R10, 1, 0));
      a.insertUpper(to, RSI, 0);
      a.add(RSI, RDX);
    }
  }

  /** Packs lanes whose steps lie side by side: each lane's group is read as it lies. */
  byte[] steps() {
    Assembler a = set.assembler();
    begin(a);
    a.vectorLoad(VectorOp.LOAD, places, RDI, ProductKernels.DISTANCES, ALL);
    int loop = a.here();
    a.copyMask(unread, lanes);
    a.clear(GROUP);
    a.gather(numbers.gatherGroups(), GROUP, RSI, places, unread);
    a.addConstant(RSI, numbers.groupBytes);
    if (numbers == Numbers.HALVES) {
      a.rotateLeft(GROUP, GROUP, HALF);
    }
    end(a, loop, lanes);
    return a.code();
  }

  /**
   * Packs a vector of lanes whose steps lie side by side, as many steps at a time: reads vectors along the steps, and turns the square round in
   * registers. Each line of the cache is read once, where gathering reads it for each step.
   */
  byte[] square() {
    Assembler a = set.assembler();
    begin(a);
    a.load(RDX, RDI, ProductKernels.STEP);
    int loop = a.here();
    a.move(R10, RSI);
    int[] columns = new int[numbers.lanes(set)];
    for (int lane = 0; lane < columns.length; lane++) {
      columns[lane] = FIRST_OF_SQUARE + lane;
      a.vectorLoad(numbers.loadGroups(), columns[lane], R10, 0, ALL);
      a.add(R10, RDX);
    }
    a.addConstant(RSI, set.bytes());
    for (int step : new Square(a, columns, FIRST_OF_SQUARE + columns.length).turned()) {
      if (numbers == Numbers.HALVES) {
        a.rotateLeft(step, step, HALF);
      }
      take(a, step);
      a.vectorStore(numbers.storeGroups(), step, RCX, 0, ALL);
      a.add(RCX, R8);
    }
    again(a, loop);
    return a.code();
  }

  /** Copies rows of groups, whose steps lie side by side, as vectors of rows in turn. */
  byte[] rows() {
    Assembler a = set.assembler();
    begin(a);
    a.load(R10, RDI, ProductKernels.ROW_COUNT);
    a.load(RDX, RDI, ProductKernels.STEP);
    int row = a.here();
    a.load(RAX, RDI, ProductKernels.COUNT);
    a.move(R11, RSI);
    a.move(R9, RCX);
    a.test(RAX);
    int none = a.jumpIfZero();
    int loop = a.here();
    copy(a, ALL);
    a.addConstant(R11, set.bytes());
    a.addConstant(R9, shape.rows(set) * set.bytes());
    a.subtractConstant(RAX, 1);
    a.jumpIfNotZero(loop);
    a.land(none);
    copy(a, lanes);
    a.add(RSI, RDX);
    a.add(RCX, R8);
    a.subtractConstant(R10, 1);
    a.jumpIfNotZero(row);
    a.load(R9, RDI, ProductKernels.STATISTICS);
    finish(a);
    return a.code();
  }

  private void copy(Assembler a, int mask) {
    a.vectorLoad(numbers.loadGroups(), GROUP, R11, 0, mask);
    if (numbers == Numbers.HALVES) {
      a.rotateLeft(GROUP, GROUP, HALF);
    }
    take(a, GROUP);
    a.vectorStore(numbers.storeGroups(), GROUP, R9, 0, mask);
  }

  private void begin(Assembler a) {
    a.load(RCX, RDI, ProductKernels.MASK);
    a.maskFromRegister(lanes, RCX, numbers.groupBytes == Long.BYTES);
    a.load(RAX, RDI, ProductKernels.COUNT);
    a.load(RSI, RDI, ProductKernels.SOURCE);
    a.load(RCX, RDI, ProductKernels.TARGET);
    a.load(R8, RDI, ProductKernels.TARGET_STEP);
    if (numbers.arePlain()) {
      return;
    }
    if (statistic == Statistic.LEAST_MAGNITUDE) {
      a.setOnes(ONES);
      a.set(RDX, MAGNITUDES);
    } else {
      a.set(RDX, ProductKernels.HIGHEST_BITS);
    }
    a.broadcast(CONSTANT, RDX);
    a.load(RDX, RDI, ProductKernels.TURN);
    a.broadcast(TURNED, RDX);
    a.load(R9, RDI, ProductKernels.STATISTICS);
    a.vectorLoad(VectorOp.LOAD, STATISTIC, R9, 0, ALL);
  }

  private void take(Assembler a, int groups) {
    take(a, groups, OTHER, STATISTIC);
  }

  /** Takes groups into a statistic, or turns their bits; there is nothing to do for plain numbers. */
  private void take(Assembler a, int groups, int other, int taken) {
    if (numbers.arePlain()) {
      return;
    }
    switch (statistic) {
      case NONE -> a.vector(VectorOp.VPXORD, groups, groups, TURNED);
      case SIGNED_SUM -> a.vector(VectorOp.VPDPBUSD, taken, CONSTANT, groups);
      case UNSIGNED_SUM -> a.vector(VectorOp.VPDPBUSD, taken, groups, CONSTANT);
      case LEAST_MAGNITUDE -> {
        a.vector(VectorOp.VPANDD, other, groups, CONSTANT);
        // Less 1, so that zeros are the greatest.
        a.vector(VectorOp.VPADDW, other, other, ONES);
        a.vector(VectorOp.VPMINUW, taken, taken, other);
      }
    }
  }

  /** Stores a group of each lane, and goes on with the loop. */
  private void end(Assembler a, int loop, int mask) {
    take(a, GROUP);
    a.vectorStore(numbers.storeGroups(), GROUP, RCX, 0, mask);
    a.add(RCX, R8);
    again(a, loop);
  }

  /** Goes on with the loop, and then writes the statistic and returns. */
  private void again(Assembler a, int loop) {
    a.subtractConstant(RAX, 1);
    a.jumpIfNotZero(loop);
    finish(a);
  }

  private void finish(Assembler a) {
    if (!numbers.arePlain()) {
      a.vectorStore(VectorOp.STORE, STATISTIC, R9, 0, ALL);
    }
    a.returnFromVectors();
  }
}
