package dev.tenzan.schedule;

import dev.tenzan.kernel.AttentionRun;
import dev.tenzan.kernel.KernelSpec;
import dev.tenzan.kernel.LoopKernel;
import dev.tenzan.kernel.MatMulKernel;
import dev.tenzan.kernel.RowRun;
import dev.tenzan.type.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Finds the {@link AttentionRun}s of a program: a product, loops along its rows, and a product of what they leave, where nobody else wants
 * what lies between. Steps that stand among them and have nothing to do with them, such as what makes the values, are moved ahead. Whether a
 * run is worth it is the backend's.
 */
public final class AttentionRuns {
  /** Fewer rows have too little in common. */
  private static final long MIN_ROWS = 16;

  private static final int MAX_STEPS = 32;

  private final Program program;
  private final Map<Integer, Found> found;

  /**
   * A run.
   *
   * @param steps how many steps it stands for
   * @param run how they are taken together
   * @param buffers the numbers of the program's buffers that the launch is given
   */
  public record Found(int steps, AttentionRun run, List<Integer> buffers) {}

  private AttentionRuns(Program program, Map<Integer, Found> found) {
    this.program = program;
    this.found = found;
  }

  /** Finds the runs of a program. */
  public static AttentionRuns of(Program program) {
    List<Program.Step> order = new ArrayList<>(program.steps());
    Map<Integer, Found> found = new HashMap<>();
    for (int s = 0; s < order.size(); ) {
      Search search = new Search(program, order.subList(s, order.size()));
      Found run = search.run();
      if (run == null) {
        s++;
        continue;
      }
      List<Program.Step> moved = new ArrayList<>(search.others);
      moved.addAll(search.steps);
      for (int i = 0; i < moved.size(); i++) {
        order.set(s + i, moved.get(i));
      }
      found.put(s + search.others.size(), run);
      s += moved.size();
    }
    return new AttentionRuns(new Program(program.leaves(), program.bytes(), order, program.outputs()), found);
  }

  /** The program, where the steps of each run follow each other. */
  public Program program() {
    return program;
  }

  /** The run that begins at a step of {@link #program()}, or null. */
  public @Nullable Found at(int step) {
    return found.get(step);
  }

  /** One attempt, from a step on. */
  private static final class Search {
    private final Program program;
    private final List<Program.Step> rest;

    /** The steps of the run. */
    private final List<Program.Step> steps = new ArrayList<>();

    /** Those that stand among them. */
    private final List<Program.Step> others = new ArrayList<>();

    private final Set<Integer> touched = new HashSet<>();

    /** The bytes of a row of each buffer that the run's steps write. */
    private final Map<Integer, Long> rowBytes = new LinkedHashMap<>();

    Search(Program program, List<Program.Step> rest) {
      this.program = program;
      this.rest = rest;
    }

    @Nullable Found run() {
      Program.Step first = rest.getFirst();
      if (!(first.kernel() instanceof MatMulKernel scores) || !isPlain(scores) || scores.m() < MIN_ROWS || scores.k() == 0) {
        return null;
      }
      add(first);
      rowBytes.put(output(first), scores.n() * scores.output().byteSize());
      for (Program.Step step : rest.subList(1, Math.min(rest.size(), MAX_STEPS))) {
        if (!readsOwn(step)) {
          if (writes(step).anyMatch(touched::contains)) {
            return null;
          }
          others.add(step);
        } else if (step.kernel() instanceof LoopKernel loop) {
          if (!addLoop(scores, loop, step)) {
            return null;
          }
        } else {
          return isResult(scores, step) ? found(scores, first, step) : null;
        }
      }
      return null;
    }

    private static boolean isPlain(MatMulKernel k) {
      return k.input() == k.output() && k.input().isFloat() && !k.batch().isEmpty() && k.n() > 0;
    }

    private static int output(Program.Step step) {
      return step.buffers().getLast();
    }

    private static Stream<Integer> writes(Program.Step step) {
      return step.buffers().stream().skip(step.kernel().inputs().size());
    }

    private boolean readsOwn(Program.Step step) {
      return step.buffers().stream().anyMatch(rowBytes::containsKey);
    }

    private void add(Program.Step step) {
      steps.add(step);
      touched.addAll(step.buffers());
    }

    private boolean addLoop(MatMulKernel scores, LoopKernel loop, Program.Step step) {
      Shape rows = scores.batch().concat(Shape.of(scores.m()));
      int dims = rows.rank();
      if (loop.space().rank() < dims || RowRun.usesIndices(loop) || !isPrefix(rows, loop.space()) || loop.reduced().isEmpty() || loop.space().isEmpty()) {
        return false;
      }
      int inputs = loop.inputs().size();
      for (int slot = 0; slot < step.buffers().size(); slot++) {
        int b = step.buffers().get(slot);
        long[] moves = AttentionRun.steps(loop, slot, dims);
        if (moves == null) {
          return false;
        }
        if (slot >= inputs) {
          if (rowBytes.containsKey(b)) {
            return false; // written in parts
          }
          rowBytes.put(b, moves[dims - 1]);
        }
        if (rowBytes.containsKey(b) && !(isDense(moves, rows, rowBytes.get(b)) && isWithinRow(loop, slot, dims, rowBytes.get(b)))) {
          return false;
        }
      }
      add(step);
      return true;
    }

    private static boolean isPrefix(Shape rows, Shape space) {
      return Arrays.equals(rows.dims(), Arrays.copyOf(space.dims(), rows.rank()));
    }

    /** Whether rows lie one after the other, counted over all their dimensions. */
    private static boolean isDense(long[] moves, Shape rows, long rowBytes) {
      long step = rowBytes;
      for (int d = moves.length - 1; d >= 0; d--) {
        if (rows.dim(d) > 1 && moves[d] != step) {
          return false;
        }
        step *= rows.dim(d);
      }
      return rowBytes > 0;
    }

    /** Whether what a loop touches of the first row of a slot lies in it. */
    private static boolean isWithinRow(LoopKernel loop, int slot, int dims, long rowBytes) {
      RowRun.Access touched = RowRun.accesses(new AttentionRun.Loop(loop, List.of()).row(dims), slot);
      return touched != null && touched.least() >= 0 && touched.end() <= rowBytes;
    }

    private boolean isResult(MatMulKernel scores, Program.Step step) {
      if (!(step.kernel() instanceof MatMulKernel k) || !isPlain(k) || k.input() != scores.input() || k.m() != scores.m() || k.k() == 0) {
        return false;
      }
      Long bytes = rowBytes.get(step.buffers().getFirst());
      int dims = k.batch().rank() + 1;
      Shape rows = k.batch().concat(Shape.of(k.m()));
      if (bytes == null || !k.batch().equals(scores.batch()) || touched.contains(output(step)) || rowBytes.containsKey(step.buffers().get(1))) {
        return false;
      }
      long[] moves = new long[dims];
      for (int d = 0; d < dims; d++) {
        moves[d] = k.a().stride(d) * k.input().byteSize();
      }
      long[] row = rows.dims();
      Arrays.fill(row, 1);
      Shape points = Shape.of(row).concat(Shape.of(k.k()));
      return isDense(moves, rows, bytes) && k.a().min(points) >= 0 && (k.a().max(points) + 1) * k.input().byteSize() <= bytes;
    }

    /** The run, where nobody else wants what lives inside. */
    private @Nullable Found found(MatMulKernel scores, Program.Step first, Program.Step last) {
      List<Program.Step> all = new ArrayList<>(steps);
      all.add(last);
      Set<Program.Step> own = new HashSet<>(all);
      boolean shared =
          program.steps().stream().filter(s -> !own.contains(s)).flatMap(s -> s.buffers().stream()).anyMatch(rowBytes::containsKey)
              || program.outputs().stream().anyMatch(p -> rowBytes.containsKey(p.buffer()));
      if (shared || rowBytes.keySet().stream().anyMatch(b -> b < program.leaves())) {
        return null;
      }
      List<Integer> given = new ArrayList<>(first.buffers().subList(0, 2));
      given.addAll(last.buffers().subList(1, 3));
      Map<Integer, Integer> numbers = new HashMap<>();
      for (Program.Step step : steps.subList(1, steps.size())) {
        for (int b : step.buffers()) {
          if (!rowBytes.containsKey(b) && !numbers.containsKey(b)) {
            numbers.put(b, given.size());
            given.add(b);
          }
        }
      }
      List<Long> locals = new ArrayList<>();
      rowBytes.forEach((b, bytes) -> {
        numbers.put(b, given.size() + locals.size());
        locals.add(bytes);
      });
      List<AttentionRun.Loop> loops = new ArrayList<>();
      for (Program.Step step : steps.subList(1, steps.size())) {
        loops.add(new AttentionRun.Loop((LoopKernel) step.kernel(), step.buffers().stream().map(numbers::get).toList()));
      }
      int weights = last.buffers().getFirst();
      KernelSpec result = last.kernel();
      steps.add(last);
      AttentionRun run =
          new AttentionRun(
              scores, loops, (MatMulKernel) result, given.size(), numbers.getOrDefault(output(first), -1), numbers.getOrDefault(weights, -1), locals);
      return new Found(steps.size(), run, given);
    }
  }
}
