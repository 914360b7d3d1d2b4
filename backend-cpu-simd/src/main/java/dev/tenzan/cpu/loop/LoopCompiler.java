package dev.tenzan.cpu.loop;

import dev.tenzan.cpu.CpuPool;
import dev.tenzan.cpu.machine.VectorSet;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Makes generated classes and keeps the most recently used ones, by structure. Safe for use by several threads. */
public final class LoopCompiler {
  /**
   * Results of so many bytes pass the caches by, whose lines need not be read first then, and in which hardly anybody would find them again:
   * from here on a loop that reads what another one has stored was faster, too.
   */
  public static final long STREAMED = 16L << 20;

  private static final int MAX_CLASSES = 1024;

  private final CpuPool pool;
  private final @Nullable VectorIsa isa;
  private final VectorUse use;
  private final @Nullable VectorSet machine;
  private final long streamed;

  private final Map<LoopBody, CompiledLoop> classes =
      new LinkedHashMap<>(256, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<LoopBody, CompiledLoop> eldest) {
          return size() > MAX_CLASSES;
        }
      };

  /**
   * Creates a compiler.
   *
   * @param pool the threads that loops run on
   * @param isa what the vectors can do, or null to use scalar code only
   * @param use when vectors of the Vector API are used
   * @param machine the vectors of the machine code in which loops run where it does what they do; null for none
   * @param streamed from how many bytes on results pass the caches by, where loops run in machine code
   */
  public LoopCompiler(CpuPool pool, @Nullable VectorIsa isa, VectorUse use, @Nullable VectorSet machine, long streamed) {
    this.pool = pool;
    this.isa = isa;
    this.use = use;
    this.machine = machine;
    this.streamed = streamed;
  }

  CpuPool pool() {
    return pool;
  }

  @Nullable VectorIsa isa() {
    return isa;
  }

  VectorUse use() {
    return use;
  }

  /** The vectors of the machine code in which loops and scans run, where there is some for them; null for none. */
  public @Nullable VectorSet machine() {
    return machine;
  }

  /** Whether results of so many bytes pass the caches by. */
  public boolean streams(long bytes) {
    return bytes >= streamed;
  }

  /** The number of generated classes that are kept. */
  public int size() {
    synchronized (classes) {
      return classes.size();
    }
  }

  /** Whether a body is run in a single pass, with vectors and without. */
  boolean isSinglePass(LoopBody body) {
    return CompiledLoop.isSinglePass(body, isa);
  }

  CompiledLoop compile(LoopBody body) {
    synchronized (classes) {
      CompiledLoop known = classes.get(body);
      if (known == null) {
        known = new CompiledLoop(body, isa, use, machine);
        classes.put(body, known);
      }
      return known;
    }
  }
}
