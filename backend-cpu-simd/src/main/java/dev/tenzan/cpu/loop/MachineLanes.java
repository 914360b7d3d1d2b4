package dev.tenzan.cpu.loop;

import static dev.tenzan.cpu.machine.Assembler.ALL;
import static dev.tenzan.cpu.machine.Assembler.R11;
import static dev.tenzan.cpu.machine.Assembler.RAX;
import static dev.tenzan.cpu.machine.Assembler.RCX;
import static dev.tenzan.cpu.machine.Assembler.RDI;
import static dev.tenzan.cpu.machine.Assembler.RSI;

import dev.tenzan.cpu.machine.Assembler;
import dev.tenzan.cpu.machine.LaneOp;
import dev.tenzan.cpu.machine.Source;
import dev.tenzan.cpu.machine.VectorForm;
import dev.tenzan.cpu.machine.VectorOp;
import dev.tenzan.cpu.machine.VectorSet;
import dev.tenzan.kernel.ReductionTree;
import dev.tenzan.scalar.ReduceOp;
import dev.tenzan.type.DType;

/**
 * The part of a body's machine code that combines a row: accumulators in registers, which what is left over of the row meets lane by lane, and
 * the folds of {@link ReductionTree}. Minima and maxima of floats compare bits, for the reasons that {@link FloatExtremes} gives, but for those of f64 with AVX2.
 */
final class MachineLanes {
  /** The groups of three accumulators of a minimum or maximum of floats. */
  private static final int EXTREME_GROUPS = 2;

  /** The groups of a minimum or maximum of floats where it does not compare bits. */
  private static final int FLOAT_GROUPS = 4;

  /** The most accumulators that are in registers, and the least, in which the folds end. */
  static final int MOST = 16;

  static final int LEAST = 2;

  /** Stands for a register where an accumulator is in memory. */
  private static final int IN_MEMORY = -1;

  /** The bytes of 128 bits. */
  private static final int PART = 16;

  // Select the other half of all lanes, of each half, and so on: parts of 128 bits, then numbers within them.
  private static final int OTHER_HALF = 0x4E;
  private static final int OTHER_PART = 0xB1;
  private static final int OTHER_OF_TWO = 0x01;
  private static final int OTHER_PAIR = 0x4E;
  private static final int OTHER_NUMBER = 0xB1;

  private final MachineEmitter emitter;
  private final Assembler a;
  private final LoopBody.ToLanes out;
  private final DType type;

  /** Whether it is a minimum or maximum of floats, which may take its values in any order; and whether it compares their bits. */
  private final boolean isExtreme;

  private final boolean comparesBits;
  private final VectorForm form;

  /** The accumulators, by vector of a group; three for each where bits are compared. */
  private final int[][] accumulators;

  private final int inRegisters;

  /**
   * The combination of a body's rows.
   *
   * @param inRegisters the accumulators that are in registers at most, a power of two from {@link #LEAST} on; the others are behind the arguments
   */
  MachineLanes(MachineEmitter emitter, LoopBody.ToLanes out, VectorSet set, int inRegisters) {
    this.emitter = emitter;
    this.a = emitter.a;
    this.out = out;
    this.type = emitter.body.type(out.value());
    this.form = emitter.values.form(MachineEmitter.inArray(type));
    this.isExtreme = type.isFloat() && (out.op() == ReduceOp.MIN || out.op() == ReduceOp.MAX);
    this.comparesBits = isExtreme && (!form.wide() || set == VectorSet.AVX512); // AVX2 has no minima and maxima of integers of 64 bits
    int groups = comparesBits ? EXTREME_GROUPS : isExtreme ? FLOAT_GROUPS : ReductionTree.LANES / emitter.lanes;
    this.accumulators = new int[groups][comparesBits ? 3 : 1];
    this.inRegisters = comparesBits ? groups : Math.min(groups, inRegisters);
  }

  /** The columns of a group of vectors, each of which has accumulators of its own. */
  int group() {
    return accumulators.length * emitter.lanes;
  }

  /** How many accumulators may be in registers where these are too many; 0 where they have to be. */
  int fewer() {
    return comparesBits || inRegisters == LEAST ? 0 : inRegisters / 2;
  }

  /** The numbers of 64 bits behind the arguments that accumulators take. */
  int room() {
    return (accumulators.length - inRegisters) * emitter.lanes * form.laneBytes() / Long.BYTES;
  }

  private Source.Memory room(int group) {
    return new Source.Memory(RDI, emitter.behind() + (group - inRegisters) * emitter.lanes * form.laneBytes());
  }

  /** Takes the registers. */
  void prepare() {
    for (int g = 0; g < accumulators.length; g++) {
      for (int i = 0; i < accumulators[g].length; i++) {
        accumulators[g][i] = g < inRegisters ? emitter.values.vectors.take() : IN_MEMORY;
      }
    }
    a.set(RAX, -1);
    a.move(R11, RAX);
  }

  private void lanes(LaneOp op, int to, int first, int second, int mask) {
    a.lanes(op, form, to, first, new Source.Register(second), mask, false);
  }

  /** Emits the work of one row; the column is 0. */
  void row() {
    Source identity = new Source.Constant(out.op().identity(type));
    for (int g = 0; g < accumulators.length; g++) {
      int[] group = accumulators[g];
      for (int i = 0; i < group.length; i++) {
        if (g >= inRegisters) {
          a.lanes(LaneOp.STORE, form, accumulators[0][0], 0, room(g));
        } else if (i == 0) {
          a.lanes(LaneOp.BROADCAST, form, group[0], 0, identity);
        } else {
          lanes(LaneOp.LOAD, group[i], 0, group[0], ALL);
        }
      }
    }
    emitter.loop(MachineLoop.GROUPED, accumulators.length);
    rest();
    finish();
  }

  /** Emits what is left of a row: up to as many vectors as a group has, each with a mask of what there is. */
  private void rest() {
    int[] ends = new int[accumulators.length];
    for (int g = 0; g < accumulators.length; g++) {
      a.load(RAX, RDI, MachineEmitter.word(MachineLoop.COLUMNS));
      a.subtract(RAX, RCX);
      a.subtractConstant(RAX, g * emitter.lanes);
      ends[g] = a.jumpUnlessGreater();
      a.keepLowBits(RAX, R11, RAX);
      a.maskFromRegister(MachineValues.TAIL, RAX, emitter.wide);
      emitter.point(MachineValues.TAIL, g * emitter.lanes);
    }
    for (int end : ends) {
      a.land(end);
    }
  }

  /** Combines a vector into the accumulators of its place in the group. */
  void take(int v, int place, int mask) {
    int[] group = taken(place);
    combine(group, v, v, v, mask);
    give(place, group);
  }

  /** The registers of an accumulator; one in memory is loaded into one. */
  private int[] taken(int place) {
    if (place < inRegisters) {
      return accumulators[place];
    }
    int register = emitter.values.vectors.take();
    a.lanes(LaneOp.LOAD, form, register, 0, room(place));
    return new int[] {register};
  }

  private void give(int place, int[] group) {
    if (place >= inRegisters) {
      a.lanes(LaneOp.STORE, form, group[0], 0, room(place));
      emitter.values.vectors.free(group[0]);
    }
  }

  private void combine(int[] group, int first, int second, int third, int mask) {
    if (comparesBits) {
      lanes(LaneOp.MAX_INTEGERS, group[0], group[0], first, mask);
      lanes(LaneOp.MIN_INTEGERS, group[1], group[1], second, mask);
      lanes(LaneOp.MAX_UNSIGNED, group[2], group[2], third, mask);
    } else if (isExtreme) {
      int extreme = emitter.values.vectors.take();
      emitter.values.floats.extreme(out.op() == ReduceOp.MIN, type, extreme, group[0], new Source.Register(first));
      lanes(LaneOp.LOAD, group[0], 0, extreme, mask);
      emitter.values.vectors.free(extreme);
    } else {
      LaneOp op = MachineValues.plain(VectorPassEmitter.combination(out.op(), type), type.isFloat());
      lanes(op, group[0], group[0], first, mask);
    }
  }

  /** Folds the accumulators and their lanes, and writes the row's result. */
  private void finish() {
    for (int w = accumulators.length / 2; w > 0; w /= 2) {
      for (int g = 0; g < w; g++) {
        int[] one = taken(g);
        int[] other = taken(g + w);
        combine(one, other[0], other[other.length / 2], other[other.length - 1], ALL);
        give(g + w, other);
        give(g, one);
      }
    }
    int[] last = accumulators[0];
    int[] turned = accumulators[1];
    int parts = form.lanes() * form.laneBytes() / PART;
    if (parts > 2) {
      fold(last, turned, true, OTHER_HALF);
    }
    if (parts > 1) {
      fold(last, turned, true, parts > 2 ? OTHER_PART : OTHER_OF_TWO);
    }
    fold(last, turned, false, OTHER_PAIR);
    if (!form.wide()) {
      fold(last, turned, false, OTHER_NUMBER);
    }
    if (comparesBits) {
      select(last);
    }
    a.lanes(LaneOp.STORE_FIRST, form, last[0], 0, new Source.Memory(RSI, 0));
  }

  private void fold(int[] group, int[] turned, boolean parts, int constant) {
    for (int i = 0; i < group.length; i++) {
      Source.Register from = new Source.Register(group[i]);
      if (parts) {
        a.lanes(LaneOp.SHUFFLE_PARTS, form, turned[i], group[i], from, ALL, false, constant);
      } else {
        a.vector(VectorOp.VPSHUFD, emitter.values.halved() && !form.wide(), turned[i], from, ALL, false, constant);
      }
    }
    combine(group, turned[0], turned[turned.length / 2], turned[turned.length - 1], ALL);
  }

  /** Selects the greatest or the least float of the integers that tell it. */
  private void select(int[] group) {
    int k = emitter.values.masks.take();
    long infinity = form.wide() ? Double.doubleToRawLongBits(Double.POSITIVE_INFINITY) : Float.floatToRawIntBits(Float.POSITIVE_INFINITY);
    long negative = form.wide() ? Double.doubleToRawLongBits(Double.NEGATIVE_INFINITY) : Float.floatToRawIntBits(Float.NEGATIVE_INFINITY);
    Source nan = new Source.Constant(form.wide() ? Double.doubleToRawLongBits(Double.NaN) : Float.floatToRawIntBits(Float.NaN));
    int result = accumulators[1][0];
    int sign = out.op() == ReduceOp.MAX ? group[0] : group[2];
    a.lanes(LaneOp.SIGNS, form, k, 0, new Source.Register(sign));
    if (out.op() == ReduceOp.MAX) {
      lanes(LaneOp.BLEND, result, group[0], group[1], k);
    } else {
      lanes(LaneOp.BLEND, result, group[1], group[2], k);
    }
    a.lanes(LaneOp.COMPARE_INTEGERS, form, k, group[0], new Source.Constant(infinity), ALL, false, MachineValues.INTEGERS_GREATER);
    a.lanes(LaneOp.BROADCAST, form, result, 0, nan, k, false);
    a.lanes(LaneOp.COMPARE_UNSIGNED, form, k, group[2], new Source.Constant(negative), ALL, false, MachineValues.INTEGERS_GREATER);
    a.lanes(LaneOp.BROADCAST, form, result, 0, nan, k, false);
    lanes(LaneOp.LOAD, group[0], 0, result, ALL);
    emitter.values.masks.free(k);
  }
}
