package dev.tenzan.cpu.loop;

import dev.tenzan.scalar.Instr;
import dev.tenzan.scalar.ReduceOp;
import dev.tenzan.type.Affine;
import dev.tenzan.type.DType;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** Combines rows of values that lie in an array, each into one result, with generated code of its own. */
final class RowFold {
  private final DType storage;
  private final CompiledLoop code;

  /** Truth values lie in arrays as the ints 0 and 1: their least is "and", their greatest "or". */
  RowFold(LoopCompiler compiler, ReduceOp op, DType type) {
    this.storage = type == DType.BOOL ? DType.I32 : type;
    ReduceOp combination = type == DType.BOOL && op != ReduceOp.MAX ? ReduceOp.MIN : op;
    this.code =
        compiler.compile(
            new LoopBody(
                List.of(new Instr.Load(storage, 0, new Affine(0, LoopBody.UNIT))),
                List.of(new LoopBody.ToLanes(combination, 0))));
  }

  /** Combines {@code rows} rows of {@code n} values each; the results go to {@code target}. Takes the frame's addresses. */
  void run(Frame f, Values source, int rows, int n, Values target, int to) {
    f.reserve(1, 0);
    f.seg = new MemorySegment[] {segment(source)};
    f.base[0] = 0;
    f.stride = new long[] {storage.byteSize()};
    f.step = new long[] {(long) n * storage.byteSize()};
    f.from = 0;
    f.rows = rows;
    f.n = n;
    f.resultsTo(target);
    f.at = to;
    f.atStep = 1;
    code.run(f, 1);
  }

  private MemorySegment segment(Values v) {
    return switch (storage) {
      case F32 -> MemorySegment.ofArray(v.f);
      case F64 -> MemorySegment.ofArray(v.d);
      case I32 -> MemorySegment.ofArray(v.i);
      case I64 -> MemorySegment.ofArray(v.l);
      case F16, BF16, I16, I8, U8, BOOL -> throw new IllegalStateException("not a compute type: " + storage);
    };
  }
}
