package dev.tenzan.cpu.machine;

import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Functions in machine code that are assembled once for each set of vector instructions, when they are first asked for. */
final class PerSet<T> {
  private final Map<VectorSet, Optional<T>> loaded = new EnumMap<>(VectorSet.class);
  private final Function<VectorSet, T> load;
  private final String consequence;

  /**
   * Functions to be loaded.
   *
   * @param load loads them with {@link MachineCode#load}
   * @param consequence what it means where the system refuses
   */
  PerSet(Function<VectorSet, T> load, String consequence) {
    this.load = load;
    this.consequence = consequence;
  }

  /** The functions of a set, or null where it cannot run here. */
  synchronized @Nullable T of(VectorSet set) {
    if (!set.canRun()) {
      return null;
    }
    return loaded.computeIfAbsent(set, s -> Optional.ofNullable(MachineCode.orWarn(() -> load.apply(s), consequence))).orElse(null);
  }
}
