package dev.tenzan.cpu.loop;

import dev.tenzan.kernel.ReductionTree;
import dev.tenzan.scalar.ReduceOp;
import dev.tenzan.type.DType;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.classfile.TypeKind;

/**
 * Emits the combination of a row. Where the program is short enough for a copy for each accumulator, these stay in registers, and only what
 * is left over of the row meets them in memory; otherwise all of it does, which costs a load and a store for each vector.
 *
 * <p>Minima and maxima may take a value twice, and in any order. So what is left over of their rows is one more vector that ends at the last
 * column, and the lanes are folded by the Vector API, whose order is its own.
 */
final class LanesEmitter {
  private final VectorPassEmitter pass;
  private final CodeBuilder cb;
  private final VectorOps ops;
  private final LoopBody.ToLanes out;
  private final DType type;
  private final int lanes;

  /** The accumulators that the tree has. */
  private final int count;

  /** Whether the program is short enough for a copy for each accumulator. */
  private final boolean inRegisters;

  private final int limit;

  LanesEmitter(VectorPassEmitter pass, LoopBody.ToLanes out) {
    this.pass = pass;
    this.cb = pass.cb;
    this.ops = pass.ops;
    this.out = out;
    this.type = pass.body.type(out.value());
    this.lanes = pass.lanes;
    this.count = ReductionTree.LANES / lanes;
    this.inRegisters = count * pass.pass.varying().length <= VectorPassEmitter.LANES_IN_REGISTERS;
    this.limit = cb.allocateLocal(TypeKind.INT);
  }

  /** Emits the work of one row. */
  void emit() {
    cb.iconst_0().istore(pass.column);
    if (FloatExtremes.serves(out.op(), type, pass.plan)) {
      new FloatExtremes(pass, out, inRegisters).emit();
    } else if (type == DType.BOOL || out.op() == ReduceOp.MIN || out.op() == ReduceOp.MAX) {
      emitExtreme();
    } else {
      emitTree();
    }
  }

  private void emitExtreme() {
    // A maximum that lets NaN win is several instructions, each of which waits for the one before: it takes twice the chains to hide that.
    int[] accumulators = accumulate(inRegisters ? 2 * count : 1);
    foldAccumulators(accumulators);
    pass.restOfRow(limit, () -> take(accumulators[0]));
    reduceLanes(accumulators[0]);
  }

  private void emitTree() {
    Label end = cb.newLabel();
    if (inRegisters) {
      Label rest = cb.newLabel();
      int[] accumulators = accumulate(count);
      cb.iload(pass.column).iload(pass.n).if_icmplt(rest);
      finish(accumulators);
      cb.goto_(end).labelBinding(rest);
      spill(accumulators, count);
    } else {
      pass.clearLanes(out);
    }
    cb.iload(pass.n).loadConstant(-lanes).iand().istore(limit);
    pass.columnLoop(limit, lanes, this::accumulateInMemory);
    pass.columnLoop(pass.n, 1, pass::emitScalarPoint);
    finish(reload());
    cb.labelBinding(end);
  }

  /** Folds all accumulators, and writes the row's result. */
  private void finish(int[] accumulators) {
    foldAccumulators(accumulators);
    if (out.op().orderFree(type)) {
      reduceLanes(accumulators[0]);
    } else {
      spill(accumulators, 1);
      pass.foldLanes(out, lanes);
    }
  }

  /** Combines the whole periods of some accumulators, and returns the locals with these. */
  private int[] accumulate(int accumulators) {
    int[] locals = new int[accumulators];
    for (int a = 0; a < accumulators; a++) {
      ops.species(type);
      ScalarOps.constant(cb, type, out.op().identity(type));
      ops.broadcast(type);
      locals[a] = cb.allocateLocal(TypeKind.REFERENCE);
      cb.astore(locals[a]);
    }
    cb.iload(pass.n).loadConstant(-accumulators * lanes).iand().istore(limit);
    pass.groupLoop(limit, lanes, accumulators, a -> take(locals[a]));
    return locals;
  }

  /** Combines the current vector into an accumulator. */
  private void take(int accumulator) {
    pass.computeVarying();
    combine(accumulator, () -> pass.pushForArray(out.value()));
  }

  private void accumulateInMemory() {
    pass.computeVarying();
    ops.species(type);
    cb.aload(pass.lanesLocal(type));
    pass.pushLane();
    ops.fromArray(type);
    ops.binaryOperator(VectorPassEmitter.combination(out.op(), type));
    pass.pushForArray(out.value());
    ops.binary(type);
    cb.aload(pass.lanesLocal(type));
    pass.pushLane();
    ops.intoArray(type);
  }

  private void combine(int accumulator, Runnable value) {
    cb.aload(accumulator);
    ops.binaryOperator(VectorPassEmitter.combination(out.op(), type));
    value.run();
    ops.binary(type);
    cb.astore(accumulator);
  }

  /** Folds the accumulators into the first, as the tree folds lanes. */
  private void foldAccumulators(int[] accumulators) {
    for (int w = accumulators.length / 2; w > 0; w /= 2) {
      for (int a = 0; a < w; a++) {
        int other = accumulators[a + w];
        combine(accumulators[a], () -> cb.aload(other));
      }
    }
  }

  /** Writes the row's result, of an operation for which any order of the lanes will do. */
  private void reduceLanes(int accumulator) {
    cb.aload(pass.resultsLocal("out", type)).iload(pass.at()).aload(accumulator);
    ops.reduceLanes(VectorPassEmitter.combination(out.op(), type), type);
    cb.arrayStore(ScalarOps.kind(type));
  }

  /** Loads the accumulators from memory, and returns the locals with these. */
  private int[] reload() {
    int[] locals = new int[count];
    for (int a = 0; a < count; a++) {
      ops.species(type);
      cb.aload(pass.lanesLocal(type)).loadConstant(a * lanes);
      ops.fromArray(type);
      locals[a] = cb.allocateLocal(TypeKind.REFERENCE);
      cb.astore(locals[a]);
    }
    return locals;
  }

  private void spill(int[] accumulators, int many) {
    for (int a = 0; a < many; a++) {
      cb.aload(accumulators[a]).aload(pass.lanesLocal(type)).loadConstant(a * lanes);
      ops.intoArray(type);
    }
  }
}
