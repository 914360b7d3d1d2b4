package dev.tenzan.cuda;

import dev.tenzan.cuda.driver.CudaDriver;
import dev.tenzan.cuda.driver.DeviceFacts;
import dev.tenzan.cuda.driver.DriverError;
import dev.tenzan.cuda.plan.FastWay;
import dev.tenzan.cuda.plan.LibraryWork;
import dev.tenzan.cuda.plan.Plan;
import dev.tenzan.cuda.plan.Planner;
import dev.tenzan.cuda.plan.Step;
import dev.tenzan.cuda.plan.Style;
import dev.tenzan.cuda.program.AssembledPrograms;
import dev.tenzan.cuda.program.KernelSource;
import dev.tenzan.cuda.program.ProgramSource;
import dev.tenzan.cuda.ptx.LoopPlanner;
import dev.tenzan.cuda.vendor.Libraries;
import dev.tenzan.cuda.vendor.LibraryError;
import dev.tenzan.error.ClosedException;
import dev.tenzan.error.DeviceException;
import dev.tenzan.error.DeviceMemoryException;
import dev.tenzan.error.IndexException;
import dev.tenzan.kernel.AttentionRun;
import dev.tenzan.kernel.ConvolutionKernel;
import dev.tenzan.kernel.KernelSpec;
import dev.tenzan.kernel.LoopKernel;
import dev.tenzan.kernel.MatMulKernel;
import dev.tenzan.kernel.RowRun;
import dev.tenzan.spi.BinaryCache;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.ref.Cleaner;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One CUDA device: its primary context, its stream, its memory and the kernels made for it. Launches and copies go through one lock, so
 * that they reach the stream in the order of the calls.
 */
final class CudaDevice implements BufferPool.Holder {
  private static final Cleaner CLEANER = Cleaner.create();
  private static final int MAX_KERNELS = 2048;
  private static final int MAX_MODULES = 512;

  /** The property that switches records of programs off. */
  private static final String GRAPHS = "tenzan.cuda.graphs";

  /** The property that says where attention is one kernel. */
  private static final String ATTENTION = "tenzan.cuda.attention";

  /** With more keys the products of a block's few rows take longer than writing and reading scores does: 128 were even on an H200, 300 not. */
  private static final long MOST_KEYS = 128;

  private static final System.Logger LOG = System.getLogger("dev.tenzan.cuda");

  /** So many launches are worth a record. */
  private static final int LEAST_RECORDED = 4;

  /** The status words: whether an index was bad, the index, the extent and the position, of 8 bytes each. */
  private static final long STATUS_BYTES = 32;

  final String name;
  final int index;
  final DeviceFacts facts;
  final BufferPool pool;
  final Failures failures;
  private final Style style;
  private final VendorLibraries library;
  private @Nullable Style fastProducts;
  private @Nullable Style fastConvolutions;
  private final CudaDriver driver;
  private final CudaDriver.Context context;
  private final CudaDriver.Stream stream;
  private final Staging staging;
  private final ProgramSource programs;
  private final CudaBuffer status;
  private final MemorySegment statusWords = Arena.ofAuto().allocate(STATUS_BYTES, 8);
  private final Set<Handles> handles = new HashSet<>();
  private final Set<RecordedProgram.Records> records = new HashSet<>();

  /** Launches that wait for the last of their program; null where none do. */
  private @Nullable LaunchSequence held;

  /** From before the first of them to behind the last one's launch. */
  private volatile boolean holding;

  private boolean closed;

  private final Map<KernelSpec, CudaKernel> kernels =
      new LinkedHashMap<>(256, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<KernelSpec, CudaKernel> eldest) {
          return size() > MAX_KERNELS; // its handles go when nobody holds it any more
        }
      };

  private final Map<KernelSource, Loaded> modules = new LinkedHashMap<>(64, 0.75f, true);

  /** A loaded module. Its functions end with it, so it stays while an executable uses it. */
  private static final class Loaded {
    private final CudaDriver.Module module;
    private int users;

    Loaded(CudaDriver.Module module) {
      this.module = module;
    }
  }

  /** What an executable holds on the device. */
  private static final class Handles {
    private final List<Loaded> modules = new ArrayList<>();
    private final List<CudaBuffer> tables = new ArrayList<>();
  }

  /**
   * Opens a device.
   *
   * @param ordinal the driver's number for it
   * @param index the backend's number for it
   * @param libraries finds NVIDIA's
   */
  CudaDevice(
      CudaDriver driver, int ordinal, DeviceFacts facts, String name, int index, Failures failures, @Nullable BinaryCache cache,
      Libraries libraries) {
    this.driver = driver;
    this.facts = facts;
    this.name = name;
    this.index = index;
    this.failures = failures;
    this.style = Style.of(facts);
    this.context = driver.retain(ordinal);
    try {
      this.stream = driver.createStream(context);
    } catch (DriverError e) {
      driver.release(context);
      throw e;
    }
    this.pool = new BufferPool(driver, context, name, index, facts.memoryBytes(), this);
    this.library = new VendorLibraries(driver, stream, pool, libraries);
    this.staging = new Staging(driver, context, stream);
    this.programs = new AssembledPrograms(driver, context, facts, cache);
    try {
      this.status = pool.reserve(STATUS_BYTES);
      staging.copyIn(statusWords, status.address);
    } catch (RuntimeException | Error e) {
      release();
      throw e;
    }
  }

  private void release() {
    staging.close();
    pool.close();
    driver.release(stream);
    driver.release(context);
  }

  private void checkOpen(String what) {
    if (closed) {
      throw new ClosedException(what + ": the cuda backend is closed; open it again");
    }
  }

  synchronized CudaKernel compile(KernelSpec kernel) {
    checkOpen("compile");
    CudaKernel known = kernels.get(kernel);
    if (known == null) {
      known = failures.guard(kernel.name(), () -> make(kernel));
      kernels.put(kernel, known);
    }
    return known;
  }

  /** A run as one kernel, or null where its kernels are better launched one by one. */
  synchronized @Nullable CudaKernel compile(RowRun run) {
    checkOpen("compile");
    Plan plan = LoopPlanner.plan(run, style);
    LoopKernel first = run.parts().getFirst().kernel();
    return plan == null ? null : failures.guard(first.name(), () -> make(first, plan, true));
  }

  /** Whether one kernel is as fast as three, or {@code -Dtenzan.cuda.attention} asks for one wherever it fits ({@code whole}), or for none. */
  private static boolean isWanted(AttentionRun run) {
    return switch (System.getProperty(ATTENTION, "auto").strip().toLowerCase(Locale.ROOT)) {
      case "whole" -> true;
      case "off" -> false;
      case "auto" -> run.scores().n() <= MOST_KEYS;
      case String other -> throw new DeviceException("-D" + ATTENTION + ": '" + other + "' is none of auto, whole and off; give one of them");
    };
  }

  /** Attention as one kernel, or null where its kernels run as well one by one; errors name its first product. */
  synchronized @Nullable CudaKernel compile(AttentionRun run) {
    checkOpen("compile");
    Plan plan = isWanted(run) ? LoopPlanner.plan(run, style) : null;
    return plan == null ? null : failures.guard("attention", () -> make(run.scores(), plan, true));
  }

  /** The style in which a kernel is planned: the fast mode has more ways, which are looked for with the first kernel that may take them. */
  private Style style(KernelSpec kernel) {
    return switch (kernel) {
      case MatMulKernel k when !k.numerics().isReproducible() && k.input().isFloat() -> {
        if (fastProducts == null) {
          fastProducts = fast(library.multiplies(fastProperty()));
        }
        yield fastProducts;
      }
      case ConvolutionKernel k when !k.numerics().isReproducible() && k.dtype().isFloat() -> {
        if (fastConvolutions == null) {
          fastConvolutions = fast(library.convolves(fastProperty()));
        }
        yield fastConvolutions;
      }
      default -> style;
    };
  }

  private static String fastProperty() {
    return System.getProperty(FastWay.PROPERTY, "auto");
  }

  private Style fast(boolean isThere) {
    return style.with(FastWay.of(facts.capability(), driver.hasTensorMaps(), isThere, fastProperty()));
  }

  private CudaKernel make(KernelSpec kernel) {
    return make(kernel, Planner.plan(kernel, style(kernel)));
  }

  private CudaKernel make(KernelSpec kernel, Plan plan) {
    return make(kernel, plan, false);
  }

  /**
   * Makes a plan ready.
   *
   * @param kernel what it runs, or of a run the kernel that names it
   */
  private CudaKernel make(KernelSpec kernel, Plan plan, boolean run) {
    Handles own = new Handles();
    List<PreparedLaunch> launches = new ArrayList<>();
    try {
      if (!plan.tables().isEmpty()) {
        launchHeld(); // which may use the blocks that tables get
      }
      for (long[] table : plan.tables()) {
        CudaBuffer memory = pool.reserve(Math.max(1, 8L * table.length));
        own.tables.add(memory);
        staging.copyIn(MemorySegment.ofArray(table), memory.address);
      }
      for (Step step : plan.steps()) {
        Loaded loaded = module(step.source());
        loaded.users++;
        own.modules.add(loaded);
        CudaDriver.Function function = driver.function(loaded.module, step.entry());
        if (step.shared() > DeviceFacts.SHARED_BYTES) {
          driver.allowShared(function, step.shared());
        }
        launches.add(new PreparedLaunch(step, function, plan.bytes().size(), own.tables, status));
      }
    } catch (RuntimeException e) {
      release(own);
      throw e;
    }
    CudaKernel made = new CudaKernel(kernel, this, plan, List.copyOf(launches), run);
    handles.add(own);
    CLEANER.register(made, () -> forget(own));
    return made;
  }

  private Loaded module(KernelSource source) {
    Loaded known = modules.get(source);
    if (known == null) {
      known = new Loaded(programs.load(source));
      modules.put(source, known);
      if (modules.size() > MAX_MODULES) {
        dropUnused(known);
      }
    }
    return known;
  }

  /** Unloads the modules that nobody uses, after all kernels that may still run. */
  private void dropUnused(Loaded keep) {
    launchHeld();
    driver.synchronize(stream);
    for (Iterator<Loaded> all = modules.values().iterator(); all.hasNext(); ) {
      Loaded l = all.next();
      if (l.users == 0 && l != keep) {
        driver.unload(l.module);
        all.remove();
      }
    }
  }

  private void release(Handles h) {
    h.modules.forEach(m -> m.users--);
    h.tables.forEach(pool::free);
  }

  private synchronized void forget(Handles h) {
    if (handles.remove(h)) {
      release(h);
    }
  }

  /** What repeats a program's launches; null where {@code -Dtenzan.cuda.graphs=off} says so. */
  synchronized @Nullable RecordedProgram replay() {
    if (System.getProperty(GRAPHS, "on").equals("off")) {
      return null;
    }
    RecordedProgram program = new RecordedProgram(this);
    RecordedProgram.Records mine = program.records();
    records.add(mine);
    CLEANER.register(program, () -> forget(mine));
    return program;
  }

  private synchronized void forget(RecordedProgram.Records gone) {
    if (records.remove(gone)) {
      gone.release(driver);
    }
  }

  /** Holds a program's launches back until all have come, and lets it launch them. */
  synchronized void run(RecordedProgram program, Runnable launches) {
    checkOpen("launch");
    LaunchSequence mine = new LaunchSequence();
    held = mine;
    holding = true;
    try {
      launches.run();
      held = null;
      launch(program, mine);
    } finally {
      held = null; // what was held when something went wrong is not launched: nobody is given its results
      holding = false;
    }
  }

  private void launch(RecordedProgram program, LaunchSequence sequence) {
    try {
      if (sequence.isBroken() || sequence.launches() < LEAST_RECORDED) {
        sequence.forEach(this::enqueueLaunches);
      } else {
        program.launch(sequence, driver, stream, this::enqueueLaunches);
      }
    } catch (DriverError e) {
      throw failures.noted(sequence.name(), e);
    }
  }

  @Override
  public boolean isHolding() {
    return holding;
  }

  @Override
  public synchronized <T> T settled(Supplier<T> action) {
    launchHeld();
    return action.get();
  }

  /** Launches what is held back: something comes that must find it done. */
  private void launchHeld() {
    LaunchSequence h = held;
    if (h != null) {
      h.drain(this::enqueueLaunches);
    }
  }

  private void enqueueLaunches(CudaKernel k, long[] addresses) {
    for (PreparedLaunch launch : k.launches()) {
      launch.run(driver, context, stream, addresses);
    }
  }

  /**
   * Runs a kernel on buffers that have been checked.
   *
   * @param addresses those of the buffers, and behind them room for those of the scratch buffers
   */
  synchronized void launch(CudaKernel k, long[] addresses) {
    checkOpen("launch");
    String op = k.kernel().name();
    failures.checkThere(op);
    try {
      if (k.plan().library() != null) {
        launchHeld();
      }
      enqueue(k, addresses);
      Plan.Check checked = k.plan().checked();
      if (checked != null) {
        launchHeld();
        checkIndices(checked);
      }
    } catch (DriverError e) {
      throw failures.noted(op, e);
    } catch (LibraryError e) {
      throw Failures.typed(op, name, e);
    }
  }

  private void enqueue(CudaKernel k, long[] addresses) {
    CudaKernel tried = k;
    try {
      if (!enqueueWhole(k, addresses)) {
        tried = own(k);
        enqueueWhole(tried, withRoom(tried, addresses));
      }
    } catch (DeviceMemoryException e) {
      CudaKernel frugal = k.isRun() ? k : frugal(k);
      if (scratchBytes(frugal) >= scratchBytes(tried)) {
        throw e;
      }
      LOG.log(System.Logger.Level.DEBUG, "{0}: {1} goes with less scratch memory: {2}", name, k.kernel().name(), e.getMessage());
      enqueueWhole(frugal, withRoom(frugal, addresses));
    }
  }

  /** The addresses of the buffers, with room for those of a kernel's scratch buffers. */
  private static long[] withRoom(CudaKernel k, long[] addresses) {
    return Arrays.copyOf(addresses, k.plan().bytes().size() + k.plan().temps().size());
  }

  private static long scratchBytes(CudaKernel k) {
    return k.plan().temps().stream().mapToLong(Long::longValue).sum();
  }

  /** The kernel without the library. */
  private CudaKernel own(CudaKernel k) {
    CudaKernel known = k.own;
    if (known == null) {
      Style all = style(k.kernel());
      known = make(k.kernel(), Planner.plan(k.kernel(), all.withoutLibrary()));
      k.own = known;
    }
    return known;
  }

  /** The kernel for a device whose memory is taken. */
  private CudaKernel frugal(CudaKernel k) {
    CudaKernel known = k.frugal;
    if (known == null) {
      known = make(k.kernel(), Planner.plan(k.kernel(), style(k.kernel()).frugal()));
      k.frugal = known;
    }
    return known;
  }

  /** Queues what a library does for a kernel, if anything, and its launches; not where the library declines. */
  private boolean enqueueWhole(CudaKernel k, long[] addresses) {
    List<CudaBuffer> temps = new ArrayList<>();
    try {
      for (long bytes : k.plan().temps()) {
        CudaBuffer temp = pool.allocate(bytes);
        addresses[k.plan().bytes().size() + temps.size()] = temp.address;
        temps.add(temp);
      }
      LibraryWork work = k.plan().library();
      if (work != null && !library.run(work, addresses)) {
        return false;
      }
      LaunchSequence h = held;
      if (h != null) {
        h.add(k, addresses);
      } else {
        enqueueLaunches(k, addresses);
      }
      return true;
    } finally {
      temps.forEach(pool::free);
    }
  }

  /**
   * Looks whether the launch met an index out of range. It waits for the launch: a result that is wrong must not be handed on.
   */
  private void checkIndices(Plan.Check check) {
    staging.copyOut(status.address, statusWords);
    if (statusWords.get(ValueLayout.JAVA_INT, 0) == 0) {
      return;
    }
    long bad = statusWords.get(ValueLayout.JAVA_LONG, 8);
    long extent = statusWords.get(ValueLayout.JAVA_LONG, 16);
    long position = statusWords.get(ValueLayout.JAVA_LONG, 24);
    statusWords.fill((byte) 0);
    staging.copyIn(statusWords, status.address);
    throw switch (check) {
      case GATHER -> IndexException.ofGather(bad, extent);
      case SCATTER -> IndexException.ofScatter(bad, position, extent);
    };
  }

  synchronized void copyIn(MemorySegment source, CudaBuffer target, long offset) {
    checkOpen("copyIn");
    launchHeld();
    staging.copyIn(source, target.address + offset);
  }

  synchronized void copyOut(CudaBuffer source, long offset, MemorySegment target) {
    checkOpen("copyOut");
    launchHeld();
    staging.copyOut(source.address + offset, target);
  }

  /**
   * Copies to this device or another one, behind the work of both. Each then waits for the copy with its later work: what was read may be
   * written again. The host waits for nothing.
   */
  void copy(long from, CudaDevice taker, long to, long bytes) {
    CudaDevice first = index <= taker.index ? this : taker;
    CudaDevice second = first == this ? taker : this;
    synchronized (first) {
      synchronized (second) {
        checkOpen("copy");
        taker.checkOpen("copy");
        failures.run("copy", this::launchHeld);
        taker.failures.run("copy", taker::launchHeld);
        if (taker == this) {
          failures.run("copy", () -> driver.copy(stream, from, to, bytes));
          return;
        }
        taker.beforeIts(this, () -> driver.copyPeer(stream, context, from, taker.context, to, bytes));
        beforeIts(taker, () -> {});
      }
    }
  }

  /** Lets another device wait for all that was queued here, and then queue something. Errors are of the device whose queue takes a call. */
  private void beforeIts(CudaDevice other, Runnable next) {
    CudaDriver.Event done =
        failures.guard("copy", () -> {
          CudaDriver.Event event = driver.createEvent(context);
          try {
            driver.record(event, stream);
          } catch (DriverError e) {
            driver.release(event);
            throw e;
          }
          return event;
        });
    try {
      other.failures.run("copy", () -> {
        driver.await(other.stream, done);
        next.run();
      });
    } finally {
      driver.release(done);
    }
  }

  synchronized void synchronize() {
    checkOpen("synchronize");
    launchHeld();
    driver.synchronize(stream);
  }

  synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    try {
      driver.synchronize(stream);
    } catch (DriverError e) {
      // The device is gone; what it held is released all the same.
      LOG.log(System.Logger.Level.WARNING, "close: {0}: {1}", name, e.getMessage());
    }
    library.close();
    records.forEach(r -> r.release(driver));
    records.clear();
    kernels.clear();
    handles.clear();
    modules.values().forEach(m -> driver.unload(m.module));
    modules.clear();
    release();
  }
}
