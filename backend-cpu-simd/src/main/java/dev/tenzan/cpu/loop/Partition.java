package dev.tenzan.cpu.loop;

import dev.tenzan.kernel.LoopKernel;
import dev.tenzan.scalar.Instr;

/** How the points of a loop are shared out among threads. */
final class Partition {
  /**
   * The vector operations of one thread that are worth its hand-off: about 3 microseconds. The hand-off itself takes half of one, but the thread
   * finds everything that the caller has prepared in the cache of another core.
   */
  private static final double SHARE = 32 * 1024;

  /** So many parts for each thread differ too little in number to matter. */
  private static final int MANY = 8;

  /** A thread's tasks in a long job: enough that the others can take some where it comes late. */
  private static final int MOST_TASKS = 4;

  /** The shares of one task of these. Of shorter tasks others take too many, and find nothing of them in their caches. */
  private static final int SHARES_PER_TASK = 2;

  /** The threads that a kernel is worth. */
  final int threads;

  private final int tasksPerThread;

  Partition(LoopKernel kernel, LoopCompiler compiler) {
    this(work(kernel) / share(compiler), compiler.pool().threads());
  }

  /** Divides as much work as that of some {@link #SHARE shares} among at most so many threads. */
  Partition(double shares, int mostThreads) {
    this.threads = Math.clamp((long) shares, 1, mostThreads);
    this.tasksPerThread = Math.clamp((long) (shares / threads / SHARES_PER_TASK), 1, MOST_TASKS);
  }

  private static double share(LoopCompiler compiler) {
    if (compiler.use() == VectorUse.ALWAYS) {
      return 1;
    }
    VectorIsa isa = compiler.isa();
    return isa == null ? SHARE : SHARE * isa.bits() / Float.SIZE;
  }

  /** The operations of a kernel at all points; a byte that is loaded or stored counts as one, where they are more. */
  private static double work(LoopKernel kernel) {
    double operations = kernel.body().size() + (kernel.reduction() == null ? kernel.stores().size() : 1);
    double bytes = 0;
    for (Instr i : kernel.body().code()) {
      bytes +=
          switch (i) {
            case Instr.Load l -> l.storage().byteSize();
            case Instr.Gather g -> g.storage().byteSize();
            default -> 0;
          };
    }
    if (kernel.reduction() == null) {
      for (LoopKernel.Store s : kernel.stores()) {
        bytes += kernel.outputs().get(s.slot()).byteSize();
      }
    }
    return (double) kernel.space().size() * Math.max(1, kernel.reduced().size()) * Math.max(operations, bytes);
  }

  /** The tasks that so many units of work become. */
  int tasks(long units) {
    return (int) Math.min(units, (long) threads * tasksPerThread);
  }

  /**
   * The size of the parts of a dimension: {@code most} elements, or less where that gives each thread as many parts of about one size.
   *
   * @param others the number of parts into which the other dimensions divide each part of this one
   * @param step what the size is a multiple of, if it is less than {@code most}
   */
  int even(long extent, int most, long others, int step) {
    long parts = Math.ceilDiv(extent, most) * others;
    if (threads == 1 || parts >= (long) MANY * threads) {
      return most;
    }
    long wanted = Math.ceilDiv(Math.ceilDiv(parts, threads) * threads, others);
    long part = Math.ceilDiv(Math.ceilDiv(extent, wanted), step) * step;
    return (int) Math.min(most, part);
  }
}
