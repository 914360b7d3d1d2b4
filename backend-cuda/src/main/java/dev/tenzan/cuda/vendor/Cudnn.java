package dev.tenzan.cuda.vendor;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.tenzan.type.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Convolutions of cuDNN on one device, through its graph interface. What the library chose for a shape is kept, as asking takes longer than
 * many convolutions.
 *
 * <p>The library works on the context that is current on the calling thread. Calls of one instance must not overlap.
 *
 * <p>The numbers here are those of {@code cudnn_graph.h}; they are the same in cuDNN 8 and 9.
 */
public final class Cudnn implements AutoCloseable {
  /** The most memory of the device that a convolution works in. */
  public static final long MOST_WORKSPACE = 1L << 30;

  private static final int MAX_PLANS = 256;

  /** The engines to look at for a shape: the library names the fastest first. */
  private static final int CANDIDATES = 32;

  /** No kernel asks for more; an operand's address is a multiple of it or of its element's size. */
  private static final long ALIGNMENT = 16;

  private static final int CONVOLUTION = 1;
  private static final int ENGINE = 2;
  private static final int ENGINE_CONFIG = 3;
  private static final int ENGINE_HEURISTICS = 4;
  private static final int EXECUTION_PLAN = 5;
  private static final int FORWARD = 10;
  private static final int BY_WEIGHTS = 11;
  private static final int BY_INPUT = 12;
  private static final int OPERATION_GRAPH = 15;
  private static final int VARIANT_PACK = 16;
  private static final int TENSOR = 17;

  private static final int TYPE_HANDLE = 0;
  private static final int TYPE_DATA_TYPE = 1;
  private static final int TYPE_INT64 = 3;
  private static final int TYPE_FLOAT = 4;
  private static final int TYPE_POINTER = 6;
  private static final int TYPE_CONVOLUTION_MODE = 7;
  private static final int TYPE_HEURISTICS_MODE = 8;
  private static final int TYPE_NUMERICAL_NOTE = 11;
  private static final int TYPE_DESCRIPTOR = 15;

  private static final int CONVOLUTION_COMPUTE = 100;
  private static final int CONVOLUTION_MODE = 101;
  private static final int CONVOLUTION_DILATIONS = 102;
  private static final int CONVOLUTION_STRIDES = 103;
  private static final int CONVOLUTION_BEHIND = 104;
  private static final int CONVOLUTION_BEFORE = 105;
  private static final int CONVOLUTION_AXES = 106;
  private static final int HEURISTICS_MODE = 200;
  private static final int HEURISTICS_GRAPH = 201;
  private static final int HEURISTICS_RESULTS = 202;
  private static final int CONFIG_ENGINE = 300;
  private static final int PLAN_HANDLE = 400;
  private static final int PLAN_CONFIG = 401;
  private static final int PLAN_WORKSPACE = 402;
  private static final int GRAPH_HANDLE = 800;
  private static final int GRAPH_OPERATIONS = 801;
  private static final int TENSOR_ALIGNMENT = 900;
  private static final int TENSOR_TYPE = 901;
  private static final int TENSOR_DIMS = 902;
  private static final int TENSOR_STRIDES = 903;
  private static final int TENSOR_ID = 906;
  private static final int PACK_IDS = 1000;
  private static final int PACK_POINTERS = 1001;
  private static final int PACK_WORKSPACE = 1003;
  private static final int ENGINE_NOTES = 1303;

  private static final int CROSS_CORRELATION = 1;

  /** The library's best guesses, and engines that do nearly everything, slowly. */
  private static final int[] HEURISTICS = {3, 2};

  private static final int NOTES = 32;
  private static final int NOTE_DOWN_CONVERT = 1;

  /**
   * Engines that the bound of {@code Numerics.FAST} does not allow: sums in less than f32, transforms (FFT, Winograd), whose errors are
   * not those of a sum of products.
   */
  private static final Set<Integer> BARRED = Set.of(2, 3, 5, 6, 7, 8);

  private final DnnLibrary library;
  private final Runnable finish;
  private final int maxPlans;
  private final Map<Key, Optional<Plan>> plans = new LinkedHashMap<>(64, 0.75f, true);
  private final Arena arena = Arena.ofAuto();
  private final MemorySegment slot = arena.allocate(8, 8);
  private final MemorySegment count = arena.allocate(8, 8);
  private final MemorySegment numbers = arena.allocate(8L * CANDIDATES, 8);
  private final MemorySegment handle;
  private long stream;
  private boolean closed;

  private record Key(DnnShape shape, boolean first, boolean second) {}

  /** The attributes of an operation: what it is made as, the convolution, the two operands, the result, and the two factors. */
  private record Attributes(int descriptor, int convolution, int first, int second, int result, int alpha, int beta) {
    static Attributes of(DnnShape.Kind kind) {
      return switch (kind) {
        case FORWARD -> new Attributes(FORWARD, 702, 704, 703, 705, 700, 701);
        case BY_INPUT -> new Attributes(BY_INPUT, 708, 711, 709, 710, 706, 707);
        case BY_WEIGHTS -> new Attributes(BY_WEIGHTS, 714, 716, 717, 715, 712, 713);
      };
    }
  }

  /** What the library chose. */
  public final class Plan {
    private final MemorySegment plan;
    private final MemorySegment config;
    private final long workspace;

    private Plan(MemorySegment plan, MemorySegment config, long workspace) {
      this.plan = plan;
      this.config = config;
      this.workspace = workspace;
    }

    /** The bytes of the device's memory in which it works. */
    public long workspace() {
      return workspace;
    }

    /**
     * Queues the convolution.
     *
     * @param first the address of the first operand's first element on the device
     * @param second the address of the second operand's
     * @param result the address of the result
     * @param memory the address of {@link #workspace} bytes, aligned to 256
     * @param queue the native handle of a stream of the current context
     * @throws LibraryError where a call fails
     */
    public void run(long first, long second, long result, long memory, long queue) {
      if (queue != stream) {
        library.checked(library.setStream, handle, queue);
        stream = queue;
      }
      Scope own = new Scope();
      try {
        MemorySegment pack = own.made(VARIANT_PACK);
        longs(pack, PACK_POINTERS, TYPE_POINTER, List.of(first, second, result));
        longs(pack, PACK_IDS, TYPE_INT64, List.of(1L, 2L, 3L));
        longs(pack, PACK_WORKSPACE, TYPE_POINTER, List.of(memory));
        library.checked(library.complete, pack);
        library.checked(library.execute, handle, plan, pack);
      } finally {
        own.release();
      }
    }
  }

  /** Descriptors that are released together. */
  private final class Scope {
    private final List<MemorySegment> all = new ArrayList<>();

    MemorySegment made(int kind) {
      library.checked(library.make, kind, slot);
      MemorySegment it = slot.get(ADDRESS, 0);
      all.add(it);
      return it;
    }

    /** Keeps a descriptor from being released. */
    void keep(MemorySegment it) {
      all.remove(it);
    }

    void release() {
      all.reversed().forEach(it -> released(it));
      all.clear();
    }
  }

  private void released(MemorySegment descriptor) {
    library.release.status(descriptor);
  }

  private void released(Plan plan) {
    released(plan.plan);
    released(plan.config);
  }

  /**
   * Opens the library on the device whose context is current.
   *
   * @param finish waits until what was queued is done
   * @throws LibraryError where the library does not start, as with a driver that is older than it
   */
  public Cudnn(DnnLibrary library, Runnable finish) {
    this(library, finish, MAX_PLANS);
  }

  Cudnn(DnnLibrary library, Runnable finish, int maxPlans) {
    this.library = library;
    this.finish = finish;
    this.maxPlans = maxPlans;
    library.checked(library.create, slot);
    this.handle = slot.get(ADDRESS, 0);
  }

  /**
   * The plan of a convolution.
   *
   * @param first the address at which the first operand will be, or any that is a multiple of the same power of two
   * @param second likewise
   * @return null where the library has no engine for it
   * @throws LibraryError where a call fails
   */
  public @Nullable Plan plan(DnnShape shape, long first, long second) {
    if (closed) {
      throw new IllegalStateException("convolution: this cuDNN is closed");
    }
    Key key = new Key(shape, first % ALIGNMENT == 0, second % ALIGNMENT == 0);
    Optional<Plan> known = plans.get(key);
    if (known == null) {
      known = choose(key);
      plans.put(key, known);
      if (plans.size() > maxPlans) {
        Iterator<Optional<Plan>> eldest = plans.values().iterator();
        Optional<Plan> gone = eldest.next();
        eldest.remove();
        if (gone.isPresent()) {
          finish.run();
          released(gone.get());
        }
      }
    }
    return known.orElse(null);
  }

  private void longs(MemorySegment of, int attribute, int type, List<Long> values) {
    for (int i = 0; i < values.size(); i++) {
      numbers.setAtIndex(JAVA_LONG, i, values.get(i));
    }
    library.checked(library.set, of, attribute, type, (long) values.size(), numbers);
  }

  private void number(MemorySegment of, int attribute, int type, int value) {
    slot.set(JAVA_INT, 0, value);
    library.checked(library.set, of, attribute, type, 1L, slot);
  }

  private void real(MemorySegment of, int attribute, float value) {
    slot.set(JAVA_FLOAT, 0, value);
    library.checked(library.set, of, attribute, TYPE_FLOAT, 1L, slot);
  }

  private void pointer(MemorySegment of, int attribute, int type, MemorySegment value) {
    slot.set(ADDRESS, 0, value);
    library.checked(library.set, of, attribute, type, 1L, slot);
  }

  private static int type(DType dtype) {
    return switch (dtype) {
      case F32 -> 0;
      case F16 -> 2;
      case BF16 -> 9;
      default -> throw new IllegalArgumentException("convolution: cuDNN has no convolutions of " + dtype + " here");
    };
  }

  private MemorySegment tensor(Scope own, long id, DType dtype, DnnShape.Grid grid, boolean aligned) {
    MemorySegment it = own.made(TENSOR);
    number(it, TENSOR_TYPE, TYPE_DATA_TYPE, type(dtype));
    longs(it, TENSOR_DIMS, TYPE_INT64, grid.dims());
    longs(it, TENSOR_STRIDES, TYPE_INT64, grid.strides());
    longs(it, TENSOR_ID, TYPE_INT64, List.of(id));
    longs(it, TENSOR_ALIGNMENT, TYPE_INT64, List.of(aligned ? ALIGNMENT : dtype.byteSize()));
    library.checked(library.complete, it);
    return it;
  }

  private MemorySegment graph(Scope own, Key key) {
    DnnShape shape = key.shape;
    MemorySegment convolution = own.made(CONVOLUTION);
    number(convolution, CONVOLUTION_COMPUTE, TYPE_DATA_TYPE, type(DType.F32));
    number(convolution, CONVOLUTION_MODE, TYPE_CONVOLUTION_MODE, CROSS_CORRELATION);
    longs(convolution, CONVOLUTION_AXES, TYPE_INT64, List.of((long) shape.stride().size()));
    longs(convolution, CONVOLUTION_DILATIONS, TYPE_INT64, shape.dilation());
    longs(convolution, CONVOLUTION_STRIDES, TYPE_INT64, shape.stride());
    longs(convolution, CONVOLUTION_BEFORE, TYPE_INT64, shape.before());
    longs(convolution, CONVOLUTION_BEHIND, TYPE_INT64, shape.behind());
    library.checked(library.complete, convolution);
    Attributes names = Attributes.of(shape.kind());
    MemorySegment operation = own.made(names.descriptor);
    pointer(operation, names.convolution, TYPE_DESCRIPTOR, convolution);
    pointer(operation, names.first, TYPE_DESCRIPTOR, tensor(own, 1, shape.dtype(), shape.first(), key.first));
    pointer(operation, names.second, TYPE_DESCRIPTOR, tensor(own, 2, shape.dtype(), shape.second(), key.second));
    pointer(operation, names.result, TYPE_DESCRIPTOR, tensor(own, 3, shape.dtype(), shape.result(), true));
    real(operation, names.alpha, 1);
    real(operation, names.beta, 0);
    library.checked(library.complete, operation);
    MemorySegment graph = own.made(OPERATION_GRAPH);
    pointer(graph, GRAPH_HANDLE, TYPE_HANDLE, handle);
    pointer(graph, GRAPH_OPERATIONS, TYPE_DESCRIPTOR, operation);
    library.checked(library.complete, graph);
    return graph;
  }

  /** Asks for engines, the fastest first, and takes the first that runs within what the mode and memory allow. */
  private Optional<Plan> choose(Key key) {
    Scope own = new Scope();
    try {
      return chosen(own, key);
    } catch (LibraryError e) {
      if (library.declines(e.status())) { // descriptors are completed by a check of whether the library has such convolutions at all
        return Optional.empty();
      }
      throw e;
    } finally {
      own.release();
    }
  }

  private Optional<Plan> chosen(Scope own, Key key) {
    MemorySegment graph = graph(own, key);
    for (int mode : HEURISTICS) {
      for (MemorySegment config : configurations(own, graph, mode)) {
        Plan plan = allowed(own, config, key.shape.dtype()) ? plan(own, config) : null;
        if (plan != null) {
          return Optional.of(plan);
        }
      }
    }
    return Optional.empty();
  }

  private List<MemorySegment> configurations(Scope own, MemorySegment graph, int mode) {
    MemorySegment heuristics = own.made(ENGINE_HEURISTICS);
    pointer(heuristics, HEURISTICS_GRAPH, TYPE_DESCRIPTOR, graph);
    number(heuristics, HEURISTICS_MODE, TYPE_HEURISTICS_MODE, mode);
    int status = library.complete.status(heuristics);
    if (library.declines(status)) {
      return List.of();
    }
    if (status != DnnLibrary.SUCCESS) {
      throw library.error(library.complete.name(), status);
    }
    List<MemorySegment> all = new ArrayList<>();
    for (int i = 0; i < CANDIDATES; i++) {
      all.add(own.made(ENGINE_CONFIG));
    }
    for (int i = 0; i < CANDIDATES; i++) {
      numbers.setAtIndex(ADDRESS, i, all.get(i));
    }
    library.checked(library.get, heuristics, HEURISTICS_RESULTS, TYPE_DESCRIPTOR, (long) CANDIDATES, count, numbers);
    return all.subList(0, (int) Math.min(CANDIDATES, count.get(JAVA_LONG, 0)));
  }

  /** Whether an engine's arithmetic is within the bound of the mode. */
  private boolean allowed(Scope own, MemorySegment config, DType dtype) {
    MemorySegment engine = own.made(ENGINE);
    slot.set(ADDRESS, 0, engine);
    library.checked(library.get, config, CONFIG_ENGINE, TYPE_DESCRIPTOR, 1L, count, slot);
    numbers.fill((byte) 0);
    library.checked(library.get, engine, ENGINE_NOTES, TYPE_NUMERICAL_NOTE, (long) NOTES, count, numbers);
    for (long i = 0; i < Math.min(NOTES, count.get(JAVA_LONG, 0)); i++) {
      int note = numbers.getAtIndex(JAVA_INT, i);
      if (BARRED.contains(note) || (dtype == DType.F32 && note == NOTE_DOWN_CONVERT)) {
        return false;
      }
    }
    return true;
  }

  private @Nullable Plan plan(Scope own, MemorySegment config) {
    MemorySegment plan = own.made(EXECUTION_PLAN);
    pointer(plan, PLAN_HANDLE, TYPE_HANDLE, handle);
    pointer(plan, PLAN_CONFIG, TYPE_DESCRIPTOR, config);
    if (library.complete.status(plan) != DnnLibrary.SUCCESS) {
      return null; // an engine that the heuristics name need not run here; the next may
    }
    library.checked(library.get, plan, PLAN_WORKSPACE, TYPE_INT64, 1L, count, slot);
    long workspace = slot.get(JAVA_LONG, 0);
    if (workspace > MOST_WORKSPACE) {
      return null;
    }
    own.keep(plan);
    own.keep(config);
    return new Plan(plan, config, workspace);
  }

  /** Releases what the library holds. Its convolutions must be done, and the context current. */
  @Override
  public void close() {
    if (!closed) {
      closed = true;
      plans.values().forEach(p -> p.ifPresent(this::released));
      plans.clear();
      library.destroy.status(handle);
    }
  }
}
