package dev.tenzan.cuda.sim;

/** Instructions that decide where lanes go on (PTX ISA, "Control Flow Instructions"). */
final class Flow {
  private Flow() {}

  /** A place in the program that is known once all of it is decoded. */
  static final class Label {
    int target = -1;
  }

  /** {@code bra}. */
  static final class Branch extends Instruction {
    private final Label label;

    Branch(Label label) {
      super(true);
      this.label = label;
    }

    @Override
    int[] targets() {
      return new int[] {label.target};
    }

    @Override
    boolean ends() {
      return true;
    }

    @Override
    void execute(Warp w, int mask) {
      throw new IllegalStateException();
    }

    @Override
    void control(Warp w, int mask) {
      if (mask == 0) {
        w.pc++;
      } else if (isExit(w, label.target)) {
        w.exit(mask, w.pc);
      } else if (mask == w.active) {
        w.jump(label.target);
      } else {
        w.diverge(mask, label.target, w.active & ~mask, w.pc + 1);
      }
    }
  }

  /** Lanes that jump to an exit leave at once, so that a warp whose other lanes wait at a barrier is not held up by them. */
  private static boolean isExit(Warp w, int target) {
    Instruction in = w.program.code[target];
    return in instanceof Exit && in.guard < 0;
  }

  /** {@code brx.idx}: a branch to an entry of a table. */
  static final class IndexedBranch extends Instruction {
    private final int index;
    private final Label[] labels;

    IndexedBranch(int index, Label[] labels) {
      super(true);
      this.index = index;
      this.labels = labels;
    }

    @Override
    int[] targets() {
      int[] targets = new int[labels.length];
      for (int i = 0; i < targets.length; i++) {
        targets[i] = labels[i].target;
      }
      return targets;
    }

    @Override
    boolean ends() {
      return true;
    }

    @Override
    void execute(Warp w, int mask) {
      throw new IllegalStateException();
    }

    @Override
    void control(Warp w, int mask) {
      long[] x = w.rows[index];
      w.leave(w.active & ~mask, w.pc + 1);
      for (int m = mask; m != 0; m &= m - 1) {
        int i = Integer.numberOfTrailingZeros(m);
        if (x[i] < 0 || x[i] >= labels.length) {
          throw new Fault(i, "the index " + x[i] + " is beyond the table of " + labels.length + " branch targets");
        }
        w.leave(1 << i, labels[(int) x[i]].target);
      }
      w.pick();
    }
  }

  /** {@code exit}, and {@code ret} of a kernel. */
  static final class Exit extends Instruction {
    Exit() {
      super(true);
    }

    @Override
    boolean ends() {
      return true;
    }

    @Override
    void execute(Warp w, int mask) {
      throw new IllegalStateException();
    }

    @Override
    void control(Warp w, int mask) {
      if (mask == 0) {
        w.pc++;
      } else {
        boolean after = w.pc > 0 && (!w.program.code[w.pc - 1].ends() || w.program.code[w.pc - 1].guard >= 0);
        w.exit(mask, after && guard < 0 ? w.pc - 1 : w.pc);
      }
    }
  }

  /** {@code trap}, {@code brkpt}, and what the compiler marks as never reached. */
  static final class Trap extends Instruction {
    private final String what;

    Trap(String what) {
      this.what = what;
    }

    @Override
    void execute(Warp w, int mask) {
      throw new Fault(Integer.numberOfTrailingZeros(mask), what);
    }
  }

  /** An instruction without an effect here. */
  static final class Nothing extends Instruction {
    @Override
    void execute(Warp w, int mask) {
      // Blocks run one after another on a thread, and warps take turns: every access is seen in order.
    }
  }

  /** {@code barrier} and {@code bar}, but for their warp forms. */
  static final class Barrier extends Instruction {
    private final int id;
    private final int count;
    private final boolean waits;
    private final boolean aligned;
    private final Reduction reduction;
    private final int source;
    private final boolean negatedSource;
    private final int d;

    /** {@code count} is a row; −1 where all threads of the block are meant. */
    Barrier(int id, int count, boolean waits, boolean aligned) {
      this(id, count, waits, aligned, Reduction.NONE, -1, false, -1);
    }

    Barrier(int id, int count, boolean waits, boolean aligned, Reduction reduction, int source, boolean negatedSource, int d) {
      super(true);
      this.id = id;
      this.count = count;
      this.waits = waits;
      this.aligned = aligned;
      this.reduction = reduction;
      this.source = source;
      this.negatedSource = negatedSource;
      this.d = d;
    }

    boolean aligned() {
      return aligned;
    }

    /** How many threads it waits for; −1 where all of the block are meant. */
    long expected(Warp w, int lanes) {
      return count < 0 ? -1 : w.uniform(count, lanes);
    }

    boolean wholeBlock() {
      return count < 0;
    }

    /** What the lanes of a warp contribute: how many of them have the predicate set. */
    int votes(Warp w, int lanes) {
      int p = w.predicates[source];
      return Integer.bitCount(lanes & (negatedSource ? ~p : p));
    }

    boolean reduces() {
      return reduction != Reduction.NONE;
    }

    /** Gives the lanes of a warp the reduction's result. */
    void deliver(Warp w, int lanes, int votes, int voters) {
      if (reduction == Reduction.COUNT) {
        for (int m = lanes; m != 0; m &= m - 1) {
          w.rows[d][Integer.numberOfTrailingZeros(m)] = votes;
        }
      } else {
        boolean result = reduction == Reduction.AND ? votes == voters : votes > 0;
        w.predicates[d] = Lanes.merge(w.predicates[d], lanes, result ? -1 : 0);
      }
    }

    @Override
    void execute(Warp w, int mask) {
      throw new IllegalStateException();
    }

    @Override
    void control(Warp w, int mask) {
      if (mask == 0) {
        w.pc++;
        return;
      }
      long number = w.uniform(id, mask);
      if (number < 0 || number >= Block.BARRIERS) {
        throw new Fault(-1, "there is no barrier " + number);
      }
      long expected = expected(w, mask);
      if (expected >= 0 && (expected == 0 || expected % Lanes.WIDTH != 0)) {
        throw new Fault(-1, "a barrier counts whole warps of " + Lanes.WIDTH + " threads, not " + expected + " threads");
      }
      if (waits) {
        if (wholeBlock() && aligned) {
          w.block.checkBypass(w, mask);
        }
        w.block(mask, (int) number);
      } else {
        w.block.arrive((int) number);
        w.pc++;
      }
    }
  }

  /** What {@code bar.red} makes of the threads' predicates. */
  enum Reduction {
    NONE,
    AND,
    OR,
    COUNT
  }
}
