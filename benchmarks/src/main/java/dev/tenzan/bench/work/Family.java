package dev.tenzan.bench.work;

import java.util.List;
import java.util.function.IntFunction;

/**
 * One kind of work in several sizes.
 *
 * @param at the work of a size
 * @param small the work by which a device's bits are compared with the reference device's
 * @param slow the only work on a device that needs seconds for the others
 * @param quick the sizes of the quick suite
 * @param full the sizes of the full suite
 */
public record Family(
    IntFunction<Workload> at, Workload small, Workload slow, List<Integer> quick, List<Integer> full) {
  /** The work of a suite. */
  public List<Workload> of(Suite suite) {
    List<Integer> sizes =
        switch (suite) {
          case QUICK -> quick;
          case FULL -> full;
        };
    return sizes.stream().map(at::apply).toList();
  }
}
