package dev.tenzan.cuda.sim;

/**
 * An instruction that the lanes of a member mask execute together ({@code .sync}): a lane that comes early waits for the others (PTX ISA,
 * "Parallel Synchronization and Communication Instructions").
 */
abstract class WarpSync extends Instruction {
  private final int members;

  /** The member mask is read from a row. */
  WarpSync(int members) {
    super(true);
    this.members = members;
  }

  /** Whether lanes may wait for each other at different instructions of this kind. */
  boolean anywhere() {
    return false;
  }

  int members(Warp w, int lanes) {
    return (int) w.uniform(members, lanes);
  }

  @Override
  final void control(Warp w, int mask) {
    if (mask == 0) {
      w.pc++;
      return;
    }
    int named = members(w, mask);
    int strangers = mask & ~named;
    if (strangers != 0) {
      throw new Fault(Integer.numberOfTrailingZeros(strangers),
          "the lane is not in the member mask 0x" + Integer.toHexString(named) + " of the instruction that it executes");
    }
    if ((named & w.live & ~mask) == 0) {
      execute(w, mask);
      w.pc++;
    } else {
      w.park(mask);
    }
  }
}
