package dev.tenzan.cpu.loop;

import dev.tenzan.kernel.ReductionTree;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A {@link LoopBody} made ready: its generated classes, and the driver that runs their steps over a block of points. */
final class CompiledLoop {
  final LoopBody body;
  /** The trials of one call at most. */
  private static final int MAX_TRIALS = 64;

  private final VectorUse use;
  private final boolean accumulates;
  private final boolean combinesRows;

  /** The fewest columns of a row that vectors are used for. */
  private final int leastColumns;

  private final Readiness readiness = new Readiness();
  private final PassPlan scalarPlan;
  private final LoopCode scalarCode;
  private final @Nullable PassPlan vectorPlan;
  private @Nullable LoopCode vectorCode;

  CompiledLoop(LoopBody body, @Nullable VectorIsa isa, VectorUse use) {
    this.body = body;
    this.use = use;
    this.accumulates = body.outs().stream().anyMatch(o -> o instanceof LoopBody.ToAccumulators);
    this.combinesRows = body.outs().stream().anyMatch(o -> o instanceof LoopBody.ToLanes);
    this.scalarPlan = PassPlan.scalar(body);
    this.scalarCode = generate(scalarPlan);
    this.vectorPlan = isa == null ? null : PassPlan.vector(body, isa);
    boolean searches = body.outs().stream().anyMatch(o -> o instanceof LoopBody.ToFirst);
    this.leastColumns = vectorPlan == null ? 1 : searches ? SearchEmitter.WINDOW : vectorPlan.lanes;
  }

  /** Whether a body is run in a single pass, in whichever way. */
  static boolean isSinglePass(LoopBody body, @Nullable VectorIsa isa) {
    return PassPlan.scalar(body).isSinglePass() && (isa == null || PassPlan.vector(body, isa).isSinglePass());
  }

  private static LoopCode generate(PassPlan plan) {
    List<LoopClass.Method> methods = new ArrayList<>();
    for (PassPlan.Step step : plan.steps) {
      if (step instanceof PassPlan.Pass pass) {
        methods.add(
            cb -> {
              PassEmitter emitter =
                  plan.vector ? new VectorPassEmitter(cb, plan, pass) : new PassEmitter(cb, plan, pass);
              emitter.emit();
            });
      }
    }
    return LoopClass.define(methods);
  }

  /** Runs the body over the frame's block; {@code addresses} is the number of addresses. */
  void run(Frame f, int addresses) {
    PassPlan plan = vectorPlan;
    if (plan == null || f.n < leastColumns) {
      runScalars(f, addresses);
    } else if (use == VectorUse.ALWAYS) {
      runVectors(plan, f, addresses);
    } else if (!readiness.isReady()) {
      runWarming(plan, f, addresses);
    } else {
      double operations = plan.operations(f.rows, f.n);
      if (readiness.isCheckDue(operations)) {
        long start = System.nanoTime();
        runVectors(plan, f, addresses);
        readiness.checked(System.nanoTime() - start, operations);
      } else {
        runVectors(plan, f, addresses);
      }
    }
  }

  /** Runs scalar code, and small trials of the vector code before it; what the trials write, the scalar code writes again. */
  private void runWarming(PassPlan plan, Frame f, int addresses) {
    if (readiness.mayTry()) {
      int rows = f.rows;
      int n = f.n;
      float[] outF = f.outF;
      double[] outD = f.outD;
      int[] outI = f.outI;
      long[] outL = f.outL;
      int at = f.at;
      if (accumulates) { // the trials must not count
        f.lanes.reserve(body.type(body.outs().getFirst().value()), Frame.CHUNK);
        f.resultsTo(f.lanes);
        f.at = 0;
      }
      f.rows = 1;
      for (int k = 0; k < MAX_TRIALS && readiness.mayTry(); k++) {
        f.n = trialColumns(plan.lanes, n);
        long start = System.nanoTime();
        runVectors(plan, f, addresses);
        readiness.tried(System.nanoTime() - start, plan.operations(1, f.n));
      }
      f.rows = rows;
      f.n = n;
      f.outF = outF;
      f.outD = outD;
      f.outI = outI;
      f.outL = outL;
      f.at = at;
    }
    long start = System.nanoTime();
    runScalars(f, addresses);
    readiness.ranScalar(System.nanoTime() - start);
  }

  /** Mostly one vector, because HotSpot counts calls; now and then more, with and without a rest. */
  private int trialColumns(int lanes, int n) {
    int trial = readiness.nextTrial();
    int columns =
        switch (trial & 15) {
          case 7 -> 16 * lanes;
          case 11 -> 2 * lanes + 1;
          case 15 -> 7 * lanes + lanes / 2;
          case 3, 5, 9, 13 -> combinesRows ? ReductionTree.LANES : lanes;
          default -> lanes;
        };
    return Math.min(n, Math.max(leastColumns, columns));
  }

  private void runScalars(Frame f, int addresses) {
    if (scalarPlan.isSinglePass()) {
      scalarCode.run(0, f);
    } else {
      ChunkedPasses.run(scalarPlan, scalarCode, f, addresses);
    }
  }

  private void runVectors(PassPlan plan, Frame f, int addresses) {
    LoopCode code = vectorCode;
    if (code == null) {
      code = generate(plan); // two threads may both do so; the classes are alike
      vectorCode = code;
    }
    if (!accumulates) {
      if (plan.isSinglePass()) {
        code.run(0, f);
      } else {
        ChunkedPasses.run(plan, code, f, addresses);
      }
      return;
    }
    // Nothing may be combined twice, so the vectors leave the last columns to scalar code.
    int n = f.n;
    int whole = n & -plan.lanes;
    f.n = whole;
    if (plan.isSinglePass()) {
      code.run(0, f);
    } else {
      ChunkedPasses.run(plan, code, f, addresses);
    }
    f.n = n;
    f.from = whole;
    if (whole < n) {
      runScalars(f, addresses);
    }
    f.from = 0;
  }
}
