package dev.tenzan.cuda.sim;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * A simulated device that runs the kernels of a {@link PtxModule} on the host's threads, a block on one of them at a time. Results are the
 * same each time, but for the order in which blocks' atomic operations meet. What would go wrong on a device is thrown as a
 * {@link SimException}.
 */
public final class Simulator {
  /** The threads that a block has at most. */
  public static final int MAX_BLOCK_THREADS = 1024;

  private final int threads;
  private final Limits limits;
  private final @Nullable ExecutorService workers;
  private final LongAdder executed = new LongAdder();

  /**
   * What a device allows and what is looked for: shared memory of a block in bytes, whether races between a block's threads in shared
   * memory and reads of shared memory that nothing has written are findings, and after how many backward branches a block counts as one
   * that does not end.
   */
  public record Limits(long sharedBytes, boolean findRaces, boolean findUninitialised, long backwardBranches) {
    /** The limits of a small device with 48 KiB of shared memory, which finds all it can. */
    public static final Limits DEFAULT = new Limits(48 << 10, true, true, 1L << 32);

    /** The same with another amount of shared memory. */
    public Limits withSharedBytes(long bytes) {
      return new Limits(bytes, findRaces, findUninitialised, backwardBranches);
    }
  }

  /** A device that uses all of the host's processors. */
  public Simulator() {
    this(Runtime.getRuntime().availableProcessors(), Limits.DEFAULT);
  }

  /** A device that uses some of the host's processors. */
  public Simulator(int threads, Limits limits) {
    if (threads < 1) {
      throw new IllegalArgumentException("simulator: " + threads + " threads");
    }
    this.threads = threads;
    this.limits = limits;
    this.workers = threads == 1 ? null : workers(threads - 1);
  }

  private static ExecutorService workers(int count) {
    ThreadPoolExecutor pool = new ThreadPoolExecutor(count, count, 1, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), task -> {
      Thread thread = Executors.defaultThreadFactory().newThread(task);
      thread.setName("tenzan-cuda-sim");
      thread.setDaemon(true);
      return thread;
    });
    pool.allowCoreThreadTimeOut(true); // so that a simulator needs no closing
    return pool;
  }

  /** How many instructions all launches together have executed, counted once for each thread that executed them. */
  public long executedInstructions() {
    return executed.sum();
  }

  /** Launches a kernel and waits for it; the parameters lie as the kernel's {@link PtxModule.Kernel#parameters layout} says. */
  public void launch(PtxModule module, String kernel, int gridX, int gridY, int gridZ, int blockX, int blockY, int blockZ,
      int dynamicSharedBytes, byte[] parameters, SimMemory memory) {
    launch(module, kernel, gridX, gridY, gridZ, blockX, blockY, blockZ, dynamicSharedBytes, MemorySegment.ofArray(parameters), memory);
  }

  /** Launches a kernel and waits for it; the parameters lie as the kernel's {@link PtxModule.Kernel#parameters layout} says. */
  public void launch(PtxModule module, String kernel, int gridX, int gridY, int gridZ, int blockX, int blockY, int blockZ,
      int dynamicSharedBytes, MemorySegment parameters, SimMemory memory) {
    PtxModule.Kernel k = module.kernel(kernel);
    int[] grid = {gridX, gridY, gridZ};
    int[] block = {blockX, blockY, blockZ};
    check(k, grid, block, dynamicSharedBytes, parameters.byteSize());
    Region region = new Region(0, k.parameterBytes(), false, true);
    MemorySegment.copy(parameters, 0, region.data, 0, k.parameterBytes());
    Launch.Checks checks = new Launch.Checks(limits.findRaces(), limits.findUninitialised(), Math.max(1, limits.backwardBranches() / 4096));
    Launch launch = new Launch(module, k.program(), memory, region, grid, block, dynamicSharedBytes, checks);
    run(launch, (long) gridX * gridY * gridZ);
    executed.add(launch.executed());
    Throwable failure = launch.failure();
    if (failure instanceof Error e) {
      throw e;
    } else if (failure instanceof RuntimeException e) {
      throw e;
    }
  }

  private void run(Launch launch, long blocks) {
    int helpers = (int) Math.min(threads, blocks) - 1;
    if (workers == null || helpers < 1) {
      launch.run();
      return;
    }
    Future<?>[] futures = new Future<?>[helpers];
    for (int i = 0; i < helpers; i++) {
      futures[i] = workers.submit(launch);
    }
    launch.run();
    boolean interrupted = false;
    for (Future<?> f : futures) {
      interrupted |= await(f);
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** Waits for a helper; whether this thread was interrupted meanwhile. */
  private static boolean await(Future<?> future) {
    boolean interrupted = false;
    while (true) {
      try {
        future.get();
        return interrupted;
      } catch (InterruptedException e) {
        interrupted = true;
      } catch (java.util.concurrent.ExecutionException e) {
        throw new IllegalStateException(e); // a launch keeps its failures to itself
      }
    }
  }

  private void check(PtxModule.Kernel k, int[] grid, int[] block, int dynamicSharedBytes, long parameterBytes) {
    String name = k.name();
    for (int i = 0; i < 3; i++) {
      int gridLimit = i == 0 ? Integer.MAX_VALUE : 65535;
      int blockLimit = i == 2 ? 64 : MAX_BLOCK_THREADS;
      if (grid[i] < 1 || grid[i] > gridLimit) {
        throw SimException.ofLaunch(name, "a grid of " + text(grid) + " blocks is beyond the device's limits, 2147483647 x 65535 x 65535");
      }
      if (block[i] < 1 || block[i] > blockLimit) {
        throw SimException.ofLaunch(name, "a block of " + text(block) + " threads is beyond the device's limits, 1024 x 1024 x 64");
      }
    }
    int count = block[0] * block[1] * block[2];
    if (count > MAX_BLOCK_THREADS) {
      throw SimException.ofLaunch(name, "a block of " + text(block) + " threads has " + count + ", more than " + MAX_BLOCK_THREADS);
    }
    int[] required = k.requiredThreads();
    if (required[0] != 0 && !Arrays.equals(required, block)) {
      throw SimException.ofLaunch(name, "the kernel requires blocks of " + text(required) + " threads, not " + text(block));
    }
    int[] maximum = k.maximumThreads();
    if (maximum[0] != 0 && count > maximum[0] * maximum[1] * maximum[2]) {
      throw SimException.ofLaunch(name, "the kernel is compiled for blocks of at most " + text(maximum) + " threads, not " + text(block));
    }
    long shared = (long) k.sharedBytes() + dynamicSharedBytes;
    if (dynamicSharedBytes < 0 || shared > limits.sharedBytes()) {
      throw SimException.ofLaunch(name, shared + " bytes of shared memory are more than the device's " + limits.sharedBytes());
    }
    if (parameterBytes < k.parameterBytes()) {
      throw SimException.ofLaunch(name, "the kernel has " + k.parameterBytes() + " bytes of parameters, not " + parameterBytes);
    }
    Instruction unsupported = k.unsupported();
    if (unsupported != null) {
      throw SimException.ofInstruction(name, "unsupported instruction", unsupported.at);
    }
  }

  private static String text(int[] extents) {
    return extents[0] + " x " + extents[1] + " x " + extents[2];
  }
}
