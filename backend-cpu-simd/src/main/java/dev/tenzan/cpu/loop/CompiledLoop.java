package dev.tenzan.cpu.loop;

import dev.tenzan.cpu.machine.VectorSet;
import dev.tenzan.kernel.ReductionTree;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A {@link LoopBody} made ready: its machine code, or where there is none its generated classes, and the driver that runs their steps over a
 * block of points. Rows that are shorter than a vector take vectors of half the width or a quarter, if these fit.
 */
final class CompiledLoop {
  final LoopBody body;

  /** The trials of one call at most. */
  private static final int MAX_TRIALS = 64;

  private final VectorUse use;
  private final boolean accumulates;
  private final boolean combinesRows;
  private final boolean searches;
  private final boolean repeats;
  private final PassPlan scalarPlan;
  private final @Nullable VectorSet set;
  private final @Nullable MachineLoop machine;
  private volatile @Nullable MachineLoop streaming;

  /** Where loads walk along the rows, and where they do so and stores pass the caches by. */
  private final @Nullable Turned[] turned = new @Nullable Turned[2];
  private @Nullable LoopCode scalarCode;
  private final @Nullable Vectors wide;
  private final @Nullable VectorIsa isa;

  /** The vectors of half the width, and of a quarter. */
  private final @Nullable Vectors[] narrow = new Vectors[2];

  /** The code where the loads at some addresses walk along the rows, or null where there is none. */
  private record Turned(long loads, @Nullable TurnedLoop loop) {}

  /** The code for vectors of one width. */
  private static final class Vectors {
    private final PassPlan plan;
    private final Readiness readiness = new Readiness();
    private @Nullable LoopCode code;

    Vectors(PassPlan plan) {
      this.plan = plan;
    }

    LoopCode code() {
      LoopCode made = code;
      if (made == null) {
        made = generate(plan); // two threads may both do so; the classes are alike
        code = made;
      }
      return made;
    }
  }

  /**
   * Makes a body ready.
   *
   * @param set the vectors of machine code, or null where none may be used
   */
  CompiledLoop(LoopBody body, @Nullable VectorIsa isa, VectorUse use, @Nullable VectorSet set) {
    this.body = body;
    this.set = set;
    this.machine = set == null ? null : MachineEmitter.of(body, set, false);
    this.use = use;
    this.accumulates = body.outs().stream().anyMatch(o -> o instanceof LoopBody.ToAccumulators);
    this.combinesRows = body.outs().stream().anyMatch(o -> o instanceof LoopBody.ToLanes);
    this.scalarPlan = PassPlan.scalar(body);
    this.searches = body.outs().stream().anyMatch(o -> o instanceof LoopBody.ToFirst);
    this.repeats = body.repeats();
    this.wide = isa == null ? null : new Vectors(PassPlan.vector(body, isa));
    this.isa = isa;
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
    return LoopClass.define(methods, plan.vector);
  }

  /** Runs the body over the frame's block; {@code addresses} is the number of addresses. */
  void run(Frame f, int addresses) {
    if (machine != null && runMachineCode(machine, f, addresses)) {
      return;
    }
    Vectors v = vectors(f.n);
    if (v == null) {
      runScalars(f, addresses);
    } else if (use == VectorUse.ALWAYS) {
      runVectors(v, f, addresses);
    } else if (!v.readiness.isReady()) {
      runWarming(v, f, addresses);
    } else {
      double operations = v.plan.operations(f.rows, f.n);
      if (v.readiness.isCheckDue(operations)) {
        long start = System.nanoTime();
        runVectors(v, f, addresses);
        v.readiness.checked(System.nanoTime() - start, operations);
      } else {
        runVectors(v, f, addresses);
      }
    }
  }

  private boolean runMachineCode(MachineLoop plain, Frame f, int addresses) {
    if (plain.suits(f)) {
      MachineLoop streaming = f.streams ? streaming() : null;
      return streaming != null && streaming.streams(f) ? streaming.run(f) : plain.run(f);
    }
    long loads = TurnedLoop.turned(body, f);
    TurnedLoop t = loads == 0 ? null : turned(loads, f.streams);
    if (t != null && f.streams && !t.streams(f)) {
      t = turned(loads, false);
    }
    return t != null && t.suits(f) && t.run(f, addresses);
  }

  private @Nullable MachineLoop streaming() {
    MachineLoop known = streaming;
    if (known == null && set != null) {
      known = MachineEmitter.of(body, set, true); // two threads may both do so; the code is alike
      streaming = known;
    }
    return known;
  }

  private @Nullable TurnedLoop turned(long loads, boolean streams) {
    Turned known = turned[streams ? 1 : 0];
    if (set != null && (known == null || known.loads != loads)) {
      known = new Turned(loads, TurnedLoop.of(body, set, loads, streams)); // as above
      turned[streams ? 1 : 0] = known;
    }
    return known == null ? null : known.loop;
  }

  /** The vectors for rows of so many columns, or null. */
  private @Nullable Vectors vectors(int columns) {
    if (searches) {
      return columns < SearchEmitter.WINDOW ? null : wide;
    }
    if (wide == null || columns >= wide.plan.lanes) {
      return wide;
    }
    VectorIsa narrower = isa;
    for (int i = 0; i < narrow.length && narrower != null; i++) {
      narrower = narrower.half();
      if (narrower != null && columns >= wide.plan.lanes >> i + 1) {
        Vectors made = narrow[i];
        if (made == null) {
          made = new Vectors(PassPlan.vector(body, narrower));
          narrow[i] = made;
        }
        return made;
      }
    }
    return null;
  }

  /** Runs scalar code, and small trials of the vector code before it; what the trials write, the scalar code writes again. */
  private void runWarming(Vectors v, Frame f, int addresses) {
    PassPlan plan = v.plan;
    Readiness readiness = v.readiness;
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
        f.n = trialColumns(readiness.nextTrial(), plan.lanes, n);
        long start = System.nanoTime();
        runVectors(v, f, addresses);
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
  private int trialColumns(int trial, int lanes, int n) {
    int columns =
        switch (trial & 15) {
          case 7 -> 16 * lanes;
          case 11 -> 2 * lanes + 1;
          case 15 -> 7 * lanes + lanes / 2;
          case 3, 5, 9, 13 -> combinesRows ? ReductionTree.LANES : lanes;
          default -> lanes;
        };
    int enough = searches ? Math.max(SearchEmitter.WINDOW, columns) : columns;
    return Math.min(n, repeats ? enough + 1 & -2 : enough);
  }

  private void runScalars(Frame f, int addresses) {
    LoopCode code = scalarCode;
    if (code == null) {
      code = generate(scalarPlan); // two threads may both do so; the classes are alike
      scalarCode = code;
    }
    if (scalarPlan.isSinglePass()) {
      code.run(0, f);
    } else {
      ChunkedPasses.run(scalarPlan, code, f, addresses);
    }
  }

  private void runVectors(Vectors v, Frame f, int addresses) {
    PassPlan plan = v.plan;
    LoopCode code = v.code();
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
