package dev.tenzan.cpu.loop;

import dev.tenzan.kernel.ReductionTree;
import dev.tenzan.scalar.Instr;
import dev.tenzan.scalar.ScalarOp;
import dev.tenzan.type.DType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How a {@link LoopBody} is cut into steps: generated passes, and helpers that stage what vectors do not do (strided and narrow
 * loads and stores, gathers, integer division). A body without such instructions is a single pass. Values that cross from step to
 * step lie in scratch arrays of one chunk.
 *
 * <p>Every value has a level. A pass computes the values of its level; a helper of level k runs before pass k. Values that are free
 * (row-invariant, or loaded as they are) have level 0 and are made anew in each pass that uses them.
 *
 * <p>A pass is bounded in size: HotSpot does not compile methods above 8000 bytes of bytecode, and C2 gives up on very large graphs.
 */
final class PassPlan {
  /** The most instructions of a scalar pass; about 12 bytes of bytecode each. */
  static final int SCALAR_PASS = 400;

  /** The most instructions of a vector pass. */
  static final int VECTOR_PASS = 120;

  /** One step of a chunk. */
  sealed interface Step {}

  /**
   * A generated method.
   *
   * @param number its number in the class
   * @param level its level
   * @param fixed the values to compute once for each row, in order
   * @param varying the values to compute or load at each point, in order
   * @param kept the values to write to scratch
   * @param outs the outputs to write
   */
  record Pass(int number, int level, int[] fixed, int[] varying, int[] kept, List<LoopBody.Out> outs)
      implements Step {}

  /** A value that a helper computes into its scratch array from its operands' scratch arrays. */
  record Compute(int value) implements Step {}

  /** An output that a helper writes from its value's scratch array. */
  record Write(LoopBody.ToMemory out) implements Step {}

  final LoopBody body;
  final boolean vector;
  final boolean longExtremes;
  final boolean floatExtremes;

  /** The lanes of all vectors; 1 in a scalar plan. */
  final int lanes;

  /** For each value whether it is the same at all points of a row. */
  final boolean[] fixed;

  final List<Step> steps = new ArrayList<>();

  /** For each value the number of its scratch array among those of its compute type's kind, or -1. */
  final int[] scratch;

  /** The operations for one vector of points. */
  private final int costs;

  /** The operations that a row takes beside those for its points. */
  private final int rowCosts;

  private final boolean[] helper;
  private final boolean[] kept;
  private final int[] level;
  private final int[] scratchCount = new int[4];

  /**
   * Plans a body.
   *
   * @param isa what the vectors can do, or null for scalar code
   * @param lanes the number of lanes
   */
  private PassPlan(LoopBody body, @Nullable VectorIsa isa, int lanes) {
    this.body = body;
    this.vector = isa != null;
    this.longExtremes = isa != null && isa.longExtremes();
    this.floatExtremes = isa != null && isa.floatExtremes();
    this.lanes = lanes;
    this.fixed = body.rowInvariant();
    int size = body.code().size();
    this.scratch = new int[size];
    this.helper = new boolean[size];
    this.kept = new boolean[size];
    this.level = new int[size];
    Arrays.fill(scratch, -1);
    if (isa != null) {
      chooseHelpers(isa);
    }
    buildSteps(assignLevels());
    this.costs = costs();
    this.rowCosts = rowCosts();
  }

  /** The plan for scalar code. */
  static PassPlan scalar(LoopBody body) {
    return new PassPlan(body, null, 1);
  }

  /** The plan for vectors: as many lanes as the widest type in them allows. */
  static PassPlan vector(LoopBody body, VectorIsa isa) {
    PassPlan plan = new PassPlan(body, isa, isa.bits() / 32);
    return plan.usesWideVectors() ? new PassPlan(body, isa, isa.bits() / 64) : plan;
  }

  /** Whether one pass does it all, so that it may be run over any block. */
  boolean isSinglePass() {
    return steps.size() == 1;
  }

  /** The vector operations of a block: what compiled code takes about a nanosecond each for. */
  double operations(int rows, int n) {
    return (double) rows * ((double) ((n + lanes - 1) / lanes) * costs + rowCosts);
  }

  /** A combination clears and folds its accumulators, and a search computes its window once more. */
  private int rowCosts() {
    int vectors = ReductionTree.LANES / lanes;
    int sum = 0;
    for (LoopBody.Out out : body.outs()) {
      sum +=
          switch (out) {
            case LoopBody.ToLanes _ -> 3 * vectors;
            case LoopBody.ToFirst _ -> vectors * costs;
            case LoopBody.ToMemory _, LoopBody.ToResults _, LoopBody.ToAccumulators _ -> 0;
          };
    }
    return sum;
  }

  private int costs() {
    int sum = 0;
    for (Step step : steps) {
      sum +=
          switch (step) {
            case Pass p -> p.varying().length + p.outs().size() + p.kept().length;
            case Compute _, Write _ -> lanes;
          };
    }
    return sum;
  }

  /** The number of passes. */
  int passes() {
    return (int) steps.stream().filter(s -> s instanceof Pass).count();
  }

  /** The number of scratch arrays of a compute type's {@link #kind}. */
  int scratchCount(int kind) {
    return scratchCount[kind];
  }

  /** The kind of array that holds values of a compute type: 0 F32, 1 F64, 2 I32 and BOOL, 3 I64. */
  static int kind(DType compute) {
    return switch (compute) {
      case F32 -> 0;
      case F64 -> 1;
      case I32, BOOL -> 2;
      case I64 -> 3;
      case F16, BF16, I16, I8, U8 -> throw new IllegalArgumentException("not a compute type: " + compute);
    };
  }

  /** Whether elements of a storage type are loaded and stored as they are computed with. */
  static boolean isComputeType(DType storage) {
    return storage.compute() == storage && storage != DType.BOOL;
  }

  /** Whether vectors of this plan load and store a storage type: narrow elements must fill 64 bits. */
  private boolean isVectorType(DType storage) {
    return isComputeType(storage) || lanes * storage.byteSize() * 8 >= 64;
  }

  /** Whether a pass takes the value from scratch: made by a helper, or by an earlier pass. */
  boolean fromScratch(Pass pass, int value) {
    return helper[value] || !isFree(value) && level[value] != pass.level();
  }

  /** The values that a vector pass needs as vectors, row-invariant values and constants included. */
  boolean[] asVectors(Pass pass) {
    boolean[] use = new boolean[level.length];
    for (int v : pass.varying()) {
      use[v] = true;
      if (!fromScratch(pass, v) && !(body.code().get(v) instanceof Instr.Gather)) {
        for (int operand : body.operands(v)) {
          use[operand] = true;
        }
      }
    }
    for (int v : pass.kept()) {
      use[v] = true;
    }
    for (LoopBody.Out out : pass.outs()) {
      use[out.value()] = true;
    }
    return use;
  }

  private boolean usesWideVectors() {
    for (Step step : steps) {
      if (step instanceof Pass pass) {
        boolean[] use = asVectors(pass);
        for (int v = 0; v < use.length; v++) {
          if (use[v] && body.type(v).byteSize() == 8) {
            return true;
          }
        }
      }
    }
    return false;
  }

  private void chooseHelpers(VectorIsa isa) {
    for (int v = 0; v < helper.length; v++) {
      helper[v] = !fixed[v] && !isNative(body.code().get(v), isa);
    }
    for (int v = 0; v < helper.length; v++) {
      if (helper[v]) {
        for (int operand : body.operands(v)) {
          // A load that only moves data goes straight to scratch instead of through a pass.
          helper[operand] |= !fixed[operand] && body.code().get(operand) instanceof Instr.Load;
        }
      }
    }
  }

  private boolean isNative(Instr instr, VectorIsa isa) {
    return switch (instr) {
      case Instr.Load l ->
          switch (LoopBody.move(l.address())) {
            case LoopBody.UNIT -> isVectorType(l.storage());
            case LoopBody.PAIRS -> isa.selectFromTwo() && isComputeType(l.storage());
            case LoopBody.REPEATED -> lanes / 2 * l.storage().byteSize() * 8 >= 64; // the least vector
            default -> false;
          };
      case Instr.Gather g ->
          LoopBody.move(g.address()) == LoopBody.UNIT && fixed[g.index()] && isVectorType(g.storage());
      case Instr.Binary b -> b.type().isFloat() || b.op() != ScalarOp.DIV && b.op() != ScalarOp.REM;
      case Instr.Convert c -> isa.longFloatConversions() || !isLongFloat(c.type(), body.type(c.a()));
      case Instr.Const _, Instr.Index _, Instr.Reduced _ -> true;
      case Instr.Unary _, Instr.Ternary _, Instr.Bitcast _, Instr.Narrow _ -> true;
    };
  }

  private static boolean isLongFloat(DType a, DType b) {
    return a == DType.I64 && b.isFloat() || a.isFloat() && b == DType.I64;
  }

  /** Whether a pass gets the value from row-invariant values, from memory or from the frame, so that it need not be kept. */
  private boolean isFree(int v) {
    if (fixed[v]) {
      return true;
    }
    return !helper[v]
        && switch (body.code().get(v)) {
          case Instr.Load _, Instr.Index _, Instr.Reduced _, Instr.Const _ -> true;
          case Instr.Gather _ -> vector; // a vector pass has none but those with a row-invariant index
          case Instr.Unary _, Instr.Binary _, Instr.Ternary _ -> false;
          case Instr.Convert _, Instr.Bitcast _, Instr.Narrow _ -> false;
        };
  }

  /** Gives each value its level and returns the number of levels. */
  private int assignLevels() {
    int limit = vector ? VECTOR_PASS : SCALAR_PASS;
    List<Integer> counts = new ArrayList<>();
    int last = 0;
    for (int v = 0; v < level.length; v++) {
      if (isFree(v)) {
        continue;
      }
      int at = 0;
      for (int operand : body.operands(v)) {
        // A helper finds its operands in scratch, where an earlier pass or helper has put them.
        boolean later = helper[v] && !helper[operand];
        at = Math.max(at, later ? level[operand] + 1 : level[operand]);
      }
      if (!helper[v]) {
        while (at < counts.size() && counts.get(at) >= limit) {
          at++;
        }
        while (counts.size() <= at) {
          counts.add(0);
        }
        counts.set(at, counts.get(at) + 1);
      }
      level[v] = at;
      last = Math.max(last, at);
    }
    return last + 1;
  }

  private void buildSteps(int levels) {
    List<List<LoopBody.Out>> outs = new ArrayList<>();
    for (int p = 0; p < levels; p++) {
      outs.add(new ArrayList<>());
    }
    List<Write> writes = new ArrayList<>();
    for (LoopBody.Out out : body.outs()) {
      if (vector && out instanceof LoopBody.ToMemory m && !isVectorStore(m)) {
        writes.add(new Write(m));
        kept[m.value()] = true;
      } else {
        outs.get(level[out.value()]).add(out);
      }
    }
    for (int v = 0; v < level.length; v++) {
      if (helper[v]) {
        for (int operand : body.operands(v)) {
          kept[operand] = true;
        }
      }
    }
    boolean[][] needs = new boolean[levels][];
    for (int p = levels - 1; p >= 0; p--) {
      needs[p] = needed(p, outs.get(p));
      for (int v = 0; v < level.length; v++) {
        kept[v] |= needs[p][v] && !isFree(v) && level[v] < p;
      }
    }
    for (int v = 0; v < level.length; v++) {
      if (kept[v] || helper[v]) {
        scratch[v] = scratchCount[kind(body.type(v))]++;
      }
    }
    int number = 0;
    for (int p = 0; p < levels; p++) {
      for (int v = 0; v < level.length; v++) {
        if (helper[v] && level[v] == p) {
          steps.add(new Compute(v));
        }
      }
      Pass pass = pass(number, p, needs[p], outs.get(p));
      if (pass.kept().length > 0 || !pass.outs().isEmpty()) {
        steps.add(pass);
        number++;
      }
    }
    steps.addAll(writes);
  }

  private boolean isVectorStore(LoopBody.ToMemory out) {
    return out.move() == LoopBody.UNIT && isVectorType(out.storage());
  }

  /** What a pass has to have at hand: its outputs, what it keeps, and their operands up to what earlier steps kept. */
  private boolean[] needed(int p, List<LoopBody.Out> outs) {
    boolean[] need = new boolean[level.length];
    for (LoopBody.Out out : outs) {
      need[out.value()] = true;
    }
    for (int v = level.length - 1; v >= 0; v--) {
      need[v] |= kept[v] && !helper[v] && level[v] == p;
      if (need[v] && !helper[v] && (isFree(v) || level[v] == p)) {
        for (int operand : body.operands(v)) {
          need[operand] = true;
        }
      }
    }
    return need;
  }

  private Pass pass(int number, int p, boolean[] need, List<LoopBody.Out> outs) {
    List<Integer> rowValues = new ArrayList<>();
    List<Integer> varying = new ArrayList<>();
    List<Integer> keeps = new ArrayList<>();
    for (int v = 0; v < need.length; v++) {
      if (!need[v]) {
        continue;
      }
      if (!(body.code().get(v) instanceof Instr.Const)) {
        (fixed[v] ? rowValues : varying).add(v);
      }
      if (kept[v] && !helper[v] && level[v] == p) {
        keeps.add(v);
      }
    }
    return new Pass(number, p, ints(rowValues), ints(varying), ints(keeps), List.copyOf(outs));
  }

  private static int[] ints(List<Integer> list) {
    return list.stream().mapToInt(Integer::intValue).toArray();
  }
}
