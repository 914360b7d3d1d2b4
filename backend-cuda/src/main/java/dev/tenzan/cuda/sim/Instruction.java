package dev.tenzan.cuda.sim;

/** A decoded instruction, which a warp executes for some of its lanes at once. It holds no state, so warps of many threads share it. */
abstract class Instruction {
  /** Whether it decides by itself where the warp goes on: it is then called by {@link #control}. */
  final boolean control;

  /** The predicate that guards it; −1 where none does. */
  int guard = -1;

  boolean negated;
  SourceLine at = new SourceLine(0, "");

  Instruction() {
    this(false);
  }

  Instruction(boolean control) {
    this.control = control;
  }

  /** Does its work for the lanes of a mask, which is not empty. */
  abstract void execute(Warp warp, int mask);

  /** Does its work for the lanes of a mask, which may be empty, and sends the warp's active lanes to their next instructions. */
  void control(Warp warp, int mask) {
    throw new IllegalStateException();
  }

  /** Where it may jump to; null where it only falls through. */
  int[] targets() {
    return NONE;
  }

  /** Whether no lane goes on to the instruction after it. */
  boolean ends() {
    return false;
  }

  private static final int[] NONE = {};
}
