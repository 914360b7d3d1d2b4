package dev.tenzan.cuda.sim;

import java.util.Arrays;
import java.util.concurrent.CancellationException;
import org.jspecify.annotations.Nullable;

/** A block of threads on one host thread: its warps take turns between barriers. One object serves many blocks, one after another. */
final class Block {
  /** How often a block that is in loops is asked for the time until it ends because another one failed: a million backward branches. */
  private static final int PATIENCE = 256;

  static final int BARRIERS = 16;

  final Launch launch;
  final Region shared;

  /** A region that holds no address. */
  final Region nothing = new Region(0, 0, false, true);

  final @Nullable SharedTracker tracker;
  private final Warp[] warps;

  /** How many threads have come to a barrier without waiting there. */
  private final int[] arrivals = new int[BARRIERS];

  private int x;
  private int y;
  private int z;
  private long instructions;
  private int turnsSinceFailure;

  Block(Launch launch) {
    Program program = launch.program();
    this.launch = launch;
    long bytes = launch.sharedBytes();
    this.shared = new Region(0, bytes, false, false);
    boolean tracked = bytes > 0 && (launch.checks().races() || launch.checks().uninitialised());
    this.tracker = tracked
        ? new SharedTracker(bytes, program.granule, launch.checks().races(), launch.checks().uninitialised())
        : null;
    this.warps = new Warp[(launch.threads() + Lanes.WIDTH - 1) / Lanes.WIDTH];
    for (int i = 0; i < warps.length; i++) {
      warps[i] = new Warp(this, i, program, nothing);
      prepare(warps[i]);
    }
  }

  /** Runs the block at some place of the grid. */
  void run(int blockX, int blockY, int blockZ) {
    x = blockX;
    y = blockY;
    z = blockZ;
    instructions = 0;
    turnsSinceFailure = 0;
    Arrays.fill(arrivals, 0);
    if (tracker != null) {
      tracker.begin();
    }
    for (Warp w : warps) {
      clear(w);
      int threads = Math.min(Lanes.WIDTH, launch.threads() - w.index * Lanes.WIDTH);
      w.begin(threads == Lanes.WIDTH ? -1 : (1 << threads) - 1);
    }
    boolean running = true;
    while (running) {
      running = false;
      boolean waiting = false;
      for (Warp w : warps) {
        if (w.active != 0) {
          w.run();
        }
        running |= w.active != 0;
        waiting |= w.live != 0;
      }
      if (!running && waiting) {
        releaseBarriers();
        running = true;
      }
    }
  }

  /** Fills the rows that are the same for every block. */
  private void prepare(Warp w) {
    Program program = w.program;
    for (Program.Constant c : program.constants) {
      Arrays.fill(w.rows[c.row()], c.value());
    }
    long[] symbols = program.resolve(launch.memory().variables(launch.module()));
    for (int i = 0; i < symbols.length; i++) {
      Arrays.fill(w.rows[program.symbols.get(i).row()], symbols[i]);
    }
    for (Program.Special s : program.specials) {
      long[] row = w.rows[s.row()];
      for (int lane = 0; lane < Lanes.WIDTH; lane++) {
        row[lane] = special(s.name(), w.index, lane);
      }
    }
  }

  private void clear(Warp w) {
    for (int row : w.program.variable) {
      Arrays.fill(w.rows[row], 0); // so that what a kernel reads before it writes is at least the same each time
    }
    for (Program.Special s : w.program.specials) {
      if (s.name().startsWith("%ctaid")) {
        Arrays.fill(w.rows[s.row()], special(s.name(), w.index, 0));
      }
    }
  }

  private long special(String name, int warp, int lane) {
    int[] grid = launch.grid();
    int[] size = launch.block();
    int thread = warp * Lanes.WIDTH + lane;
    return switch (name) {
      case "%tid.x" -> thread % size[0];
      case "%tid.y" -> thread / size[0] % size[1];
      case "%tid.z" -> thread / size[0] / size[1];
      case "%ntid.x" -> size[0];
      case "%ntid.y" -> size[1];
      case "%ntid.z" -> size[2];
      case "%ctaid.x" -> x;
      case "%ctaid.y" -> y;
      case "%ctaid.z" -> z;
      case "%nctaid.x" -> grid[0];
      case "%nctaid.y" -> grid[1];
      case "%nctaid.z" -> grid[2];
      case "%laneid" -> lane;
      case "%warpid" -> warp;
      case "%nwarpid" -> warps.length;
      case "%lanemask_eq" -> 1L << lane;
      case "%lanemask_lt" -> (1L << lane) - 1;
      case "%lanemask_le" -> (2L << lane) - 1;
      case "%lanemask_ge" -> 0xffff_ffffL & -(1L << lane);
      case "%lanemask_gt" -> 0xffff_ffffL & -(2L << lane);
      case "%dynamic_smem_size" -> launch.dynamicSharedBytes();
      case "%total_smem_size" -> shared.size;
      default -> 0; // %smid, %gridid and the like: there is one of each
    };
  }

  /** Threads of a warp come to a barrier and do not wait ({@code bar.arrive}). */
  void arrive(int id) {
    arrivals[id] += Lanes.WIDTH;
  }

  /** All live warps wait: lets those go on whose barrier is complete, or finds that none ever will. */
  private void releaseBarriers() {
    boolean released = false;
    for (int id = 0; id < BARRIERS; id++) {
      released |= releaseBarrier(id);
    }
    if (!released) {
      throw deadlock();
    }
  }

  private boolean releaseBarrier(int id) {
    int threads = 0;
    int live = 0;
    int warpThreads = arrivals[id];
    long expected = -1;
    for (Warp w : warps) {
      int lanes = w.waiting(id);
      threads += Integer.bitCount(lanes);
      live += Integer.bitCount(w.live);
      if (lanes != 0) {
        warpThreads += Lanes.WIDTH;
        expected = Math.max(expected, checkWarp(w, lanes).expected(w, lanes));
      }
    }
    if (threads == 0 || (expected < 0 ? threads < live : warpThreads < expected)) {
      return false;
    }
    if (expected < 0) {
      checkExits(id);
    }
    reduce(id, threads);
    arrivals[id] = 0;
    if (tracker != null) {
      tracker.barrier();
    }
    for (Warp w : warps) {
      w.warpEpoch = 0;
      int lanes = w.waiting(id);
      if (lanes != 0) {
        w.release(lanes);
      }
    }
    return true;
  }

  private void reduce(int id, int voters) {
    int votes = 0;
    boolean any = false;
    for (Warp w : warps) {
      int lanes = w.waiting(id);
      if (lanes != 0 && barrier(w, lanes).reduces()) {
        votes += barrier(w, lanes).votes(w, lanes);
        any = true;
      }
    }
    if (any) {
      for (Warp w : warps) {
        int lanes = w.waiting(id);
        if (lanes != 0) {
          barrier(w, lanes).deliver(w, lanes, votes, voters);
        }
      }
    }
  }

  private static Flow.Barrier barrier(Warp w, int lanes) {
    return (Flow.Barrier) w.program.code[w.lanePc[Integer.numberOfTrailingZeros(lanes)]];
  }

  /** The threads of a warp wait at one instruction where the barrier is an aligned one. */
  private Flow.Barrier checkWarp(Warp w, int lanes) {
    Flow.Barrier first = barrier(w, lanes);
    int at = w.lanePc[Integer.numberOfTrailingZeros(lanes)];
    for (int m = lanes; m != 0; m &= m - 1) {
      int lane = Integer.numberOfTrailingZeros(m);
      if (first.aligned() && w.lanePc[lane] != at) {
        throw divergence(w, lane, at, "waits at another barrier, " + w.program.code[at].at + ", than a thread of its warp");
      }
    }
    return first;
  }

  /** Finds threads of a warp that have passed by a barrier at which others of it wait: what no device defines. */
  void checkBypass(Warp w, int arriving) {
    int others = w.live & ~arriving & ~w.atBarrier;
    for (int m = others; m != 0; m &= m - 1) {
      int lane = Integer.numberOfTrailingZeros(m);
      int at = (w.active & 1 << lane) != 0 ? w.pc + 1 : w.lanePc[lane];
      boolean leaves = w.program.code[at] instanceof Flow.Exit;
      if (!leaves && passed(w, w.pc, at)) {
        throw divergence(w, lane, w.pc, "has passed by the barrier at which other threads of its warp wait");
      }
    }
  }

  private static boolean passed(Warp w, int barrier, int at) {
    return w.program.reaches(barrier, at) && !w.program.reaches(at, barrier) && at != barrier;
  }

  /** Finds threads that have exited by a way that leads past the barrier; an early return leads there from elsewhere. */
  private void checkExits(int id) {
    int at = -1;
    for (Warp w : warps) {
      int lanes = w.waiting(id);
      if (lanes != 0) {
        at = w.lanePc[Integer.numberOfTrailingZeros(lanes)];
      }
    }
    for (Warp w : warps) {
      for (int lane = 0; lane < Lanes.WIDTH; lane++) {
        if (w.exitedFrom[lane] >= 0 && passed(w, at, w.exitedFrom[lane])) {
          throw divergence(w, lane, at, "has exited past the barrier at which other threads of its block wait");
        }
      }
    }
  }

  private SimException divergence(Warp w, int lane, int at, String what) {
    return finding(w, lane, "barrier divergence: the thread " + what, w.program.code[at].at);
  }

  private SimException deadlock() {
    StringBuilder where = new StringBuilder("deadlock: no thread of the block can go on");
    Warp stuck = warps[0];
    int first = 0;
    for (Warp w : warps) {
      int seen = -1;
      for (int m = w.live; m != 0; m &= m - 1) {
        int lane = Integer.numberOfTrailingZeros(m);
        if (w.lanePc[lane] != seen && where.length() < 1000) {
          seen = w.lanePc[lane];
          where.append("\n  thread ").append(threadName(w.thread(lane))).append(" waits at ").append(w.program.code[seen].at);
        }
      }
      if (w.live != 0 && stuck.live == 0) {
        stuck = w;
      }
    }
    if (stuck.live != 0) {
      first = Integer.numberOfTrailingZeros(stuck.live);
    }
    return finding(stuck, first, where.toString(), stuck.program.code[stuck.lanePc[first]].at);
  }

  /** Called now and then by a warp that runs in loops. */
  void checkTime(Warp w) {
    instructions++;
    if (instructions > launch.checks().turns()) {
      throw new Fault(-1, "the kernel does not end: the block took more than " + launch.checks().turns() * 4096 + " backward branches");
    }
    launch.checkCancelled();
    if (launch.hasFailed() && ++turnsSinceFailure > PATIENCE) {
      throw new CancellationException("another block has failed, for which this one may wait");
    }
  }

  SimException finding(Warp w, int lane, @Nullable String what, SourceLine at) {
    String thread = lane < 0 ? null : threadName(w.thread(lane));
    return SimException.ofThread(w.program.name, what == null ? "" : what, "(" + x + ", " + y + ", " + z + ")", thread, at);
  }

  String threadName(int thread) {
    int[] size = launch.block();
    return "(" + thread % size[0] + ", " + thread / size[0] % size[1] + ", " + thread / size[0] / size[1] + ")";
  }

  long laneInstructions() {
    long sum = 0;
    for (Warp w : warps) {
      sum += w.laneInstructions;
    }
    return sum;
  }
}
