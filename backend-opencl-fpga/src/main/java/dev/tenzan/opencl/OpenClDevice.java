package dev.tenzan.opencl;

import dev.tenzan.error.ClosedException;
import dev.tenzan.error.DeviceMemoryException;
import dev.tenzan.error.IndexException;
import dev.tenzan.kernel.KernelSpec;
import dev.tenzan.opencl.driver.DeviceFacts;
import dev.tenzan.opencl.driver.DriverError;
import dev.tenzan.opencl.driver.OpenClDriver;
import dev.tenzan.opencl.plan.Arg;
import dev.tenzan.opencl.plan.Plan;
import dev.tenzan.opencl.plan.Planner;
import dev.tenzan.opencl.plan.Step;
import dev.tenzan.opencl.plan.Style;
import dev.tenzan.opencl.program.KernelSource;
import dev.tenzan.opencl.program.ProgramSource;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.ref.Cleaner;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * One OpenCL device: its context, its in-order queue, its memory and the kernels made for it. Launches and copies go through one
 * lock, as the arguments of an OpenCL kernel are state.
 */
final class OpenClDevice {
  private static final Cleaner CLEANER = Cleaner.create();
  private static final int MAX_KERNELS = 2048;
  private static final int MAX_PROGRAMS = 512;

  /** The status words: whether an index was bad, nothing, the index, the extent and the position, low halves first. */
  private static final long STATUS_BYTES = 64;

  /** Heap memory goes through a block of this size to devices that do not share the host's memory. */
  private static final long STAGING = 4L << 20;

  /** A mapping is a ByteBuffer, which ends below 2 GiB. */
  private static final long MAPPING = 1L << 30;

  final String name;
  final int index;
  final DeviceFacts facts;
  private final Style style;
  final BufferPool pool;
  private final OpenClDriver driver;
  private final OpenClDriver.DeviceId id;
  private final OpenClDriver.Context context;
  private final OpenClDriver.Queue queue;
  private final @Nullable Profile profile;
  private final ProgramSource programs;
  private final OpenClDriver.Memory status;
  private final MemorySegment statusWords = Arena.ofAuto().allocate(STATUS_BYTES, 8);
  private final Set<Handles> handles = ConcurrentHashMap.newKeySet();
  private boolean closed;

  private final Map<KernelSpec, OpenClKernel> kernels =
      new LinkedHashMap<>(256, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<KernelSpec, OpenClKernel> eldest) {
          return size() > MAX_KERNELS; // its handles go when nobody holds it any more
        }
      };

  private final LinkedHashMap<KernelSource, ProgramSource.Loaded> built = new LinkedHashMap<>(64, 0.75f, true);

  /** What an executable holds on the device. */
  private static final class Handles {
    private final List<OpenClDriver.Kernel> kernels = new ArrayList<>();
    private final List<OpenClDriver.Memory> tables = new ArrayList<>();
  }

  OpenClDevice(
      OpenClDriver driver,
      OpenClDriver.Platform platform,
      OpenClDriver.DeviceId id,
      DeviceFacts facts,
      int index,
      ProgramSettings settings) {
    this.driver = driver;
    this.id = id;
    this.facts = facts;
    this.name = "opencl:" + index;
    this.index = index;
    ProgramSettings.Chosen chosen = settings.choose(facts, name);
    this.style = chosen.style();
    this.context = driver.createContext(platform, id);
    try {
      this.profile = Profile.configured(driver, name, index);
      this.queue = driver.createQueue(context, id, profile != null);
      this.pool = new BufferPool(driver, context, name, index, facts.memoryBytes(), facts.maxAllocation());
      this.programs = chosen.open(driver, context, id, facts);
      this.status = driver.createBuffer(context, STATUS_BYTES);
      clearStatus();
    } catch (DriverError e) {
      driver.release(context);
      throw e;
    }
  }

  private void clearStatus() {
    statusWords.fill((byte) 0);
    driver.write(queue, status, 0, statusWords);
  }

  private void checkOpen(String what) {
    if (closed) {
      throw new ClosedException(what + ": the opencl backend is closed; open it again");
    }
  }

  /** The address of its {@code cl_device_id}. */
  long handle() {
    return driver.handle(id);
  }

  /** What the device's compiler says to a program; empty where it compiles. */
  String buildLog(String source) {
    try {
      driver.release(driver.buildSource(context, id, source, ""));
      return "";
    } catch (DriverError e) {
      return e.detail();
    }
  }

  synchronized OpenClKernel compile(KernelSpec kernel) {
    checkOpen("compile");
    OpenClKernel known = kernels.get(kernel);
    if (known == null) {
      known = Failures.guard(kernel.name(), name, () -> make(kernel));
      kernels.put(kernel, known);
    }
    return known;
  }

  private OpenClKernel make(KernelSpec kernel) {
    Plan plan = Planner.plan(kernel, style);
    for (long bytes : plan.temps()) {
      if (bytes > facts.maxAllocation()) {
        throw new DeviceMemoryException(
            kernel.name() + ": needs a scratch buffer of " + bytes + " bytes on " + name + ", which takes buffers of at most "
                + facts.maxAllocation() + " bytes; use smaller tensors");
      }
    }
    Handles own = new Handles();
    try {
      for (long[] table : plan.tables()) {
        own.tables.add(upload(table));
      }
      for (Step step : plan.steps()) {
        own.kernels.add(kernel(step, own.tables));
      }
    } catch (RuntimeException e) {
      release(own);
      throw e;
    }
    OpenClKernel made = new OpenClKernel(kernel, this, plan, List.copyOf(own.kernels), List.copyOf(own.tables));
    handles.add(own);
    CLEANER.register(made, () -> forget(own));
    return made;
  }

  private OpenClDriver.Memory upload(long[] table) {
    OpenClDriver.Memory memory = driver.createBuffer(context, Math.max(8, 8L * table.length));
    try (Arena arena = Arena.ofConfined()) {
      driver.write(queue, memory, 0, arena.allocateFrom(ValueLayout.JAVA_LONG, table));
      return memory;
    } catch (DriverError e) {
      driver.release(memory);
      throw e;
    }
  }

  private OpenClDriver.Kernel kernel(Step step, List<OpenClDriver.Memory> tables) {
    ProgramSource.Loaded p = program(step.source());
    OpenClDriver.Kernel k = driver.createKernel(p.program(), step.entry() + p.suffix());
    try {
      for (int i = 0; i < step.args().size(); i++) {
        switch (step.args().get(i)) {
          case Arg.OfInt v -> driver.setArgument(k, i, v.value());
          case Arg.OfLong v -> driver.setArgument(k, i, v.value());
          case Arg.Table t -> driver.setArgument(k, i, tables.get(t.index()));
          case Arg.Status _ -> driver.setArgument(k, i, status);
          case Arg.Slot _, Arg.Temp _ -> {} // set at each launch
        }
      }
      return k;
    } catch (DriverError e) {
      driver.release(k);
      throw e;
    }
  }

  private ProgramSource.Loaded program(KernelSource source) {
    ProgramSource.Loaded p = built.get(source);
    if (p == null) {
      p = programs.load(source);
      built.put(source, p);
      if (built.size() > MAX_PROGRAMS) {
        OpenClDriver.Program eldest = built.pollFirstEntry().getValue().program();
        driver.release(eldest); // kernels made from it keep it
      }
    }
    return p;
  }

  private void release(Handles h) {
    h.kernels.forEach(driver::release);
    h.tables.forEach(driver::release);
  }

  private void forget(Handles h) {
    if (handles.remove(h)) {
      release(h);
    }
  }

  /** Runs a kernel on buffers that have been checked. */
  synchronized void launch(OpenClKernel k, List<OpenClDriver.Memory> slots) {
    checkOpen("launch");
    String op = k.kernel().name();
    List<OpenClBuffer> temps = new ArrayList<>();
    try {
      Failures.run(op, name, () -> enqueue(k, slots, temps));
    } finally {
      temps.forEach(pool::free);
    }
    Plan.Check checked = k.plan().checked();
    if (checked != null) {
      Failures.run(op, name, () -> checkIndices(checked));
    }
  }

  private void enqueue(OpenClKernel k, List<OpenClDriver.Memory> slots, List<OpenClBuffer> temps) {
    for (long bytes : k.plan().temps()) {
      temps.add(pool.allocate(bytes));
    }
    List<Step> steps = k.plan().steps();
    for (int s = 0; s < steps.size(); s++) {
      Step step = steps.get(s);
      OpenClDriver.Kernel kernel = k.kernels().get(s);
      List<Arg> args = step.args();
      for (int i = 0; i < args.size(); i++) {
        if (args.get(i) instanceof Arg.Slot slot) {
          driver.setArgument(kernel, i, slots.get(slot.index()));
        } else if (args.get(i) instanceof Arg.Temp temp) {
          driver.setArgument(kernel, i, temps.get(temp.index()).memory);
        }
      }
      if (profile == null) {
        driver.enqueue(queue, kernel, step.global(), step.local());
      } else {
        // Steps of one source differ by their entry, sources of one kind by their hash.
        String name = k.kernel().name() + " " + step.entry() + " " + step.source().hash().substring(0, 8);
        profile.add(name, driver.enqueueTimed(queue, kernel, step.global(), step.local()));
      }
    }
    driver.flush(queue);
  }

  /**
   * Looks whether the launch met an index out of range. It waits for the launch: a result that is wrong must not be handed on.
   */
  private void checkIndices(Plan.Check check) {
    driver.read(queue, status, 0, statusWords);
    if (statusWords.get(ValueLayout.JAVA_INT, 0) == 0) {
      return;
    }
    long index = statusWords.get(ValueLayout.JAVA_LONG, 8);
    long extent = statusWords.get(ValueLayout.JAVA_LONG, 16);
    clearStatus();
    throw switch (check) {
      case GATHER -> IndexException.ofGather(index, extent);
      case SCATTER -> IndexException.ofScatter(index, statusWords.get(ValueLayout.JAVA_LONG, 24), extent);
    };
  }

  synchronized void copyIn(MemorySegment source, OpenClBuffer target, long offset) {
    checkOpen("copyIn");
    if (facts.sharesMemory()) {
      for (long at = 0; at < source.byteSize(); at += MAPPING) {
        long bytes = Math.min(MAPPING, source.byteSize() - at);
        MemorySegment mapped = driver.map(queue, target.memory, offset + at, bytes, true);
        MemorySegment.copy(source, at, mapped, 0, bytes);
        driver.unmap(queue, target.memory, mapped);
      }
    } else if (source.isNative()) {
      driver.write(queue, target.memory, offset, source);
    } else {
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment block = arena.allocate(Math.min(STAGING, Math.max(1, source.byteSize())));
        for (long at = 0; at < source.byteSize(); at += STAGING) {
          long bytes = Math.min(STAGING, source.byteSize() - at);
          MemorySegment.copy(source, at, block, 0, bytes);
          driver.write(queue, target.memory, offset + at, block.asSlice(0, bytes));
        }
      }
    }
  }

  synchronized void copyOut(OpenClBuffer source, long offset, MemorySegment target) {
    checkOpen("copyOut");
    if (facts.sharesMemory()) {
      for (long at = 0; at < target.byteSize(); at += MAPPING) {
        long bytes = Math.min(MAPPING, target.byteSize() - at);
        MemorySegment mapped = driver.map(queue, source.memory, offset + at, bytes, false);
        MemorySegment.copy(mapped, 0, target, at, bytes);
        driver.unmap(queue, source.memory, mapped);
      }
    } else if (target.isNative()) {
      driver.read(queue, source.memory, offset, target);
    } else {
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment block = arena.allocate(Math.min(STAGING, Math.max(1, target.byteSize())));
        for (long at = 0; at < target.byteSize(); at += STAGING) {
          long bytes = Math.min(STAGING, target.byteSize() - at);
          driver.read(queue, source.memory, offset + at, block.asSlice(0, bytes));
          MemorySegment.copy(block, 0, target, at, bytes);
        }
      }
    }
  }

  synchronized void synchronize() {
    checkOpen("synchronize");
    driver.finish(queue);
  }

  synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    try {
      driver.finish(queue);
    } catch (DriverError e) {
      // The device is gone; what it held is released all the same.
      System.getLogger("dev.tenzan.opencl").log(System.Logger.Level.WARNING, "close: {0}: {1}", name, e.getMessage());
    }
    if (profile != null) {
      profile.write();
    }
    kernels.clear();
    List.copyOf(handles).forEach(this::forget);
    built.values().forEach(p -> driver.release(p.program()));
    built.clear();
    programs.close();
    pool.close();
    driver.release(status);
    driver.release(queue);
    driver.release(context);
  }
}
