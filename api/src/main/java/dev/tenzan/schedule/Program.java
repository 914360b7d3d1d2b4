package dev.tenzan.schedule;

import dev.tenzan.kernel.KernelSpec;
import dev.tenzan.type.Layout;
import java.util.List;

/**
 * What a graph was scheduled to: kernels in order, over numbered buffers. Buffers {@code 0 .. leaves - 1} are the leaves'; the
 * others are made by the program.
 *
 * @param leaves the number of leaf buffers
 * @param bytes the sizes of the program's own buffers; entry i is buffer {@code leaves + i}
 * @param steps the kernels
 * @param outputs where each asked-for value lies: in a leaf's buffer (a view) or in one of the program's own
 */
public record Program(int leaves, List<Long> bytes, List<Step> steps, List<Placed> outputs) {
  /**
   * One launch.
   *
   * @param kernel what runs
   * @param buffers the numbers of the input buffers in slot order, then of the output buffers
   */
  public record Step(KernelSpec kernel, List<Integer> buffers) {}

  /**
   * A value's place.
   *
   * @param buffer the buffer's number
   * @param layout where the elements lie in it
   */
  public record Placed(int buffer, Layout layout) {}

  /** Copies the lists. */
  public Program {
    bytes = List.copyOf(bytes);
    steps = List.copyOf(steps);
    outputs = List.copyOf(outputs);
  }

  /**
   * For each of the program's own buffers, the last of some launches that is given it; -1 for outputs.
   *
   * @param launches the numbers of the buffers of each launch
   */
  public int[] lastUses(List<List<Integer>> launches) {
    int[] last = new int[bytes.size()];
    for (int i = 0; i < launches.size(); i++) {
      for (int b : launches.get(i)) {
        if (b >= leaves) {
          last[b - leaves] = i;
        }
      }
    }
    for (Placed p : outputs) {
      if (p.buffer() >= leaves) {
        last[p.buffer() - leaves] = -1;
      }
    }
    return last;
  }

  /** A listing for people: one line for each kernel. */
  @Override
  public String toString() {
    StringBuilder s = new StringBuilder();
    for (Step step : steps) {
      s.append(step.kernel().name()).append(' ').append(step.buffers()).append('\n');
    }
    return s.toString();
  }
}
