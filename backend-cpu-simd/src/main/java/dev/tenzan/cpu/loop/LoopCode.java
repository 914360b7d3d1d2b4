package dev.tenzan.cpu.loop;

/** What a generated class extends: the passes of one {@link LoopBody}. */
abstract class LoopCode {
  /** Runs a pass over the block that the frame describes. */
  abstract void run(int pass, Frame frame);
}
