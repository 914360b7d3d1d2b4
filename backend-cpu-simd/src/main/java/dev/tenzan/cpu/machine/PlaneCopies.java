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

import java.lang.foreign.MemorySegment;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * Writes f32 planes of a convolution's input from where it lies: zeros, and runs of neighbours, or of every other element, in between. Each
 * element is read once and written once, whatever the lengths of the runs.
 */
public final class PlaneCopies {
  /** The numbers of a run: its first element in the source and in the plane, and how many elements. */
  public static final int RUN = 3;

  private static final int VECTOR = VectorSet.AVX512.bytes();
  private static final int LANES = 16;
  private static final int ZERO = 0;
  private static final int FIRST = 1;
  private static final int SECOND = 2;
  private static final int PLACES = 3;

  // Masks.
  private static final int TARGET = 1;
  private static final int LOWER = 2;
  private static final int UPPER = 3;

  private static final VectorForm FORM = new VectorForm(false, LANES);

  private final MachineCode ofNeighbours;
  private final MachineCode ofEveryOther;

  private PlaneCopies(MachineCode ofNeighbours, MachineCode ofEveryOther) {
    this.ofNeighbours = ofNeighbours;
    this.ofEveryOther = ofEveryOther;
  }

  private static final class Loaded {
    static final @Nullable PlaneCopies COPIES = load();

    private static @Nullable PlaneCopies load() {
      MachineCode neighbours = MachineCode.loadOrWarn(code(1), "planes are copied without machine code");
      MachineCode everyOther = MachineCode.loadOrWarn(code(2), "planes are copied without machine code");
      return neighbours == null || everyOther == null ? null : new PlaneCopies(neighbours, everyOther);
    }
  }

  /** The code for this machine, or null where it cannot run here. */
  public static @Nullable PlaneCopies here() {
    return VectorSet.AVX512.canRun() ? Loaded.COPIES : null;
  }

  /**
   * Writes a plane.
   *
   * @param source the input
   * @param at the byte that runs count from
   * @param runs for each run its numbers, {@link #RUN} of them
   * @param stride the distance of a run's elements in the source: 1 or 2
   * @param to receives the plane
   * @param offset the index of its first element
   * @param size its elements
   */
  public void run(MemorySegment source, long at, int[] runs, int stride, float[] to, int offset, int size) {
    (stride == 1 ? ofNeighbours : ofEveryOther)
        .call(
            source, MemorySegment.ofArray(runs), MemorySegment.ofArray(to), MemorySegment.NULL, runs.length / RUN, at,
            (long) offset * Float.BYTES, size);
  }

  static byte[] code(int stride) {
    Assembler a = new Assembler();
    a.add(RDI, R9);
    a.loadArgument(RAX, 0);
    a.add(RDX, RAX);
    a.loadArgument(R9, 1);
    a.set(RCX, -1);
    a.clear(ZERO);
    a.move(R11, RDX);
    vectors(a, () -> a.vectorStore(VectorOp.STORE, ZERO, R11, 0, ALL), 0, () -> a.vectorStore(VectorOp.STORE, ZERO, R11, 0, TARGET));
    if (stride == 2) {
      a.lanes(LaneOp.LOAD, FORM, PLACES, 0, new Source.Table(LongStream.range(0, LANES).map(l -> 2 * l < LANES ? 2 * l : 2 * l + 1).boxed().toList()));
    }
    a.test(R8);
    int none = a.jumpIfZero();
    int run = a.here();
    a.loadInt(RAX, RSI, 0);
    a.address(R10, new Source.Memory(RDI, RAX, Float.BYTES, 0));
    a.loadInt(RAX, RSI, Integer.BYTES);
    a.address(R11, new Source.Memory(RDX, RAX, Float.BYTES, 0));
    a.loadInt(R9, RSI, 2 * Integer.BYTES);
    if (stride == 1) {
      vectors(a, () -> move(a, ALL), VECTOR, () -> move(a, TARGET));
    } else {
      vectors(a, () -> everyOther(a), 2 * VECTOR, () -> lastOfEveryOther(a));
    }
    a.addConstant(RSI, RUN * Integer.BYTES);
    a.subtractConstant(R8, 1);
    a.jumpIfNotZero(run);
    a.land(none);
    a.returnFromVectors();
    return a.code();
  }

  /** Emits whole vectors of R9 elements to R11, from R10, which moves by some bytes for each, and what is left under {@link #TARGET}. */
  private static void vectors(Assembler a, Runnable whole, int step, Runnable rest) {
    a.subtractConstant(R9, LANES);
    int few = a.jumpIfLess();
    int loop = a.here();
    whole.run();
    a.addConstant(R11, VECTOR);
    if (step > 0) {
      a.addConstant(R10, step);
    }
    a.subtractConstant(R9, LANES);
    a.jumpUnlessLess(loop);
    a.land(few);
    a.addConstant(R9, LANES);
    int none = a.jumpIfZero();
    a.keepLowBits(RAX, RCX, R9);
    a.maskFromRegister(TARGET, RAX);
    rest.run();
    a.land(none);
  }

  private static void move(Assembler a, int mask) {
    a.vectorLoad(VectorOp.LOAD, FIRST, R10, 0, mask);
    a.vectorStore(VectorOp.STORE, FIRST, R11, 0, mask);
  }

  /** The second vector ends at the last element that is wanted. */
  private static void everyOther(Assembler a) {
    a.vectorLoad(VectorOp.LOAD, FIRST, R10, 0, ALL);
    a.lanes(LaneOp.PERMUTE_TWO, FORM, FIRST, PLACES, new Source.Memory(R10, VECTOR - Float.BYTES));
    a.vectorStore(VectorOp.STORE, FIRST, R11, 0, ALL);
  }

  /** R9 elements of twice as many but one, so many of which are read. */
  private static void lastOfEveryOther(Assembler a) {
    a.add(R9, R9);
    a.subtractConstant(R9, 1);
    a.keepLowBits(RAX, RCX, R9);
    a.maskFromRegister(LOWER, RAX);
    a.shiftRight(RAX, LANES - 1);
    a.maskFromRegister(UPPER, RAX);
    a.vectorLoad(VectorOp.LOAD, FIRST, R10, 0, LOWER);
    a.vectorLoad(VectorOp.LOAD, SECOND, R10, VECTOR - Float.BYTES, UPPER);
    a.lanes(LaneOp.PERMUTE_TWO, FORM, FIRST, PLACES, new Source.Register(SECOND));
    a.vectorStore(VectorOp.STORE, FIRST, R11, 0, TARGET);
  }
}
