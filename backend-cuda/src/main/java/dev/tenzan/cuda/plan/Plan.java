package dev.tenzan.cuda.plan;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How a kernel specification is run on a device.
 *
 * @param bytes the least size of each buffer in bytes, inputs first
 * @param temps the sizes of scratch buffers in bytes
 * @param tables constants in device memory, filled once
 * @param steps the launches in order
 * @param checked which indices kernels check, or null where they have none to check
 * @param library what a library is asked for before the launches, or null; where it declines, the plan without it is run
 */
public record Plan(
    List<Long> bytes, List<Long> temps, List<long[]> tables, List<Step> steps, @Nullable Check checked, @Nullable LibraryWork library) {
  /** Where an index that is out of range comes from. */
  public enum Check {
    /** A load at an index. */
    GATHER,
    /** A row that is written. */
    SCATTER
  }

  /** Copies the lists. */
  public Plan {
    bytes = List.copyOf(bytes);
    temps = List.copyOf(temps);
    tables = List.copyOf(tables);
    steps = List.copyOf(steps);
  }

  /** A plan of launches. */
  public Plan(List<Long> bytes, List<Long> temps, List<long[]> tables, List<Step> steps, @Nullable Check checked) {
    this(bytes, temps, tables, steps, checked, null);
  }

  /** A plan with nothing to do. */
  public static Plan nothing(List<Long> bytes) {
    return new Plan(bytes, List.of(), List.of(), List.of(), null);
  }
}
