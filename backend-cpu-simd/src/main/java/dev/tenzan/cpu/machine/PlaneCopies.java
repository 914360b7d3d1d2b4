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
import org.jspecify.annotations.Nullable;

/**
 * Writes f32 planes of a convolution's input from where it lies: zeros, and runs of neighbours, or of every other element, in between. Each
 * element is read once and written once, whatever the lengths of the runs.
 */
public final class PlaneCopies {
  /** The numbers of a run: its first element in the source and in the plane, and how many elements. */
  public static final int RUN = 3;

  private static final int ZERO = 0;
  private static final int FIRST = 1;
  private static final int SECOND = 2;
  private static final int PLACES = 3;

  private static final PerSet<PlaneCopies> LOADED =
      new PerSet<>(
          set -> new PlaneCopies(MachineCode.load(new Code(set, 1).code()), MachineCode.load(new Code(set, 2).code())),
          "planes are copied without machine code");

  private final MachineCode ofNeighbours;
  private final MachineCode ofEveryOther;

  private PlaneCopies(MachineCode ofNeighbours, MachineCode ofEveryOther) {
    this.ofNeighbours = ofNeighbours;
    this.ofEveryOther = ofEveryOther;
  }

  /** The code, or null where it cannot run here. */
  public static @Nullable PlaneCopies of(VectorSet set) {
    return LOADED.of(set);
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

  /** The code for elements so far apart. */
  private static final class Code {
    private final Assembler a;
    private final int stride;
    private final VectorForm form;

    // Masks; with AVX2 they are vectors.
    private final int target;
    private final int lower;
    private final int upper;

    Code(VectorSet set, int stride) {
      this.a = set.assembler();
      this.stride = stride;
      this.form = new VectorForm(false, set.bytes() / Float.BYTES);
      this.target = set.mask(1);
      this.lower = set.mask(2);
      this.upper = set.mask(3);
    }

    byte[] code() {
      a.add(RDI, R9);
      a.loadArgument(RAX, 0);
      a.add(RDX, RAX);
      a.loadArgument(R9, 1);
      a.set(RCX, -1);
      a.clear(ZERO);
      if (stride == 2) {
        a.everyOtherPlaces(form, PLACES);
      }
      a.move(R11, RDX);
      vectors(() -> a.vectorStore(VectorOp.STORE, ZERO, R11, 0, ALL), 0, () -> a.vectorStore(VectorOp.STORE, ZERO, R11, 0, target));
      a.test(R8);
      int none = a.jumpIfZero();
      int run = a.here();
      a.loadInt(RAX, RSI, 0);
      a.address(R10, new Source.Memory(RDI, RAX, Float.BYTES, 0));
      a.loadInt(RAX, RSI, Integer.BYTES);
      a.address(R11, new Source.Memory(RDX, RAX, Float.BYTES, 0));
      a.loadInt(R9, RSI, 2 * Integer.BYTES);
      if (stride == 1) {
        vectors(() -> move(ALL), form.bytes(), () -> move(target));
      } else {
        vectors(this::everyOther, 2 * form.bytes(), this::lastOfEveryOther);
      }
      a.addConstant(RSI, RUN * Integer.BYTES);
      a.subtractConstant(R8, 1);
      a.jumpIfNotZero(run);
      a.land(none);
      a.returnFromVectors();
      return a.code();
    }

    /** Emits whole vectors of R9 elements to R11, from R10, which moves by some bytes for each, and what is left under {@link #target}. */
    private void vectors(Runnable whole, int step, Runnable rest) {
      a.subtractConstant(R9, form.lanes());
      int few = a.jumpIfLess();
      int loop = a.here();
      whole.run();
      a.addConstant(R11, form.bytes());
      if (step > 0) {
        a.addConstant(R10, step);
      }
      a.subtractConstant(R9, form.lanes());
      a.jumpUnlessLess(loop);
      a.land(few);
      a.addConstant(R9, form.lanes());
      int none = a.jumpIfZero();
      a.keepLowBits(RAX, RCX, R9);
      a.maskFromRegister(target, RAX);
      rest.run();
      a.land(none);
    }

    private void move(int mask) {
      a.vectorLoad(VectorOp.LOAD, FIRST, R10, 0, mask);
      a.vectorStore(VectorOp.STORE, FIRST, R11, 0, mask);
    }

    /** The second vector ends at the last element that is wanted. */
    private void everyOther() {
      a.vectorLoad(VectorOp.LOAD, FIRST, R10, 0, ALL);
      a.everyOther(form, FIRST, new Source.Memory(R10, form.bytes() - Float.BYTES), PLACES);
      a.vectorStore(VectorOp.STORE, FIRST, R11, 0, ALL);
    }

    /** R9 elements of twice as many but one, so many of which are read. */
    private void lastOfEveryOther() {
      a.add(R9, R9);
      a.subtractConstant(R9, 1);
      a.keepLowBits(RAX, RCX, R9);
      a.maskFromRegister(lower, RAX);
      a.shiftRight(RAX, form.lanes() - 1);
      a.maskFromRegister(upper, RAX);
      a.vectorLoad(VectorOp.LOAD, FIRST, R10, 0, lower);
      a.vectorLoad(VectorOp.LOAD, SECOND, R10, form.bytes() - Float.BYTES, upper);
      a.everyOther(form, FIRST, new Source.Register(SECOND), PLACES);
      a.vectorStore(VectorOp.STORE, FIRST, R11, 0, target);
    }
  }
}
