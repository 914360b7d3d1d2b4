package dev.tenzan.cpu;

import dev.tenzan.kernel.LoopKernel;
import dev.tenzan.kernel.ReductionTree;
import dev.tenzan.scalar.Instr;
import dev.tenzan.scalar.ReduceOp;
import dev.tenzan.scalar.ScalarEval;
import dev.tenzan.scalar.ScalarOp;
import dev.tenzan.scalar.ScalarProgram;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.util.ArrayList;
import java.util.List;

/**
 * The meaning of a {@link LoopKernel}, written as the specification reads: a buffer is an array of compute values as {@link Instr.Const}
 * holds them, and a point is visited once.
 */
final class LoopOracle {
  private LoopOracle() {}

  /** Runs a kernel; the outputs' arrays are written in place. */
  static void run(LoopKernel k, List<long[]> inputs, List<long[]> outputs) {
    for (long p = 0; p < k.space().size(); p++) {
      long[] point = index(k.space(), p);
      long[] values;
      if (k.reduction() == null) {
        values = eval(k.body(), inputs, point, 0);
      } else {
        values = eval(k.epilogue(), inputs, point, reduce(k, inputs, point));
      }
      for (LoopKernel.Store s : k.stores()) {
        outputs.get(s.slot())[(int) s.address().at(point)] = narrow(k.outputs().get(s.slot()), values[s.value()]);
      }
    }
  }

  /** What a storage type holds after a value was stored. */
  static long narrow(DType storage, long bits) {
    return ScalarEval.narrow(storage, bits);
  }

  private static long[] index(Shape shape, long p) {
    long[] index = new long[shape.rank()];
    long rest = p;
    for (int d = shape.rank() - 1; d >= 0; d--) {
      index[d] = rest % shape.dim(d);
      rest /= shape.dim(d);
    }
    return index;
  }

  private static long reduce(LoopKernel k, List<long[]> inputs, long[] point) {
    ReduceOp op = k.reduction().op();
    DType type = k.body().type(k.reduction().value());
    List<Long> values = new ArrayList<>();
    for (long q = 0; q < k.reduced().size(); q++) {
      long[] r = index(k.reduced(), q);
      long[] full = new long[point.length + r.length];
      System.arraycopy(point, 0, full, 0, point.length);
      System.arraycopy(r, 0, full, point.length, r.length);
      values.add(eval(k.body(), inputs, full, 0)[k.reduction().value()]);
    }
    return tree(op, type, values);
  }

  /** The order of {@link ReductionTree}. */
  static long tree(ReduceOp op, DType type, List<Long> values) {
    long identity = op.identity(type);
    if (values.size() < 64) {
      long r = identity;
      for (long v : values) {
        r = ScalarEval.binary(op.combine(), type, r, v);
      }
      return r;
    }
    List<Long> blocks = new ArrayList<>();
    for (int b = 0; b < values.size(); b += 4096) {
      List<Long> lanes = new ArrayList<>(java.util.Collections.nCopies(64, identity));
      for (int i = b; i < Math.min(values.size(), b + 4096); i++) {
        int l = (i - b) % 64;
        lanes.set(l, ScalarEval.binary(op.combine(), type, lanes.get(l), values.get(i)));
      }
      blocks.add(fold(op, type, lanes));
    }
    return fold(op, type, blocks);
  }

  private static long fold(ReduceOp op, DType type, List<Long> p) {
    int m = p.size();
    while (m > 1) {
      int h = (m + 1) / 2;
      for (int i = 0; i < m - h; i++) {
        p.set(i, ScalarEval.binary(op.combine(), type, p.get(i), p.get(i + h)));
      }
      m = h;
    }
    return p.getFirst();
  }

  private static long[] eval(ScalarProgram program, List<long[]> inputs, long[] point, long reduced) {
    long[] v = new long[program.size()];
    for (int i = 0; i < v.length; i++) {
      v[i] =
          switch (program.get(i)) {
            case Instr.Const c -> c.bits();
            case Instr.Load l -> inputs.get(l.slot())[(int) l.address().at(point)];
            case Instr.Gather g -> {
              if (v[g.index()] < 0 || v[g.index()] >= g.extent()) {
                throw new IndexOutOfBoundsException("gather " + v[g.index()]);
              }
              yield inputs.get(g.slot())[(int) (g.address().at(point) + v[g.index()] * g.stride())];
            }
            case Instr.Index x -> x.value().at(point);
            case Instr.Reduced _ -> reduced;
            case Instr.Unary u -> ScalarEval.unary(u.op(), u.type(), v[u.a()]);
            case Instr.Binary b -> ScalarEval.binary(b.op(), program.type(b.a()), v[b.a()], v[b.b()]);
            case Instr.Ternary t ->
                t.op() == ScalarOp.FMA
                    ? ScalarEval.fma(t.type(), v[t.a()], v[t.b()], v[t.c()])
                    : v[t.a()] != 0 ? v[t.b()] : v[t.c()];
            case Instr.Convert c -> ScalarEval.convert(program.type(c.a()), c.type(), v[c.a()]);
            case Instr.Bitcast c -> v[c.a()];
            case Instr.Narrow n -> ScalarEval.narrow(n.storage(), v[n.a()]);
          };
    }
    return v;
  }
}
