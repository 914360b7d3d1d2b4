package dev.tenzan.cpu.loop;

import dev.tenzan.scalar.Instr;
import dev.tenzan.scalar.ReduceOp;
import dev.tenzan.type.DType;
import java.util.List;

/** Combines rows of values that lie in an array, each into one result, with generated code of its own. */
final class RowFold {
  private final CompiledLoop code;

  /** Truth values lie in arrays as the ints 0 and 1: their least is "and", their greatest "or". */
  RowFold(LoopCompiler compiler, ReduceOp op, DType type) {
    DType storage = type == DType.BOOL ? DType.I32 : type;
    ReduceOp combination = type == DType.BOOL && op != ReduceOp.MAX ? ReduceOp.MIN : op;
    this.code =
        compiler.compile(
            new LoopBody(
                List.of(new Instr.Reduced(storage)),
                List.of(new LoopBody.ToLanes(combination, 0))));
  }

  /** Combines {@code rows} rows of {@code n} values each; the results go to {@code target}. */
  void run(Frame f, Values source, int rows, int n, Values target, int to) {
    f.reducedFrom(source);
    f.redAt = 0;
    f.redStep = n;
    f.from = 0;
    f.rows = rows;
    f.n = n;
    f.resultsTo(target);
    f.at = to;
    f.atStep = 1;
    code.run(f, 0);
  }
}
