package dev.tenzan.reference;

import dev.tenzan.kernel.LoopKernel;
import dev.tenzan.kernel.ReductionTree;
import dev.tenzan.scalar.Instr;
import dev.tenzan.scalar.ReduceOp;
import dev.tenzan.scalar.ScalarEval;
import dev.tenzan.scalar.ScalarOp;
import dev.tenzan.scalar.ScalarProgram;
import dev.tenzan.type.Affine;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Runs a {@link LoopKernel}: a row-major walk over the points that interprets the program at each. */
final class LoopRunner implements Runner {
  private final LoopKernel kernel;
  private final Interpreter body;
  private final Interpreter storing;
  private final List<Affine> storingAddresses;

  LoopRunner(LoopKernel kernel) {
    this.kernel = kernel;
    this.body = new Interpreter(kernel.body());
    this.storing = kernel.reduction() == null ? body : new Interpreter(kernel.epilogue());
    this.storingAddresses = new ArrayList<>(storing.addresses());
    kernel.stores().forEach(s -> storingAddresses.add(s.address()));
  }

  @Override
  public List<Access> accesses() {
    List<Access> all = new ArrayList<>();
    addLoads(kernel.body(), kernel.space().concat(kernel.reduced()), all);
    addLoads(kernel.epilogue(), kernel.space(), all);
    int inputs = kernel.inputs().size();
    for (LoopKernel.Store s : kernel.stores()) {
      all.add(Access.affine(inputs + s.slot(), kernel.outputs().get(s.slot()), s.address(), kernel.space()));
    }
    return all;
  }

  private static void addLoads(ScalarProgram program, Shape box, List<Access> all) {
    for (Instr i : program.code()) {
      if (i instanceof Instr.Load l) {
        all.add(Access.affine(l.slot(), l.storage(), l.address(), box));
      } else if (i instanceof Instr.Gather g && g.extent() > 0) {
        Access at = Access.affine(g.slot(), g.storage(), g.address(), box);
        long reach = g.stride() * (g.extent() - 1);
        all.add(
            at.last() < at.first()
                ? at
                : new Access(
                    g.slot(), g.storage(), at.first() + Math.min(0, reach), at.last() + Math.max(0, reach)));
      }
    }
  }

  @Override
  public void run(List<MemorySegment> inputs, List<MemorySegment> outputs) {
    MemorySegment[] in = inputs.toArray(new MemorySegment[0]);
    long[] registers = storing.newRegisters();
    Odometer walk = new Odometer(kernel.space(), storingAddresses);
    LoopKernel.Reduction reduction = kernel.reduction();
    Reducer reducer = reduction == null ? null : new Reducer(kernel, reduction, body, in);
    long points = kernel.space().size();
    for (long p = 0; p < points; p++) {
      if (reducer != null) {
        storing.setReduced(registers, reducer.next());
      }
      storing.run(registers, walk.values(), in);
      int address = storing.addresses().size();
      for (LoopKernel.Store s : kernel.stores()) {
        DType storage = kernel.outputs().get(s.slot());
        Elements.write(storage, outputs.get(s.slot()), walk.values()[address++], registers[s.value()]);
      }
      walk.next();
    }
  }

  /** Runs the body over the reduced dimensions and combines its values as {@link ReductionTree} says. */
  private static final class Reducer {
    private final ReduceOp op;
    private final ScalarOp combine;
    private final DType type;
    private final int value;
    private final long count;
    private final Interpreter body;
    private final MemorySegment[] inputs;
    private final long[] registers;
    private final Odometer walk;
    private final long[] lanes = new long[ReductionTree.LANES];
    private final long[] partials;

    Reducer(LoopKernel kernel, LoopKernel.Reduction reduction, Interpreter body, MemorySegment[] inputs) {
      this.op = reduction.op();
      this.combine = op.combine();
      this.type = kernel.body().type(reduction.value());
      this.value = reduction.value();
      this.count = kernel.reduced().size();
      this.body = body;
      this.inputs = inputs;
      this.registers = body.newRegisters();
      this.walk = new Odometer(kernel.space().concat(kernel.reduced()), body.addresses());
      this.partials = new long[Math.toIntExact(ReductionTree.blocks(count))];
    }

    /** The result at the next point of the space. */
    long next() {
      if (ReductionTree.isSequential(count)) {
        long r = op.identity(type);
        for (long i = 0; i < count; i++) {
          r = combine(r, nextValue());
        }
        return r;
      }
      int blocks = partials.length;
      for (int b = 0; b < blocks; b++) {
        long rest = count - (long) b * ReductionTree.BLOCK;
        partials[b] = block((int) Math.min(ReductionTree.BLOCK, rest));
      }
      for (int m = blocks; m > 1; ) {
        int half = (m + 1) / 2;
        for (int i = 0; i < m - half; i++) {
          partials[i] = combine(partials[i], partials[i + half]);
        }
        m = half;
      }
      return partials[0];
    }

    private long block(int length) {
      Arrays.fill(lanes, op.identity(type));
      for (int i = 0; i < length; i++) {
        int lane = i % ReductionTree.LANES;
        lanes[lane] = combine(lanes[lane], nextValue());
      }
      for (int w = ReductionTree.LANES / 2; w >= 1; w /= 2) {
        for (int l = 0; l < w; l++) {
          lanes[l] = combine(lanes[l], lanes[l + w]);
        }
      }
      return lanes[0];
    }

    private long nextValue() {
      body.run(registers, walk.values(), inputs);
      walk.next();
      return registers[value];
    }

    private long combine(long a, long b) {
      return ScalarEval.binary(combine, type, a, b);
    }
  }
}
