package dev.tenzan.cuda;

import dev.tenzan.cuda.driver.CudaDriver;
import dev.tenzan.cuda.driver.TensorMap;
import dev.tenzan.cuda.plan.Arg;
import dev.tenzan.cuda.plan.Step;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A launch whose arguments are filled in but for the addresses of buffers, which each run brings. Its device's lock is held when it runs.
 */
final class PreparedLaunch {
  private final CudaDriver.Function function;
  private final int grid;
  private final int block;
  private final int shared;
  private final long[] arguments;

  /** Tensor maps, which come before the arguments; null where there are none. */
  private final @Nullable MemorySegment maps;

  private final List<Arg.Map> mapped = new ArrayList<>();

  /** The addresses that the maps were written for. */
  private final long[] mappedAt;

  /** The arguments that are addresses in buffers. */
  private final int[] places;

  /** For each of these, the number of the buffer. */
  private final int[] buffers;

  /** And how far behind its beginning. */
  private final long[] offsets;

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
    for (Arg a : step.args()) {
      if (a instanceof Arg.Map map) {
        mapped.add(map);
      }
    }
    int before = mapped.size();
    this.mappedAt = new long[before];
    this.maps = before == 0 ? null : Arena.ofAuto().allocate((long) before * TensorMap.BYTES, TensorMap.ALIGNMENT);
    List<Arg> others = step.args().subList(before, step.args().size());
    int count = others.size();
    this.arguments = new long[count];
    int[] placed = new int[count];
    int[] numbers = new int[count];
    long[] behind = new long[count];
    int variable = 0;
    for (int i = 0; i < count; i++) {
      switch (others.get(i)) {
        case Arg.Number a -> arguments[i] = a.value();
        case Arg.Status _ -> arguments[i] = status.address;
        case Arg.Table a -> arguments[i] = tables.get(a.index()).address;
        case Arg.Map a -> throw new IllegalArgumentException("maps are the first arguments: " + a);
        case Arg.Slot a -> {
          placed[variable] = i;
          behind[variable] = a.offset();
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
    this.offsets = Arrays.copyOf(behind, variable);
  }

  /**
   * Puts the launch into a stream.
   *
   * @param context that of the stream
   * @param addresses those of the buffers, then those of the scratch buffers
   */
  void run(CudaDriver driver, CudaDriver.Context context, CudaDriver.Stream stream, long[] addresses) {
    for (int i = 0; i < places.length; i++) {
      arguments[places[i]] = addresses[buffers[i]] + offsets[i];
    }
    if (maps == null) {
      driver.launch(stream, function, grid, block, shared, arguments);
      return;
    }
    for (int i = 0; i < mappedAt.length; i++) {
      Arg.Map map = mapped.get(i);
      long address = addresses[map.index()] + map.offset();
      if (mappedAt[i] != address) { // buffers of a loop are often the same each time
        mappedAt[i] = 0;
        driver.encode(context, map.tensor(), address, maps.asSlice((long) i * TensorMap.BYTES, TensorMap.BYTES));
        mappedAt[i] = address;
      }
    }
    driver.launch(stream, function, grid, block, shared, maps, arguments);
  }
}
