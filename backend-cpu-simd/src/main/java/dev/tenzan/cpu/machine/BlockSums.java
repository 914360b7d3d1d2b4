package dev.tenzan.cpu.machine;

import static dev.tenzan.cpu.machine.Assembler.ALL;
import static dev.tenzan.cpu.machine.Assembler.RAX;
import static dev.tenzan.cpu.machine.Assembler.RCX;
import static dev.tenzan.cpu.machine.Assembler.RDI;
import static dev.tenzan.cpu.machine.Assembler.RDX;
import static dev.tenzan.cpu.machine.Assembler.RSI;

import dev.tenzan.cpu.ThreadBuffer;
import dev.tenzan.kernel.ReductionTree;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;

/**
 * Sums of blocks of f32 numbers that lie in memory, in the order of {@link ReductionTree}. The hardware fetches ahead within a page of 4 KiB;
 * this asks for the numbers {@link #AHEAD} bytes ahead, for which neither Java nor the Vector API has an operation.
 */
public final class BlockSums {
  /** The blocks of one call, at most: it is over in microseconds. */
  public static final int MOST = 16;

  /** Two pages: in C, a loop that fetches so far ahead takes 0.76 of the time of one that does not. */
  private static final int AHEAD = 8192;

  private static final int COUNT = 0;
  private static final int SOURCE = 8;
  private static final int TARGET = 16;
  private static final int IDENTITY = 24;
  private static final int RESULTS = 64;

  private static final int VECTOR = 64;

  /** The vectors of the tree's lanes. */
  private static final int VECTORS = ReductionTree.LANES * Float.BYTES / VECTOR;

  private static final int SHUFFLED = 8;
  private static final int FIRST_LANE = 1;

  /** Select the upper half of what is left as the lower half: of four parts, of two, of four numbers, of two. */
  private static final byte UPPER_PARTS = 0x0E;

  private static final byte SECOND_PART = 0x01;
  private static final byte UPPER_NUMBERS = 0x0E;
  private static final byte SECOND_NUMBER = 0x01;

  private static final ThreadBuffer ARGUMENTS = new ThreadBuffer();

  private final MachineCode code;

  private BlockSums(MachineCode code) {
    this.code = code;
  }

  private static final class Loaded {
    static final @Nullable MachineCode CODE = MachineCode.loadOrWarn(code(), "large sums go without fetching ahead");
  }

  /** The code for this machine, or null where it cannot run here. */
  public static @Nullable BlockSums here() {
    MachineCode code = VectorSet.AVX512.canRun() ? Loaded.CODE : null;
    return code == null ? null : new BlockSums(code);
  }

  /**
   * Sums blocks of {@link ReductionTree#BLOCK} numbers that lie one after another.
   *
   * @param source the address of the first one
   * @param blocks at most {@link #MOST}
   * @param identity what each lane starts from
   */
  public void run(long source, int blocks, float identity, float[] target, int at) {
    MemorySegment arguments = ARGUMENTS.atLeast(RESULTS + (long) MOST * Float.BYTES);
    arguments.set(ValueLayout.JAVA_LONG, COUNT, blocks);
    arguments.set(ValueLayout.JAVA_LONG, SOURCE, source);
    arguments.set(ValueLayout.JAVA_LONG, TARGET, arguments.address() + RESULTS);
    arguments.set(ValueLayout.JAVA_FLOAT, IDENTITY, identity);
    code.call(arguments);
    MemorySegment.copy(arguments, ValueLayout.JAVA_FLOAT, RESULTS, target, at, blocks);
  }

  static byte[] code() {
    Assembler a = new Assembler();
    a.set(RAX, FIRST_LANE);
    a.maskFromRegister(FIRST_LANE, RAX);
    a.load(RAX, RDI, COUNT);
    a.load(RSI, RDI, SOURCE);
    a.load(RCX, RDI, TARGET);
    int block = a.here();
    for (int v = 0; v < VECTORS; v++) {
      a.vectorLoad(VectorOp.BROADCAST, v, RDI, IDENTITY, ALL);
    }
    a.set(RDX, ReductionTree.BLOCK / ReductionTree.LANES);
    int loop = a.here();
    for (int v = 0; v < VECTORS; v++) {
      a.prefetchFirst(RSI, AHEAD + v * VECTOR);
      a.vector(VectorOp.VADDPS, v, v, RSI, v * VECTOR);
    }
    a.addConstant(RSI, VECTORS * VECTOR);
    a.subtractConstant(RDX, 1);
    a.jumpIfNotZero(loop);
    for (int half = VECTORS / 2; half > 0; half /= 2) {
      for (int v = 0; v < half; v++) {
        a.vector(VectorOp.VADDPS, v, v, v + half);
      }
    }
    fold(a, VectorOp.VSHUFI32X4, UPPER_PARTS);
    fold(a, VectorOp.VSHUFI32X4, SECOND_PART);
    fold(a, VectorOp.VPSHUFD, UPPER_NUMBERS);
    fold(a, VectorOp.VPSHUFD, SECOND_NUMBER);
    a.vectorStore(VectorOp.STORE, 0, RCX, 0, FIRST_LANE);
    a.addConstant(RCX, Float.BYTES);
    a.subtractConstant(RAX, 1);
    a.jumpIfNotZero(block);
    a.returnFromVectors();
    return a.code();
  }

  /** Adds the upper half of the lanes that are left to the lower one. */
  private static void fold(Assembler a, VectorOp select, byte constant) {
    a.vector(select, SHUFFLED, 0, 0, constant);
    a.vector(VectorOp.VADDPS, 0, 0, SHUFFLED);
  }
}
