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
 * channels. 28 accumulators, two vectors of weights, and values of the input in turn.
 */
public final class PixelTiles {
  /** The neighbouring places of a run. */
  public static final int RUN = 7;

  /** The output channels of a tile. */
  public static final int COLUMNS = 32;

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
  private static final int VECTOR = VectorSet.AVX512.bytes();
  private static final int ROW_BYTES = COLUMNS * Float.BYTES;
  private static final int UNROLL = 4;
  private static final int UNROLL_SHIFT = 2;

  private static final int FIRST_WEIGHTS = 28;
  private static final int SECOND_WEIGHTS = 29;
  private static final int FIRST_VALUE = 30;

  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;
  private static final ThreadBuffer ARGUMENTS = new ThreadBuffer();

  private final MachineCode code;

  private PixelTiles(MachineCode code) {
    this.code = code;
  }

  private static final class Loaded {
    static final @Nullable MachineCode CODE = MachineCode.loadOrWarn(code(), "convolutions go without machine code");
  }

  /** The code for this machine, or null where it cannot run here. */
  public static @Nullable PixelTiles here() {
    MachineCode code = VectorSet.AVX512.canRun() ? Loaded.CODE : null;
    return code == null ? null : new PixelTiles(code);
  }

  /**
   * Computes a tile: chains of fused multiply-adds from +0 in the order of the steps.
   *
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
  public void run(int steps, MemorySegment weights, float[] x, int one, int two, MemorySegment places, MemorySegment target, long at, boolean add) {
    MemorySegment arguments = ARGUMENTS.atLeast(BLOCK);
    arguments.set(LONG, COUNT, steps);
    arguments.set(LONG, ONE, (long) one * Float.BYTES);
    arguments.set(LONG, TWO, (long) two * Float.BYTES);
    arguments.set(LONG, WEIGHTS, weights.address());
    arguments.set(LONG, PLACES, places.address());
    arguments.set(LONG, TARGET, target.address() + at);
    arguments.set(LONG, ADD, add ? 1 : 0);
    code.call(arguments, MemorySegment.ofArray(x));
  }

  static byte[] code() {
    Assembler a = new Assembler();
    a.load(RDX, RDI, TWO);
    a.add(RDX, RSI);
    a.load(RAX, RDI, ONE);
    a.add(RSI, RAX);
    a.load(RCX, RDI, WEIGHTS);
    a.load(R9, RDI, PLACES);
    for (int r = 0; r < 2 * ROWS; r++) {
      a.clear(r);
    }
    a.load(R8, RDI, COUNT);
    a.shiftRight(R8, UNROLL_SHIFT);
    steps(a, UNROLL);
    a.load(R8, RDI, COUNT);
    a.andConstant(R8, UNROLL - 1);
    steps(a, 1);
    a.load(RAX, RDI, ADD);
    a.load(RCX, RDI, TARGET);
    a.test(RAX);
    int plain = a.jumpIfZero();
    for (int r = 0; r < 2 * ROWS; r++) {
      a.vector(VectorOp.VADDPS, r, r, RCX, r * VECTOR);
    }
    a.land(plain);
    for (int r = 0; r < 2 * ROWS; r++) {
      a.vectorStore(VectorOp.STORE, r, RCX, r * VECTOR, ALL);
    }
    a.returnFromVectors();
    return a.code();
  }

  /** A loop of steps along k; their number is in R8, which is used up. */
  private static void steps(Assembler a, int unroll) {
    a.test(R8);
    int none = a.jumpIfZero();
    int loop = a.here();
    for (int u = 0; u < unroll; u++) {
      if (unroll > 1) {
        a.load(RAX, R9, (u + AHEAD) * Long.BYTES);
        a.sum(RAX, RSI, RAX);
        a.prefetchFirst(RAX, 0);
      }
      a.load(RAX, R9, u * Long.BYTES);
      a.sum(R10, RSI, RAX);
      a.sum(R11, RDX, RAX);
      a.vectorLoad(VectorOp.LOAD, FIRST_WEIGHTS, RCX, u * ROW_BYTES, ALL);
      a.vectorLoad(VectorOp.LOAD, SECOND_WEIGHTS, RCX, u * ROW_BYTES + VECTOR, ALL);
      for (int r = 0; r < ROWS; r++) {
        ProductTile.multiply(a, Numbers.SINGLES, r, FIRST_WEIGHTS, FIRST_VALUE + r / 2 % 2, r < RUN ? R10 : R11, r % RUN * Float.BYTES);
      }
    }
    a.addConstant(R9, unroll * Long.BYTES);
    a.addConstant(RCX, unroll * ROW_BYTES);
    a.subtractConstant(R8, 1);
    a.jumpIfNotZero(loop);
    a.land(none);
  }
}
