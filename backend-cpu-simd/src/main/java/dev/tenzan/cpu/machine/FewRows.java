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

import dev.tenzan.kernel.MatMulKernel;
import dev.tenzan.type.DType;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Products of a few rows, X, with a large matrix of floats, which is read once, where it lies. Each result is a chain of fused multiply-adds from +0 in the order of k for each block of {@link
 * MatMulKernel#K_BLOCK} steps.
 *
 * <p>X is packed as the numbers that are computed with: as many steps as a vector has lanes, row by row, then the next ones. A single row of such numbers, side by side, need not be packed.
 */
public final class FewRows {
  // The words of all functions.
  private static final int SOURCE = 0;
  private static final int STRIDE = 1;
  private static final int X = 2;
  private static final int TARGET = 3;
  private static final int MASK = 4;

  // Of lanes that lie apart.
  private static final int ROW = 5;
  private static final int NEXT_SOURCE = 6;
  private static final int NEXT_TARGET = 7;
  private static final int NEXT_BLOCK = 8;
  private static final int GROUPS = 9;
  private static final int BLOCKS = 10;
  private static final int LAST_SQUARES = 11;
  private static final int TAIL = 12;
  private static final int ADDS = 13;
  private static final int ADDS_NEXT = 14;
  private static final int TARGET_NOW = 15;
  private static final int BLOCKS_LEFT = 16;
  private static final int TAIL_NOW = 17;
  private static final int ADDS_NOW = 18;

  // Of neighbouring lanes; packing has the first and the last.
  private static final int VECTORS = 5;
  private static final int PASSES = 6;
  private static final int SINGLE_STEPS = 7;
  private static final int HAS_TAIL = 8;

  // Of sums, beside VECTORS, HAS_TAIL and BLOCKS.
  private static final int TARGET_ROW = 9;

  private static final int WORDS = 19;

  /** The lanes or steps that one register points to, with multiples of their distance. */
  private static final int PER_BASE = 4;

  private static final int[] BASES = {RSI, R8, R10, R11};

  /** How far ahead of a square the lanes' next numbers are fetched, in bytes. */
  private static final int AHEAD = 256;

  /** The steps for which results of neighbouring lanes are loaded and stored once, at most; more are as many rows of the matrix to read at a time. */
  private static final int FEW_STEPS = 8;

  /** From so many rows on, they are as many as a vector has lanes. */
  private static final int MANY_ROWS = 5;

  private static final ThreadLocal<Words> CURRENT = Words.ofThread(WORDS);

  private static final Map<Key, PerSet<FewRows>> KNOWN = new ConcurrentHashMap<>();

  private record Key(DType storage, int rows) {}

  private final int lanes;
  private final int vectorBytes;
  private final int rows;
  private final MachineCode apart;
  private final MachineCode neighbours;
  private final MachineCode sums;
  private final MachineCode packing;

  private FewRows(VectorSet set, DType storage, int rows) {
    Code code = new Code(set, storage, rows);
    this.lanes = code.lanes;
    this.vectorBytes = set.bytes();
    this.rows = rows;
    this.apart = MachineCode.load(code.apart());
    this.neighbours = MachineCode.load(code.neighbours());
    this.sums = MachineCode.load(code.sums());
    this.packing = MachineCode.load(code.packing());
  }

  /** The most rows. */
  public static int most(VectorSet set) {
    return set == VectorSet.AVX512 ? 8 : 4;
  }

  /**
   * The code for a matrix of some type, or null where it cannot run here.
   *
   * @param storage F32, F64, F16 or BF16
   * @param rows of X, {@link #most} at most
   */
  public static @Nullable FewRows of(VectorSet set, DType storage, int rows) {
    return KNOWN.computeIfAbsent(
        new Key(storage, rows), _ -> new PerSet<>(s -> new FewRows(s, storage, rows), "products of few rows go without machine code")).of(set);
  }

  /** The lanes of a vector of the numbers that are computed with. */
  public static int lanes(VectorSet set, DType storage) {
    return set.bytes() / storage.compute().byteSize();
  }

  /** The lanes of a vector. */
  public int lanes() {
    return lanes;
  }

  /**
   * Where results go: of {@link #lanes} neighbouring lanes each row's, the same of the next lanes, and those of the next block.
   *
   * @param address of the first result
   * @param row the bytes from row to row
   * @param group the bytes from a vector of lanes to the next one
   * @param block the bytes from block to block; 0 where blocks are added to those before
   */
  public record Target(long address, long row, long group, long block) {}

  /**
   * Multiplies with lanes whose steps lie side by side.
   *
   * @param source the address of the first lane's first step
   * @param lane the bytes from lane to lane
   * @param x the address of X's first step
   * @param groups how many vectors of lanes
   * @param steps how many, from the start of a block on
   * @param adds whether the first block is added to what is there
   */
  public void lanesApart(long source, long lane, long x, Target target, long groups, long steps, boolean adds) {
    Words w = CURRENT.get();
    long[] words = w.words;
    long last = (steps - 1) % MatMulKernel.K_BLOCK + 1;
    words[SOURCE] = source;
    words[STRIDE] = lane;
    words[X] = x;
    words[TARGET] = target.address;
    words[MASK] = (1L << last % lanes) - 1;
    words[ROW] = target.row;
    words[NEXT_SOURCE] = lanes * lane;
    words[NEXT_TARGET] = target.group;
    words[NEXT_BLOCK] = target.block;
    words[GROUPS] = groups;
    words[BLOCKS] = Math.ceilDiv(steps, (long) MatMulKernel.K_BLOCK);
    words[LAST_SQUARES] = last / lanes;
    words[TAIL] = last % lanes;
    words[ADDS] = adds ? 1 : 0;
    words[ADDS_NEXT] = target.block == 0 ? 1 : 0;
    w.call(apart);
  }

  /**
   * Multiplies some steps of one block of k with lanes that are neighbours, and adds to what is there.
   *
   * @param source the address of the first step's first lane
   * @param step the bytes from step to step
   * @param x the address of X's first step
   * @param target the address of the results, which are +0 before the first steps: for each vector of lanes, those of all rows
   * @param count the lanes
   * @param blockSteps the steps; where others of the block follow, a multiple of {@link #lanes}
   */
  public void lanesTogether(long source, long step, long x, long target, long count, long blockSteps) {
    Words w = vectors(source, step, target, count);
    w.words[X] = x;
    w.words[PASSES] = blockSteps / lanes;
    w.words[SINGLE_STEPS] = blockSteps % lanes;
    w.call(neighbours);
  }

  /**
   * Packs X, of steps that lie side by side.
   *
   * @param source the address of the first row's first step
   * @param row the bytes from row to row
   * @param target the address of the packed numbers, whose steps are rounded up to whole vectors
   * @param count the steps
   */
  public void pack(long source, long row, long target, long count) {
    vectors(source, row, target, count).call(packing);
  }

  /**
   * Adds the results of blocks in order, as {@link Target} places them with all rows of a vector side by side.
   *
   * @param source the address of the first block's first result
   * @param block the bytes from block to block
   * @param blocks how many
   * @param target the address of the first sum
   * @param row the bytes from row to row of the sums, whose lanes are neighbours
   * @param count the lanes
   */
  public void sums(long source, long block, long blocks, long target, long row, long count) {
    Words w = vectors(source, block, target, count);
    w.words[BLOCKS] = blocks;
    w.words[TARGET_ROW] = row;
    w.call(sums);
  }

  /** The words of a function that goes through so many neighbours, by vectors. */
  private Words vectors(long source, long stride, long target, long count) {
    Words w = CURRENT.get();
    long[] words = w.words;
    words[SOURCE] = source;
    words[STRIDE] = stride;
    words[TARGET] = target;
    words[MASK] = (1L << count % lanes) - 1;
    words[VECTORS] = count / lanes;
    words[HAS_TAIL] = count % lanes;
    return w;
  }

  /** The bytes of the results of all rows for a vector of lanes. */
  public int groupBytes() {
    return rows * vectorBytes;
  }

  /** The rows of X. */
  public int rows() {
    return rows;
  }

  private static int word(int number) {
    return number * Long.BYTES;
  }

  /** Writes the code. */
  private static final class Code {
    private final VectorSet set;
    private final DType storage;
    private final int rows;
    private final VectorForm form;
    private final int lanes;
    private final int numberBytes;
    private final int steps;
    private final int mask;

    Code(VectorSet set, DType storage, int rows) {
      this.set = set;
      this.storage = storage;
      this.rows = rows;
      this.numberBytes = storage.compute().byteSize();
      this.lanes = FewRows.lanes(set, storage);
      this.form = new VectorForm(storage == DType.F64, lanes);
      this.steps = rows >= MANY_ROWS ? lanes : Math.min(FEW_STEPS, lanes);
      this.mask = set.mask(1);
    }

    // Lanes that lie apart: accumulators are the first registers, behind them a square and a free one.

    byte[] apart() {
      Assembler a = set.assembler();
      begin(a);
      int group = a.here();
      a.load(RSI, RDI, word(SOURCE));
      pointBases(a, lanes);
      a.load(RCX, RDI, word(X));
      copy(a, TARGET, TARGET_NOW);
      copy(a, BLOCKS, BLOCKS_LEFT);
      copy(a, ADDS, ADDS_NOW);
      a.clearRegister(RAX);
      a.store(RAX, RDI, word(TAIL_NOW));

      int block = a.here();
      for (int r = 0; r < rows; r++) {
        a.clear(r);
      }
      a.load(RAX, RDI, word(BLOCKS_LEFT));
      a.subtractConstant(RAX, 1);
      int isLast = a.jumpIfZero();
      a.set(RAX, MatMulKernel.K_BLOCK / lanes);
      int go = a.jump();
      a.land(isLast);
      copy(a, TAIL, TAIL_NOW);
      a.load(RAX, RDI, word(LAST_SQUARES));
      a.test(RAX);
      int noSquares = a.jumpIfZero();
      a.land(go);
      int again = a.here();
      square(a, ALL);
      a.subtractConstant(RAX, 1);
      a.jumpIfNotZero(again);
      a.land(noSquares);
      a.load(RAX, RDI, word(TAIL_NOW));
      a.test(RAX);
      int whole = a.jumpIfZero();
      square(a, mask);
      a.land(whole);
      storeBlock(a);
      a.countDown(RDI, word(BLOCKS_LEFT));
      a.jumpIfNotZero(block);

      move(a, NEXT_SOURCE, SOURCE);
      move(a, NEXT_TARGET, TARGET);
      a.countDown(RDI, word(GROUPS));
      a.jumpIfNotZero(group);
      a.returnFromVectors();
      return a.code();
    }

    /** Multiplies with a square of lanes and steps; of one that is not whole, TAIL_NOW has the number of steps. */
    private void square(Assembler a, int tail) {
      int[] registers = new int[lanes];
      for (int lane = 0; lane < lanes; lane++) {
        registers[lane] = rows + lane;
        load(a, registers[lane], strided(lane, 0), tail);
        a.prefetchFirst(strided(lane, AHEAD));
      }
      List<Integer> ends = new ArrayList<>();
      Square square = new Square(a, registers, rows + lanes);
      int[] turned = square.turned();
      for (int step = 0; step < lanes; step++) {
        for (int r = 0; r < rows; r++) {
          multiply(a, r, turned[step], square.free(), r * lanes + step);
        }
        if (tail != ALL) {
          a.countDown(RDI, word(TAIL_NOW));
          ends.add(a.jumpIfZero());
        }
      }
      ends.forEach(a::land);
      a.addConstant(RCX, lanes * rows * numberBytes);
      advance(a, lanes);
    }

    private void storeBlock(Assembler a) {
      a.load(RAX, RDI, word(ADDS_NOW));
      a.test(RAX);
      int first = a.jumpIfZero();
      a.load(RAX, RDI, word(TARGET_NOW));
      for (int r = 0; r < rows; r++) {
        a.lanes(LaneOp.LOAD, form, rows, 0, new Source.Memory(RAX, 0));
        a.lanes(LaneOp.ADD, form, r, rows, new Source.Register(r));
        a.addFromMemory(RAX, RDI, word(ROW));
      }
      a.land(first);
      a.load(RAX, RDI, word(TARGET_NOW));
      for (int r = 0; r < rows; r++) {
        a.lanes(LaneOp.STORE, form, r, 0, new Source.Memory(RAX, 0));
        a.addFromMemory(RAX, RDI, word(ROW));
      }
      move(a, NEXT_BLOCK, TARGET_NOW);
      copy(a, ADDS_NEXT, ADDS_NOW);
    }

    // Lanes that are neighbours: accumulators are the first registers, behind them a step's lanes, and numbers of X.

    byte[] neighbours() {
      Assembler a = set.assembler();
      a.push(RBX);
      begin(a);
      a.load(RCX, RDI, word(X));
      passes(a, PASSES, lanes);
      passes(a, SINGLE_STEPS, 1);
      a.pop(RBX);
      a.returnFromVectors();
      return a.code();
    }

    /** Goes through all lanes for so many steps at a time, or for some of them. */
    private void passes(Assembler a, int count, int stepsAtOnce) {
      a.load(RAX, RDI, word(count));
      a.test(RAX);
      int none = a.jumpIfZero();
      int again = a.here();
      int ofPass = Math.min(steps, stepsAtOnce);
      for (int step = 0; step < stepsAtOnce; step += ofPass) {
        pass(a, step, ofPass);
      }
      a.addConstant(RCX, stepsAtOnce * (stepsAtOnce == 1 ? 1 : rows) * numberBytes);
      a.countDown(RDI, word(count));
      a.jumpIfNotZero(again);
      a.land(none);
    }

    private void pass(Assembler a, int firstStep, int count) {
      a.load(RSI, RDI, word(SOURCE));
      pointBases(a, count);
      a.load(RBX, RDI, word(TARGET));
      vectors(a, tail -> vector(a, firstStep, count, tail));
      for (int s = 0; s < count; s++) {
        a.addToMemory(RDI, word(SOURCE), RDX);
      }
    }

    private void vector(Assembler a, int firstStep, int count, int tail) {
      for (int r = 0; r < rows; r++) {
        a.lanes(LaneOp.LOAD, form, r, 0, new Source.Memory(RBX, r * set.bytes()));
      }
      for (int s = 0; s < count; s++) {
        int b = rows + s % 2;
        load(a, b, strided(s, 0), tail);
        for (int r = 0; r < rows; r++) {
          multiply(a, r, b, rows + 2 + r % 2, r * lanes + firstStep + s);
        }
      }
      for (int r = 0; r < rows; r++) {
        a.lanes(LaneOp.STORE, form, r, 0, new Source.Memory(RBX, r * set.bytes()));
      }
      a.addConstant(RBX, rows * set.bytes());
      advance(a, count);
    }

    // X.

    byte[] packing() {
      Assembler a = set.assembler();
      begin(a);
      a.load(RSI, RDI, word(SOURCE));
      pointBases(a, rows);
      a.load(RCX, RDI, word(TARGET));
      vectors(
          a,
          tail -> {
            for (int r = 0; r < rows; r++) {
              load(a, r, strided(r, 0), tail);
              a.lanes(LaneOp.STORE, form, r, 0, new Source.Memory(RCX, r * set.bytes()));
            }
            a.addConstant(RCX, rows * set.bytes());
            advance(a, rows);
          });
      a.returnFromVectors();
      return a.code();
    }

    // Sums of blocks.

    byte[] sums() {
      Assembler a = set.assembler();
      begin(a);
      vectors(a, tail -> sum(a, tail));
      a.returnFromVectors();
      return a.code();
    }

    private void sum(Assembler a, int tail) {
      a.load(RSI, RDI, word(SOURCE));
      a.load(R8, RDI, word(BLOCKS));
      for (int r = 0; r < rows; r++) {
        a.lanes(LaneOp.LOAD, form, r, 0, new Source.Memory(RSI, r * set.bytes()));
      }
      int next = a.here();
      a.subtractConstant(R8, 1);
      int done = a.jumpIfZero();
      a.add(RSI, RDX);
      for (int r = 0; r < rows; r++) {
        a.lanes(LaneOp.ADD, form, r, r, new Source.Memory(RSI, r * set.bytes()));
      }
      a.jump(next);
      a.land(done);
      a.load(RCX, RDI, word(TARGET));
      for (int r = 0; r < rows; r++) {
        a.lanes(LaneOp.STORE, form, r, 0, new Source.Memory(RCX, 0), tail, false);
        a.addFromMemory(RCX, RDI, word(TARGET_ROW));
      }
      a.set(RCX, rows * set.bytes());
      a.addToMemory(RDI, word(SOURCE), RCX);
      a.set(RCX, set.bytes());
      a.addToMemory(RDI, word(TARGET), RCX);
    }

    // What they share.

    /** Goes through whole vectors, and then through what is left, under a mask. RAX counts. */
    private void vectors(Assembler a, IntConsumer body) {
      a.load(RAX, RDI, word(VECTORS));
      a.test(RAX);
      int none = a.jumpIfZero();
      int again = a.here();
      body.accept(ALL);
      a.subtractConstant(RAX, 1);
      a.jumpIfNotZero(again);
      a.land(none);
      a.load(RAX, RDI, word(HAS_TAIL));
      a.test(RAX);
      int whole = a.jumpIfZero();
      body.accept(mask);
      a.land(whole);
    }

    /** Moves on by a vector along all of some lanes or steps. */
    private void advance(Assembler a, int count) {
      for (int base = 0; base * PER_BASE < count; base++) {
        a.addConstant(BASES[base], lanes * storage.byteSize());
      }
    }

    /** Loads the mask, and the stride and its triple for {@link #strided}. */
    private void begin(Assembler a) {
      a.load(RAX, RDI, word(MASK));
      a.maskFromRegister(mask, RAX, form.wide());
      a.load(RDX, RDI, word(STRIDE));
      a.address(R9, new Source.Memory(RDX, RDX, 2, 0));
    }

    /** Points a register to each fourth of some lanes or steps, the first of which RSI points to. */
    private void pointBases(Assembler a, int count) {
      for (int base = 1; base * PER_BASE < count; base++) {
        a.address(BASES[base], new Source.Memory(BASES[base - 1], RDX, PER_BASE, 0));
      }
    }

    private static Source.Memory strided(int number, int distance) {
      int base = BASES[number / PER_BASE];
      return switch (number % PER_BASE) {
        case 0 -> new Source.Memory(base, distance);
        case 1 -> new Source.Memory(base, RDX, 1, distance);
        case 2 -> new Source.Memory(base, RDX, 2, distance);
        default -> new Source.Memory(base, R9, 1, distance);
      };
    }

    /** Loads elements of the matrix as numbers to compute with. */
    private void load(Assembler a, int to, Source.Memory from, int lanesMask) {
      switch (storage) {
        case F32, F64 -> a.lanes(LaneOp.LOAD, form, to, 0, from, lanesMask, lanesMask != ALL);
        case F16 -> a.extend(VectorOp.VCVTPH2PS, false, to, from, Short.BYTES, lanesMask);
        case BF16 -> {
          a.extend(VectorOp.VPMOVZXWD, false, to, from, Short.BYTES, lanesMask);
          a.shift(Shift.LEFT, form, to, new Source.Register(to), Short.SIZE);
        }
        default -> throw new IllegalArgumentException("no products of few rows of " + storage);
      }
    }

    /** Adds the products of a register's lanes and a number of X to an accumulator. */
    private void multiply(Assembler a, int accumulator, int register, int free, int number) {
      Source.Memory x = new Source.Memory(RCX, number * numberBytes);
      if (a.readsNumbers()) {
        a.vectorWithNumber(form.wide() ? VectorOp.VFMADD231PD : VectorOp.VFMADD231PS, accumulator, register, RCX, x.distance());
      } else {
        a.lanes(LaneOp.BROADCAST, form, free, 0, x);
        a.lanes(LaneOp.FMA231, form, accumulator, register, new Source.Register(free));
      }
    }

    private static void copy(Assembler a, int from, int to) {
      a.load(RAX, RDI, word(from));
      a.store(RAX, RDI, word(to));
    }

    /** Adds a word to another one. */
    private static void move(Assembler a, int by, int what) {
      a.load(RAX, RDI, word(by));
      a.addToMemory(RDI, word(what), RAX);
    }
  }
}
