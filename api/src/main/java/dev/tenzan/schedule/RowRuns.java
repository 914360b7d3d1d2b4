package dev.tenzan.schedule;

import dev.tenzan.kernel.LoopKernel;
import dev.tenzan.kernel.RowRun;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Finds the {@link RowRun}s of a program: as long as they can be, of as short rows as there are. Whether one is worth it is the backend's. */
public final class RowRuns {
  /** Runs of fewer rows are not shared out evenly. */
  private static final long MIN_ROWS = 16;

  private static final int MAX_STEPS = 16;

  private final Program program;
  private final int[] firstUse;
  private final int[] lastUse;

  /**
   * Steps that are launched together.
   *
   * @param first the number of the first step
   * @param steps how many
   * @param run how they are walked together; null for one step alone
   * @param buffers the numbers of the program's buffers that the launch is given
   */
  public record Piece(int first, int steps, @Nullable RowRun run, List<Integer> buffers) {}

  /** What a run's kernels touch of one buffer. */
  private static final class Use {
    private final List<RowRun.Access> accesses = new ArrayList<>();
    private boolean written;
  }

  /** Looks at a program. */
  public RowRuns(Program program) {
    this.program = program;
    this.lastUse = program.lastUses(program.steps().stream().map(Program.Step::buffers).toList());
    this.firstUse = new int[lastUse.length];
    for (int s = program.steps().size() - 1; s >= 0; s--) {
      for (int b : program.steps().get(s).buffers()) {
        if (b >= program.leaves()) {
          firstUse[b - program.leaves()] = s;
        }
      }
    }
  }

  /** What is launched together from a step on: the longest run, or the step alone. */
  public Piece from(int first) {
    List<LoopKernel> best = null;
    int end = Math.min(program.steps().size(), first + MAX_STEPS);
    for (int last = first + 1; last < end; last++) {
      List<LoopKernel> kernels = kernels(first, last);
      if (kernels == null || independentUses(first, kernels) == null) {
        break;
      }
      best = kernels;
    }
    Piece piece = null;
    for (List<LoopKernel> k = best; k != null; k = RowRun.withFinerRows(k)) {
      Map<Integer, Use> uses = independentUses(first, k);
      long rows = k.getFirst().space().dim(0);
      if (uses != null && rows >= MIN_ROWS) {
        int last = first + k.size() - 1;
        piece = new Piece(first, k.size(), run(first, last, rows, k, uses), given(first, last, uses));
      }
    }
    return piece == null ? new Piece(first, 1, null, program.steps().get(first).buffers()) : piece;
  }

  /** The kernels of some steps with as many rows as the first dimension of the least of them; null where they have no such rows. */
  private @Nullable List<LoopKernel> kernels(int first, int last) {
    long rows = Long.MAX_VALUE;
    for (Program.Step step : program.steps().subList(first, last + 1)) {
      if (!(step.kernel() instanceof LoopKernel k) || k.space().rank() == 0 || k.space().isEmpty()) {
        return null;
      }
      rows = Math.min(rows, k.space().dim(0));
    }
    List<LoopKernel> kernels = new ArrayList<>();
    for (Program.Step step : program.steps().subList(first, last + 1)) {
      LoopKernel kernel = RowRun.withRows((LoopKernel) step.kernel(), rows);
      if (kernel == null) {
        return null;
      }
      kernels.add(kernel);
    }
    return kernels;
  }

  /** What kernels touch of each buffer, where rows of what they write keep apart; else null. */
  private @Nullable Map<Integer, Use> independentUses(int first, List<LoopKernel> kernels) {
    Map<Integer, Use> uses = uses(first, kernels);
    return uses != null && areRowsIndependent(uses) ? uses : null;
  }

  /** What kernels from a step on touch of each buffer; null where they touch rows of different distances in one slot. */
  private @Nullable Map<Integer, Use> uses(int first, List<LoopKernel> kernels) {
    Map<Integer, Use> uses = new LinkedHashMap<>();
    for (int i = 0; i < kernels.size(); i++) {
      List<Integer> buffers = program.steps().get(first + i).buffers();
      for (int slot = 0; slot < buffers.size(); slot++) {
        RowRun.Access access = RowRun.accesses(kernels.get(i), slot);
        if (access == null) {
          return null;
        }
        Use use = uses.computeIfAbsent(buffers.get(slot), _ -> new Use());
        use.accesses.add(access);
        use.written |= slot >= kernels.get(i).inputs().size();
      }
    }
    return uses;
  }

  private static boolean areRowsIndependent(Map<Integer, Use> uses) {
    for (Use use : uses.values()) {
      if (use.written) {
        RowRun.Access all = RowRun.union(use.accesses);
        if (all == null || !all.isWithinRow()) {
          return false;
        }
      }
    }
    return true;
  }

  /** Whether a buffer is made and used up by some steps. */
  private boolean isLocal(int buffer, int first, int last) {
    int own = buffer - program.leaves();
    return own >= 0 && firstUse[own] >= first && lastUse[own] >= 0 && lastUse[own] <= last;
  }

  private List<Integer> given(int first, int last, Map<Integer, Use> uses) {
    return new TreeSet<>(uses.keySet()).stream().filter(b -> !isLocal(b, first, last)).toList();
  }

  private RowRun run(int first, int last, long rows, List<LoopKernel> kernels, Map<Integer, Use> uses) {
    List<Integer> given = given(first, last, uses);
    Map<Integer, Integer> numbers = new LinkedHashMap<>();
    for (int b : given) {
      numbers.put(b, numbers.size());
    }
    List<Long> locals = new ArrayList<>();
    for (Map.Entry<Integer, Use> e : uses.entrySet()) {
      if (isLocal(e.getKey(), first, last)) {
        numbers.put(e.getKey(), numbers.size());
        locals.add(e.getValue().accesses.getFirst().rowBytes());
      }
    }
    List<RowRun.Part> parts = new ArrayList<>();
    for (int i = 0; i < kernels.size(); i++) {
      parts.add(new RowRun.Part(kernels.get(i), program.steps().get(first + i).buffers().stream().map(numbers::get).toList()));
    }
    return new RowRun(rows, parts, given.size(), locals);
  }
}
