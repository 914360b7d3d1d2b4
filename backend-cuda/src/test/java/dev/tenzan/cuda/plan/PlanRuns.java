package dev.tenzan.cuda.plan;

import dev.tenzan.cuda.driver.CudaDriver;
import dev.tenzan.cuda.driver.SimulatedDriver;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;

/** Runs of plans on the driver of a simulated device, without a backend that would choose them. */
final class PlanRuns {
  /** What is in results and scratch memory before: NaN in every float. */
  private static final byte RUBBISH = -1;

  private final SimulatedDriver driver = new SimulatedDriver(1);
  private final CudaDriver.Context context = driver.retain(0);
  private final CudaDriver.Stream stream = driver.createStream(context);
  private final Arena arena;

  private PlanRuns(Arena arena) {
    this.arena = arena;
  }

  /** The result of a plan of two operands. */
  static byte[] run(Plan plan, List<byte[]> operands) {
    try (Arena arena = Arena.ofConfined()) {
      return new PlanRuns(arena).result(plan, operands);
    }
  }

  private long copied(byte[] bytes) {
    MemorySegment host = arena.allocate(bytes.length, Long.BYTES).copyFrom(MemorySegment.ofArray(bytes));
    long address = driver.allocate(context, bytes.length);
    driver.copyIn(stream, host, address);
    return address;
  }

  private long rubbish(long bytes) {
    byte[] all = new byte[Math.toIntExact(bytes)];
    Arrays.fill(all, RUBBISH);
    return copied(all);
  }

  private byte[] result(Plan plan, List<byte[]> operands) {
    long[] slots = {copied(operands.get(0)), copied(operands.get(1)), rubbish(plan.bytes().get(2))};
    long[] temps = plan.temps().stream().mapToLong(this::rubbish).toArray();
    for (Step s : plan.steps()) {
      CudaDriver.Function function = driver.function(driver.load(context, s.source().bytes()), s.entry());
      driver.allowShared(function, s.shared());
      long[] arguments =
          s.args().stream()
              .mapToLong(
                  arg ->
                      switch (arg) {
                        case Arg.Slot slot -> slots[slot.index()] + slot.offset();
                        case Arg.Temp temp -> temps[temp.index()];
                        case Arg.Table table -> {
                          long[] values = plan.tables().get(table.index());
                          byte[] bytes = new byte[values.length * Long.BYTES];
                          MemorySegment.ofArray(bytes).copyFrom(MemorySegment.ofArray(values));
                          yield copied(bytes);
                        }
                        case Arg.Number number -> number.value();
                        default -> throw new IllegalArgumentException(arg.toString());
                      })
              .toArray();
      driver.launch(stream, function, s.grid(), s.block(), s.shared(), arguments);
    }
    MemorySegment result = arena.allocate(plan.bytes().get(2), Long.BYTES);
    driver.copyOut(stream, slots[2], result);
    return result.toArray(ValueLayout.JAVA_BYTE);
  }
}
