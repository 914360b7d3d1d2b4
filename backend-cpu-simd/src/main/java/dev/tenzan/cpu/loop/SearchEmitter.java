package dev.tenzan.cpu.loop;

import dev.tenzan.type.DType;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.TypeKind;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;

/**
 * Emits the search of a row of at least {@link #WINDOW} columns: counts the groups of vectors before the first with a true value, then asks
 * a window of vectors for its place. The window starts with that group, or earlier where the row would end in it; what it sees again is
 * false, so this is right for the rest of the row too.
 *
 * <p>There is no branch but the loops': C2 leaves out a branch that was never taken, and would throw its code away at the first hit.
 */
final class SearchEmitter {
  /** The columns of the window: their truth values fill a long. */
  static final int WINDOW = Long.SIZE;

  private final VectorPassEmitter pass;
  private final CodeBuilder cb;
  private final LoopBody.ToFirst out;

  /** The vectors of a group: as many as the window has, or one where the program is long. */
  private final int vectors;

  private final int limit;

  SearchEmitter(VectorPassEmitter pass, LoopBody.ToFirst out) {
    this.pass = pass;
    this.cb = pass.cb;
    this.out = out;
    int most = WINDOW / pass.lanes;
    this.vectors = most * pass.pass.varying().length <= VectorPassEmitter.LANES_IN_REGISTERS ? most : 1;
    this.limit = cb.allocateLocal(TypeKind.INT);
  }

  /** Emits the work of one row. */
  void emit() {
    int groups = countGroups();
    int bits = cb.allocateLocal(TypeKind.LONG);
    int lanes = pass.lanes;
    cb.iload(groups).loadConstant(vectors * lanes).imul();
    cb.iload(pass.n).loadConstant(WINDOW).isub();
    cb.invokestatic(ScalarOps.MATH, "min", MethodTypeDesc.of(ConstantDescs.CD_int, ConstantDescs.CD_int, ConstantDescs.CD_int));
    cb.dup().istore(pass.column).loadConstant(WINDOW).iadd().istore(limit);
    cb.lconst_0().lstore(bits);
    pass.columnLoop(
        limit,
        lanes,
        () -> {
          cb.lload(bits).loadConstant(lanes).lushr();
          cb.aload(mask());
          pass.ops.maskToLong();
          cb.loadConstant(WINDOW - lanes).lshl().lor().lstore(bits);
        });
    cb.aload(pass.resultsLocal("out", DType.BOOL)).iload(pass.at());
    cb.iload(limit).loadConstant(WINDOW).isub().lload(bits);
    cb.invokestatic(
        ConstantDescs.CD_Long, "numberOfTrailingZeros", MethodTypeDesc.of(ConstantDescs.CD_int, ConstantDescs.CD_long));
    cb.iadd().iastore();
  }

  /** Emits the loop over the whole groups; returns the local with the number of those before the first hit. */
  private int countGroups() {
    int found = cb.allocateLocal(TypeKind.INT);
    int groups = cb.allocateLocal(TypeKind.INT);
    cb.iconst_0().istore(pass.column);
    cb.iconst_0().istore(found);
    cb.iconst_0().istore(groups);
    cb.iload(pass.n).loadConstant(-vectors * pass.lanes).iand().istore(limit);
    int any = cb.allocateLocal(TypeKind.REFERENCE);
    pass.groupLoop(
        limit,
        pass.lanes,
        vectors,
        k -> {
          cb.aload(mask());
          if (k > 0) {
            cb.aload(any);
            pass.ops.maskOp("or");
          }
          if (k < vectors - 1) {
            cb.astore(any);
            return;
          }
          pass.ops.anyTrue();
          cb.iload(found).ior().istore(found);
          cb.iload(groups).iconst_1().iadd().iload(found).isub().istore(groups);
        });
    return groups;
  }

  /** Emits the current vector of truth values; returns the local with its mask. */
  private int mask() {
    pass.computeVarying();
    return pass.mask(out.value(), pass.family(out.value()));
  }
}
