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

import dev.tenzan.cpu.ThreadBuffer;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;

/**
 * The f32 tile of a convolution whose vectors run across output channels: two runs of {@link #RUN} neighbouring places by {@link #COLUMNS}
 * channels. With AVX-512 there are 28 accumulators, two vectors of weights, and values of the input in turn. AVX2 has registers for one run and 16
 * channels at a time: 14 accumulators, a vector of weights, while the other one is read by the multiply-adds, and a value of the input. A half of a tile
 * computes the first 16 channels alone, for what has no more.
 */
public final class PixelTiles {
  /** The neighbouring places of a run. */
  public static final int RUN = 7;

  /** The output channels of a tile. */
  public static final int COLUMNS = 32;

  /** Those of half a tile. */
  public static final int HALF_COLUMNS = 16;

  /**
   * How many steps ahead the input is fetched: it is read in short pieces of many rows, which the hardware does not follow. With a stride of 2
   * there are twice as many as without, and the inputs of an image may be more than a second cache.
   */
  public static final int AHEAD = 32;

  private static final int COUNT = 0;
  private static final int ONE = 8;
  private static final int TWO = 16;
  private static final int WEIGHTS = 24;
  private static final int PLACES = 32;
  private static final int TARGET = 40;
  private static final int ADD = 48;
  private static final int BLOCK = 64;

  private static final int ROWS = 2 * RUN;
  private static final int ROW_BYTES = COLUMNS * Float.BYTES;
  private static final int UNROLL = 4;
  private static final int UNROLL_SHIFT = 2;

  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;
  private static final ThreadBuffer ARGUMENTS = new ThreadBuffer();

  private static final PerSet<PixelTiles> LOADED =
      new PerSet<>(PixelTiles::new, "convolutions go without machine code");

  private final MachineCode whole;
  private final MachineCode half;

  private PixelTiles(VectorSet set) {
    this.whole = MachineCode.load(code(set, COLUMNS));
    this.half = MachineCode.load(code(set, HALF_COLUMNS));
  }

  /** The code for this machine, or null where it cannot run here. */
  public static @Nullable PixelTiles of(VectorSet set) {
    return LOADED.of(set);
  }

  /**
   * Computes a tile: chains of fused multiply-adds from +0 in the order of the steps.
   *
   * @param columns how many of the tile's channels are computed at least; the others may be left as they are
   * @param steps how many, at least one
   * @param weights for each step the weights of all columns; aligned to 64 bytes
   * @param x the input
   * @param one the index of the first run's first place in it
   * @param two that of the second run
   * @param places for each step, as a number of 64 bits, how many bytes behind the place its value lies; {@link #AHEAD} more are read, but no value there
   * @param target receives the tile, place by place
   * @param at where it begins in it, in bytes
   * @param add whether to add the tile to what is there
   */
  public void run(int columns, int steps, MemorySegment weights, float[] x, int one, int two, MemorySegment places, MemorySegment target, long at, boolean add) {
    MemorySegment arguments = ARGUMENTS.atLeast(BLOCK);
    arguments.set(LONG, COUNT, steps);
    arguments.set(LONG, ONE, (long) one * Float.BYTES);
    arguments.set(LONG, TWO, (long) two * Float.BYTES);
    arguments.set(LONG, WEIGHTS, weights.address());
    arguments.set(LONG, PLACES, places.address());
    arguments.set(LONG, TARGET, target.address() + at);
    arguments.set(LONG, ADD, add ? 1 : 0);
    (columns > HALF_COLUMNS ? whole : half).call(arguments, MemorySegment.ofArray(x));
  }

  static byte[] code(VectorSet set, int columns) {
    Assembler a = set.assembler();
    a.load(RDX, RDI, TWO);
    a.add(RDX, RSI);
    a.load(RAX, RDI, ONE);
    a.add(RSI, RAX);
    if (set == VectorSet.AVX512) {
      new Part(a, set, 0, ROWS, 0, columns * Float.BYTES / set.bytes()).emit();
    } else {
      for (int column = 0; column < columns; column += 2 * set.bytes() / Float.BYTES) {
        new Part(a, set, 0, RUN, column, 2).emit();
        new Part(a, set, RUN, ROWS, column, 2).emit();
      }
    }
    a.returnFromVectors();
    return a.code();
  }

  /** Some places of a tile by one or two vectors of channels, from a column on. */
  private record Part(Assembler a, VectorSet set, int from, int end, int column, int vectors) {
    private int vector() {
      return set.bytes();
    }

    private int weights() {
      return vectors * (end - from);
    }

    void emit() {
      a.load(RCX, RDI, WEIGHTS);
      if (column > 0) {
        a.addConstant(RCX, column * Float.BYTES);
      }
      a.load(R9, RDI, PLACES);
      for (int r = 0; r < weights(); r++) {
        a.clear(r);
      }
      a.load(R8, RDI, COUNT);
      a.shiftRight(R8, UNROLL_SHIFT);
      steps(UNROLL);
      a.load(R8, RDI, COUNT);
      a.andConstant(R8, UNROLL - 1);
      steps(1);
      a.load(RAX, RDI, ADD);
      a.load(RCX, RDI, TARGET);
      a.test(RAX);
      int plain = a.jumpIfZero();
      for (int r = 0; r < weights(); r++) {
        a.vector(VectorOp.VADDPS, r, r, RCX, place(r));
      }
      a.land(plain);
      for (int r = 0; r < weights(); r++) {
        a.vectorStore(VectorOp.STORE, r, RCX, place(r), ALL);
      }
    }

    /** Where an accumulator's part of the tile lies. */
    private int place(int accumulator) {
      return (from + accumulator / vectors) * ROW_BYTES + column * Float.BYTES + accumulator % vectors * vector();
    }

    /** A loop of steps along k; their number is in R8, which is used up. */
    private void steps(int unroll) {
      a.test(R8);
      int none = a.jumpIfZero();
      int loop = a.here();
      for (int u = 0; u < unroll; u++) {
        if (unroll > 1 && column == 0) {
          a.load(RAX, R9, (u + AHEAD) * Long.BYTES);
          a.sum(RAX, from < RUN ? RSI : RDX, RAX);
          a.prefetchFirst(RAX, 0);
        }
        a.load(RAX, R9, u * Long.BYTES);
        if (from < RUN) {
          a.sum(R10, RSI, RAX);
        }
        if (end > RUN) {
          a.sum(R11, RDX, RAX);
        }
        step(u * ROW_BYTES);
      }
      a.addConstant(R9, unroll * Long.BYTES);
      a.addConstant(RCX, unroll * ROW_BYTES);
      a.subtractConstant(R8, 1);
      a.jumpIfNotZero(loop);
      a.land(none);
    }

    private void step(int at) {
      a.vectorLoad(VectorOp.LOAD, weights(), RCX, at, ALL);
      if (set == VectorSet.AVX512 && vectors == 2) {
        a.vectorLoad(VectorOp.LOAD, weights() + 1, RCX, at + vector(), ALL);
      }
      for (int r = 0; r < end - from; r++) {
        int base = from + r < RUN ? R10 : R11;
        int distance = (from + r) % RUN * Float.BYTES;
        if (vectors == 1) {
          a.vectorWithNumber(VectorOp.VFMADD231PS, r, weights(), base, distance);
        } else if (set == VectorSet.AVX512) {
          ProductTile.multiply(a, Numbers.SINGLES, r, weights(), weights() + 2 + r / 2 % 2, base, distance);
        } else {
          int value = weights() + 1;
          a.vectorLoad(VectorOp.BROADCAST, value, base, distance, ALL);
          a.vector(VectorOp.VFMADD231PS, 2 * r, weights(), value);
          a.vector(VectorOp.VFMADD231PS, 2 * r + 1, value, RCX, at + vector());
        }
      }
    }
  }
}
