package dev.tenzan.cpu.machine;

import static dev.tenzan.cpu.machine.Assembler.ALL;
import static dev.tenzan.cpu.machine.Assembler.R10;
import static dev.tenzan.cpu.machine.Assembler.R11;
import static dev.tenzan.cpu.machine.Assembler.R8;
import static dev.tenzan.cpu.machine.Assembler.R9;
import static dev.tenzan.cpu.machine.Assembler.RAX;
import static dev.tenzan.cpu.machine.Assembler.RDI;
import static dev.tenzan.cpu.machine.Assembler.RDX;
import static dev.tenzan.cpu.machine.Assembler.RSI;

import dev.tenzan.kernel.MatMulKernel;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;

/**
 * Dot products of f32 planes for as many channels as a vector has lanes, whose elements lie side by side: of one plane with what another one has at some
 * shifts, in the chains of {@link MatMulKernel}. A shift has a register for its chain; a block's chain is added to its total when it is
 * whole, wherever in a row that is.
 */
public final class ChannelDots {
  /** The first two registers have a vector of the one plane, and a total. */
  private static final int VALUES = 0;

  private static final int TOTAL = 1;
  private static final int CHAINS = 2;

  private static final int BLOCK = MatMulKernel.K_BLOCK;

  private final MachineCode code;
  private final int shifts;
  private final int vector;

  private ChannelDots(MachineCode code, int shifts, int vector) {
    this.code = code;
    this.shifts = shifts;
    this.vector = vector;
  }

  /** The most shifts of one code. */
  public static int most(VectorSet set) {
    return set.registers() - CHAINS;
  }

  /**
   * Makes the code for a geometry, or null where the system gives no memory for it.
   *
   * @param shifts how far each shift is from the first place, in places; at most {@linkplain #most as many} as there are registers
   * @param length the places of a row
   * @param step how far apart the other plane's places are along a row
   * @param row how far apart its rows are, in places
   */
  public static @Nullable ChannelDots of(VectorSet set, int[] shifts, int length, int step, int row) {
    MachineCode code = MachineCode.loadOrWarn(code(set, shifts, length, step, row), "gradients of single channels' weights go without code of their own");
    return code == null ? null : new ChannelDots(code, shifts.length, set.bytes());
  }

  /** How many shifts it has. */
  public int shifts() {
    return shifts;
  }

  /** The bytes of the state that goes from one call to the next: the open block's chains, the totals, and what is left of the block. */
  public long stateBytes() {
    return 2L * shifts * vector + Long.BYTES;
  }

  /** Makes a state that nothing has been added to. */
  public void clear(MemorySegment state) {
    long chains = (long) shifts * vector;
    state.asSlice(0, chains).fill((byte) 0);
    for (long at = chains; at < 2 * chains; at += Float.BYTES) {
      // The sum of it and a block is the block, even if that is -0.
      state.set(ValueLayout.JAVA_FLOAT, at, -0.0f);
    }
    state.set(ValueLayout.JAVA_LONG, 2 * chains, BLOCK);
  }

  /**
   * Goes through some rows.
   *
   * @param moving the plane with the shifts: the first place of the first row
   * @param fixed the other one, whose rows follow each other
   * @param rows how many, at least one
   */
  public void run(MemorySegment moving, MemorySegment fixed, MemorySegment state, long rows) {
    code.call(moving, fixed, state, MemorySegment.NULL, rows, 0, 0, 0);
  }

  /** The result of a lane at a shift. */
  public float result(MemorySegment state, int shift, int lane) {
    long at = (long) shift * vector + (long) lane * Float.BYTES;
    float total = state.get(ValueLayout.JAVA_FLOAT, (long) shifts * vector + at);
    boolean open = state.get(ValueLayout.JAVA_LONG, 2L * shifts * vector) < BLOCK;
    return open ? total + state.get(ValueLayout.JAVA_FLOAT, at) : total;
  }

  private static byte[] code(VectorSet set, int[] shifts, int length, int step, int row) {
    Assembler a = set.assembler();
    int vector = set.bytes();
    int totals = shifts.length * vector;
    for (int t = 0; t < shifts.length; t++) {
      a.vectorLoad(VectorOp.LOAD, CHAINS + t, RDX, t * vector, ALL);
    }
    a.load(R11, RDX, 2 * totals);
    int nextRow = a.here();
    // Of the registers that take a constant, this is the one that is free.
    a.set(RAX, length);
    a.move(R10, RAX);
    int segment = a.here();
    // RAX: the lesser of what is left of the row and of the block.
    a.move(RAX, R10);
    a.move(R9, R11);
    a.subtract(R9, R10);
    int whole = a.jumpUnlessLess();
    a.move(RAX, R11);
    a.land(whole);
    a.subtract(R10, RAX);
    a.subtract(R11, RAX);
    int place = a.here();
    a.vectorLoad(VectorOp.LOAD, VALUES, RSI, 0, ALL);
    for (int t = 0; t < shifts.length; t++) {
      a.vector(VectorOp.VFMADD231PS, CHAINS + t, VALUES, RDI, Math.multiplyExact(shifts[t], vector));
    }
    a.addConstant(RSI, vector);
    a.addConstant(RDI, Math.multiplyExact(step, vector));
    a.subtractConstant(RAX, 1);
    a.jumpIfNotZero(place);
    a.test(R11);
    int open = a.forward(Assembler.JNZ);
    for (int t = 0; t < shifts.length; t++) {
      a.vectorLoad(VectorOp.LOAD, TOTAL, RDX, totals + t * vector, ALL);
      a.vector(VectorOp.VADDPS, TOTAL, TOTAL, CHAINS + t);
      a.vectorStore(VectorOp.STORE, TOTAL, RDX, totals + t * vector, ALL);
      a.clear(CHAINS + t);
    }
    a.addConstant(R11, BLOCK);
    a.land(open);
    a.test(R10);
    a.jumpIfNotZero(segment);
    a.addConstant(RDI, Math.multiplyExact(row - length * step, vector));
    a.subtractConstant(R8, 1);
    a.jumpIfNotZero(nextRow);
    for (int t = 0; t < shifts.length; t++) {
      a.vectorStore(VectorOp.STORE, CHAINS + t, RDX, t * vector, ALL);
    }
    a.store(R11, RDX, 2 * totals);
    a.returnFromVectors();
    return a.code();
  }
}
