package dev.tenzan.cpu.loop;

import dev.tenzan.kernel.LoopKernel;
import dev.tenzan.kernel.ReductionTree;
import dev.tenzan.scalar.Instr;
import dev.tenzan.scalar.ReduceOp;
import dev.tenzan.scalar.ScalarProgram;
import dev.tenzan.type.Affine;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Writes out a reduction over few points, such as a pooling window's, as one straight program: {@link ReductionTree} combines few values
 * in a single chain, so a loop over the outputs without a reduction gives the same bits, and has no overhead for each output.
 */
final class ShortReduction {
  private final LoopKernel kernel;
  private final List<Instr> code = new ArrayList<>();

  /** The numbers of the instructions so far: what does not depend on the reduced point is there once. */
  private final Map<Instr, Integer> known = new HashMap<>();

  private ShortReduction(LoopKernel kernel) {
    this.kernel = kernel;
  }

  /** The kernel without its reduction, or null where that would be too long a program. */
  static @Nullable LoopKernel written(LoopKernel kernel) {
    LoopKernel.Reduction reduction = kernel.reduction();
    long points = kernel.reduced().size();
    if (reduction == null || points == 0 || !ReductionTree.isSequential(points)) {
      return null;
    }
    long instructions = points * (kernel.body().size() + 1L) + kernel.epilogue().size();
    return instructions > PassPlan.VECTOR_PASS ? null : new ShortReduction(kernel).write(reduction);
  }

  private LoopKernel write(LoopKernel.Reduction reduction) {
    ReduceOp op = reduction.op();
    DType type = kernel.body().type(reduction.value());
    Shape reduced = kernel.reduced();
    int chain = add(new Instr.Const(type, op.identity(type)));
    long[] point = new long[reduced.rank()];
    for (long p = 0; p < reduced.size(); p++) {
      int[] numbers = addAll(kernel.body(), point, -1);
      chain = add(new Instr.Binary(type, op.combine(), chain, numbers[reduction.value()]));
      for (int d = point.length - 1; d >= 0 && ++point[d] == reduced.dim(d); d--) {
        point[d] = 0;
      }
    }
    int[] numbers = addAll(kernel.epilogue(), new long[0], chain);
    List<LoopKernel.Store> stores =
        kernel.stores().stream().map(s -> new LoopKernel.Store(s.slot(), s.address(), numbers[s.value()])).toList();
    return LoopKernel.map(kernel.space(), kernel.inputs(), kernel.outputs(), code, stores);
  }

  /** Adds a program at one reduced point and returns the new numbers of its values. */
  private int[] addAll(ScalarProgram program, long[] point, int result) {
    int[] numbers = new int[program.size()];
    for (int v = 0; v < numbers.length; v++) {
      numbers[v] = program.get(v) instanceof Instr.Reduced ? result : add(moved(program.get(v), point, numbers));
    }
    return numbers;
  }

  private int add(Instr instr) {
    Integer number = known.get(instr);
    if (number == null) {
      number = code.size();
      known.put(instr, number);
      code.add(instr);
    }
    return number;
  }

  private Instr moved(Instr instr, long[] point, int[] n) {
    return switch (instr) {
      case Instr.Const c -> c;
      case Instr.Reduced r -> throw new IllegalStateException("the result of a reduction in its body: " + r);
      case Instr.Load l -> new Instr.Load(l.storage(), l.slot(), at(l.address(), point));
      case Instr.Gather g ->
          new Instr.Gather(g.storage(), g.slot(), at(g.address(), point), n[g.index()], g.stride(), g.extent());
      case Instr.Index x -> new Instr.Index(at(x.value(), point));
      case Instr.Unary u -> new Instr.Unary(u.type(), u.op(), n[u.a()]);
      case Instr.Binary b -> new Instr.Binary(b.type(), b.op(), n[b.a()], n[b.b()]);
      case Instr.Ternary t -> new Instr.Ternary(t.type(), t.op(), n[t.a()], n[t.b()], n[t.c()]);
      case Instr.Convert c -> new Instr.Convert(c.type(), n[c.a()]);
      case Instr.Bitcast c -> new Instr.Bitcast(c.type(), n[c.a()]);
      case Instr.Narrow w -> new Instr.Narrow(w.storage(), n[w.a()]);
    };
  }

  /** An address at one reduced point, over the parallel dimensions alone. */
  private Affine at(Affine address, long[] point) {
    int parallel = kernel.space().rank();
    long offset = address.offset();
    for (int d = 0; d < point.length; d++) {
      offset += point[d] * address.stride(parallel + d);
    }
    return new Affine(offset, java.util.Arrays.copyOf(address.strides(), parallel));
  }
}
