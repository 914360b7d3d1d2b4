package dev.tenzan.cpu.gemm;

import dev.tenzan.cpu.ThreadBuffer;
import java.lang.foreign.MemorySegment;
import java.util.function.IntSupplier;
import org.jspecify.annotations.Nullable;

/** Working memory of each thread for packed panels of an operand. It remembers what it holds, for the next task of a run may need the same. */
final class PanelBuffer {
  /**
   * Panels of an operand, of some blocks of k.
   *
   * @param run the run of a product, of which no other one has the number
   * @param batch the product of the batch
   * @param panel the first panel
   * @param endPanel the end of the panels
   * @param block the first block of k
   * @param endBlock the end of the blocks
   */
  record Part(long run, long batch, long panel, long endPanel, long block, long endBlock) {}

  private record Held(Part part, long address, int least) {}

  private final ThreadBuffer buffer = new ThreadBuffer();
  private final ThreadLocal<@Nullable Held> held = new ThreadLocal<>();

  /** The calling thread's memory, of at least so many bytes. */
  MemorySegment atLeast(long bytes) {
    return buffer.atLeast(bytes);
  }

  /**
   * Packs panels, unless the calling thread has packed them last.
   *
   * @param memory where they are to lie, by {@link #atLeast}
   * @param pack packs them; gives the least biased exponent of bf16 numbers
   * @return that least exponent
   */
  int pack(MemorySegment memory, Part part, IntSupplier pack) {
    Held known = held.get();
    if (known != null && known.address == memory.address() && known.part.equals(part)) {
      return known.least;
    }
    held.remove();
    int least = pack.getAsInt();
    held.set(new Held(part, memory.address(), least));
    return least;
  }
}
