package dev.tenzan.cuda.sim;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * 32 threads that run in lockstep where they can. Lanes that went different ways are groups, each with its own program counter; the group
 * that is furthest behind runs, and joins another where it meets it. So lanes reconverge at the first instruction that all of them come
 * to, a lane that has left does not hold up the others, and as on devices since Volta a lane may wait for lanes that took another way
 * ("independent thread scheduling"). Now and then another group has its turn, so that a lane that spins cannot starve the one it waits for.
 */
final class Warp {
  private static final int NOWHERE = Integer.MAX_VALUE;
  private static final int TURN = 1 << 12;
  private static final int SLICE = 1 << 16;

  final Block block;
  final int index;
  final Program program;
  final long[][] rows;
  final int[] predicates;
  final Region local;
  final @Nullable Region[] found;
  final AsyncCopy.Queue copies = new AsyncCopy.Queue();

  /** The lanes that run now, and where. */
  int active;

  int pc;

  /** The lanes that have not exited. */
  int live;

  /** The lanes that wait for others of the warp, and those that wait for others of the block. */
  int parked;

  int atBarrier;
  final int[] lanePc = new int[Lanes.WIDTH];
  final int[] barrierId = new int[Lanes.WIDTH];

  /** Where each lane that has exited came from; see {@link Block}. */
  final int[] exitedFrom = new int[Lanes.WIDTH];

  /** How often the warp's lanes have been ordered by {@code bar.warp.sync} since the block's last barrier. */
  int warpEpoch;

  /** Where an address was found. */
  Region region;

  long laneInstructions;
  private int nextPc = NOWHERE;
  private int backward;
  private boolean yielded;

  Warp(Block block, int index, Program program, Region nothing) {
    this.block = block;
    this.index = index;
    this.program = program;
    this.rows = new long[program.rows][Lanes.WIDTH];
    this.predicates = new int[program.predicates];
    this.local = new Region(0, (long) program.localBytes * Lanes.WIDTH, false, false);
    this.found = new Region[program.accesses];
    this.region = nothing;
  }

  /** Begins a block: {@code lanes} are the threads that exist. */
  void begin(int lanes) {
    active = lanes;
    live = lanes;
    pc = 0;
    nextPc = NOWHERE;
    parked = 0;
    atBarrier = 0;
    warpEpoch = 0;
    backward = 0;
    copies.clear();
    Arrays.fill(lanePc, 0);
    Arrays.fill(predicates, 0);
    Arrays.fill(exitedFrom, -1);
  }

  /** Runs until every lane waits or has exited, or the slice of time is over. */
  void run() {
    Instruction[] code = program.code;
    yielded = false;
    try {
      while (active != 0 && !yielded) {
        if (pc >= nextPc) {
          regroup();
        }
        Instruction in = code[pc];
        int mask = active;
        if (in.guard >= 0) {
          int p = predicates[in.guard];
          mask &= in.negated ? ~p : p;
        }
        laneInstructions += Integer.bitCount(mask);
        if (in.control) {
          in.control(this, mask);
        } else {
          if (mask != 0) {
            in.execute(this, mask);
          }
          pc++;
        }
      }
    } catch (Fault e) {
      throw block.finding(this, e.lane, e.getMessage(), code[pc].at);
    }
  }

  private int ready() {
    return live & ~parked & ~atBarrier;
  }

  /** Leaves the running lanes where they are, and lets the group that is furthest behind run. */
  private void regroup() {
    leave(active, pc);
    pick();
  }

  /** Says where some lanes go on. They must then be picked again. */
  void leave(int lanes, int at) {
    for (int m = lanes; m != 0; m &= m - 1) {
      lanePc[Integer.numberOfTrailingZeros(m)] = at;
    }
  }

  /** Lets the group that is furthest behind run. */
  void pick() {
    pick(-1);
  }

  /** Lets the group run that is furthest behind among those beyond an instruction. */
  private void pick(int beyond) {
    int ready = ready();
    int first = NOWHERE;
    int second = NOWHERE;
    active = 0;
    for (int m = ready; m != 0; m &= m - 1) {
      int lane = Integer.numberOfTrailingZeros(m);
      int at = lanePc[lane];
      if (at <= beyond) {
        continue;
      }
      if (at < first) {
        second = first;
        first = at;
        active = 1 << lane;
      } else if (at == first) {
        active |= 1 << lane;
      } else if (at < second) {
        second = at;
      }
    }
    nextPc = second;
    if (active != 0) {
      pc = first;
    } else if (beyond >= 0) {
      pick(-1);
    } else if (ready == 0 && parked != 0) {
      releaseParked();
    }
  }

  /** All running lanes go to one place. */
  void jump(int target) {
    if (target <= pc) {
      backward(target);
    } else {
      pc = target;
    }
  }

  private void backward(int target) {
    pc = target;
    if ((++backward & TURN - 1) == 0) {
      block.checkTime(this);
      if (ready() != active) {
        leave(active, pc);
        pick((backward & TURN) == 0 ? -1 : pc);
        return;
      }
      if ((backward & SLICE - 1) == 0) {
        yielded = true;
      }
    }
  }

  /** Some running lanes go to one place, the others to another. */
  void diverge(int lanes, int target, int others, int otherTarget) {
    leave(lanes, target);
    leave(others, otherTarget);
    if (target <= pc) {
      backward++;
    }
    if ((backward & TURN - 1) == 0) {
      block.checkTime(this);
      pick((backward & TURN) == 0 ? -1 : Math.min(target, otherTarget));
      backward++;
    } else {
      pick();
    }
  }

  /** Some running lanes wait for others of the warp at this instruction; the rest goes on. */
  void park(int lanes) {
    leave(lanes, pc);
    leave(active & ~lanes, pc + 1);
    parked |= lanes;
    active = 0;
    if (!releaseParked()) {
      pick();
    }
  }

  /** The lanes that wait for others of the warp at an instruction. */
  int parkedAt(int at) {
    int lanes = 0;
    for (int m = parked; m != 0; m &= m - 1) {
      int lane = Integer.numberOfTrailingZeros(m);
      if (lanePc[lane] == at) {
        lanes |= 1 << lane;
      }
    }
    return lanes;
  }

  /** Lets lanes go on that wait for others of the warp, where these have come; whether there were such lanes. */
  private boolean releaseParked() {
    int left = parked;
    while (left != 0) {
      int at = lanePc[Integer.numberOfTrailingZeros(left)];
      int lanes = parkedAt(at);
      left &= ~lanes;
      WarpSync in = (WarpSync) program.code[at];
      int arrived = in.anywhere() ? parkedAtBarriers() : lanes;
      if ((in.members(this, lanes) & live & ~arrived) == 0) {
        parked &= ~lanes;
        pc = at;
        in.execute(this, lanes);
        leave(lanes, at + 1);
        pick();
        return true;
      }
    }
    return false;
  }

  /** Lanes at any {@code bar.warp.sync}: these need not be at the same one. */
  private int parkedAtBarriers() {
    int lanes = 0;
    for (int m = parked; m != 0; m &= m - 1) {
      int lane = Integer.numberOfTrailingZeros(m);
      if (((WarpSync) program.code[lanePc[lane]]).anywhere()) {
        lanes |= 1 << lane;
      }
    }
    return lanes;
  }

  /** Some running lanes wait for the block; the rest goes on. */
  void block(int lanes, int id) {
    for (int m = lanes; m != 0; m &= m - 1) {
      barrierId[Integer.numberOfTrailingZeros(m)] = id;
    }
    leave(lanes, pc);
    leave(active & ~lanes, pc + 1);
    atBarrier |= lanes;
    pick();
  }

  /** The lanes that wait at a barrier of the block. */
  int waiting(int id) {
    int lanes = 0;
    for (int m = atBarrier; m != 0; m &= m - 1) {
      int lane = Integer.numberOfTrailingZeros(m);
      if (barrierId[lane] == id) {
        lanes |= 1 << lane;
      }
    }
    return lanes;
  }

  /** Lets lanes go on that waited for the block. */
  void release(int lanes) {
    for (int m = lanes; m != 0; m &= m - 1) {
      lanePc[Integer.numberOfTrailingZeros(m)]++;
    }
    atBarrier &= ~lanes;
    pick();
  }

  /** Some running lanes are done. */
  void exit(int lanes, int from) {
    for (int m = lanes; m != 0; m &= m - 1) {
      exitedFrom[Integer.numberOfTrailingZeros(m)] = from;
    }
    live &= ~lanes;
    leave(active & ~lanes, pc + 1);
    active = 0;
    pick();
  }

  /** The value of a row in the first of some lanes. */
  long uniform(int row, int lanes) {
    return rows[row][Integer.numberOfTrailingZeros(lanes)];
  }

  /** What {@code %clock} shows. */
  long clock() {
    return laneInstructions;
  }

  /** The number within the block of a lane's thread. */
  int thread(int lane) {
    return index * Lanes.WIDTH + lane;
  }
}
