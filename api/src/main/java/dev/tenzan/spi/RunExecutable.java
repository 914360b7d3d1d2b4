package dev.tenzan.spi;

import java.util.List;

/**
 * A {@link dev.tenzan.kernel.RowRun} or {@link dev.tenzan.kernel.AttentionRun} made ready for one device; launched any number of times, by any
 * thread.
 */
@FunctionalInterface
public interface RunExecutable {
  /**
   * Runs all its kernels, as {@link Backend#launch} runs one.
   *
   * @param buffers the run's buffers, without those that live only inside; all on the device
   */
  void launch(List<Buffer> buffers);
}
