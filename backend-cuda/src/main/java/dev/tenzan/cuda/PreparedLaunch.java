package dev.tenzan.cuda;

import dev.tenzan.cuda.driver.CudaDriver;
import dev.tenzan.cuda.plan.Arg;
import dev.tenzan.cuda.plan.Step;
import java.util.Arrays;
import java.util.List;

/**
 * A launch whose arguments are filled in but for the addresses of buffers, which each run brings. Its device's lock is held when it runs.
 */
final class PreparedLaunch {
  private final CudaDriver.Function function;
  private final int grid;
  private final int block;
  private final int shared;
  private final long[] arguments;

  /** The arguments that are addresses of buffers. */
  private final int[] places;

  /** For each of these, the number of the buffer. */
  private final int[] buffers;

  /**
   * Prepares a launch.
   *
   * @param slots the number of buffers that a launch is given; scratch buffers are counted after them
   * @param tables the plan's tables
   * @param status the status words
   */
  PreparedLaunch(Step step, CudaDriver.Function function, int slots, List<CudaBuffer> tables, CudaBuffer status) {
    this.function = function;
    this.grid = step.grid();
    this.block = step.block();
    this.shared = step.shared();
    int count = step.args().size();
    this.arguments = new long[count];
    int[] placed = new int[count];
    int[] numbers = new int[count];
    int variable = 0;
    for (int i = 0; i < count; i++) {
      switch (step.args().get(i)) {
        case Arg.Number a -> arguments[i] = a.value();
        case Arg.Status _ -> arguments[i] = status.address;
        case Arg.Table a -> arguments[i] = tables.get(a.index()).address;
        case Arg.Slot a -> {
          placed[variable] = i;
          numbers[variable++] = a.index();
        }
        case Arg.Temp a -> {
          placed[variable] = i;
          numbers[variable++] = slots + a.index();
        }
      }
    }
    this.places = Arrays.copyOf(placed, variable);
    this.buffers = Arrays.copyOf(numbers, variable);
  }

  /**
   * Puts the launch into a stream.
   *
   * @param addresses those of the buffers, then those of the scratch buffers
   */
  void run(CudaDriver driver, CudaDriver.Stream stream, long[] addresses) {
    for (int i = 0; i < places.length; i++) {
      arguments[places[i]] = addresses[buffers[i]];
    }
    driver.launch(stream, function, grid, block, shared, arguments);
  }
}
