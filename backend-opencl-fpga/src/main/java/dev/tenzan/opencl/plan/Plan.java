package dev.tenzan.opencl.plan;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How a kernel specification is run on a device.
 *
 * @param bytes the least size of each buffer in bytes, inputs first
 * @param temps the sizes of scratch buffers in bytes
 * @param tables constants in device memory, filled once
 * @param steps the launches in order
 * @param checked what is said of an index out of range, or null where no kernel has one to check
 */
public record Plan(
    List<Long> bytes, List<Long> temps, List<long[]> tables, List<Step> steps, @Nullable String checked) {
  /** Copies the lists. */
  public Plan {
    bytes = List.copyOf(bytes);
    temps = List.copyOf(temps);
    tables = List.copyOf(tables);
    steps = List.copyOf(steps);
  }
}
