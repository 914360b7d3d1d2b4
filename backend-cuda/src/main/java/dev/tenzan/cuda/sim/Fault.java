package dev.tenzan.cuda.sim;

/** A finding on its way from an instruction to the warp, which knows where it happened. */
final class Fault extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** The lane it happened in; -1 where it concerns the whole warp. */
  final int lane;

  Fault(int lane, String message) {
    super(message, null, false, false);
    this.lane = lane;
  }
}
