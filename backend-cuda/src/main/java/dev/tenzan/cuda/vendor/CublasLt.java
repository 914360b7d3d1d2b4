package dev.tenzan.cuda.vendor;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_DOUBLE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.tenzan.cuda.vendor.LibrarySearch.Call;
import dev.tenzan.type.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Matrix products of cuBLASLt on one device. What the library chose for a shape is kept, as asking takes longer than many products.
 *
 * <p>The library works on the context that is current on the calling thread. Calls of one instance must not overlap, and its products
 * must go through one stream: they share the workspace.
 *
 * <p>The numbers here are those of {@code cublasLt.h}, {@code cublas_api.h} and {@code library_types.h}; they are the same from CUDA 11
 * to 13.
 */
public final class CublasLt implements AutoCloseable {
  /** The size of the workspace: what NVIDIA recommends for Hopper, and ample for older architectures. */
  public static final long WORKSPACE_BYTES = 32L << 20;

  private static final int MAX_PLANS = 1024;

  /** The results to ask for: the first may be one that does not run. */
  private static final int CANDIDATES = 8;

  /** {@code cublasLtMatmulHeuristicResult_t}: an algorithm, the size of its workspace, a status, a float and four reserved ints. */
  private static final long RESULT_BYTES = 96;

  private static final int ALGORITHM_BYTES = 64;
  private static final long RESULT_WORKSPACE = 64;
  private static final long RESULT_STATUS = 72;

  private static final int DESC_TRANSA = 3;
  private static final int DESC_TRANSB = 4;
  private static final int LAYOUT_BATCH_COUNT = 5;
  private static final int LAYOUT_BATCH_STRIDE = 6;
  private static final int PREFERENCE_MAX_WORKSPACE = 1;
  private static final int PREFERENCE_ALIGNMENT_A = 5;
  private static final int PREFERENCE_ALIGNMENT_B = 6;
  private static final int PREFERENCE_ALIGNMENT_C = 7;
  private static final int PREFERENCE_ALIGNMENT_D = 8;
  private static final int OP_TRANSPOSED = 1;

  /** No kernel asks for more. */
  private static final long MAX_ALIGNMENT = 256;

  private final LtLibrary library;
  private final long workspace;
  private final int maxPlans;
  private final Map<Key, Plan> plans = new LinkedHashMap<>(64, 0.75f, true);
  private final MemorySegment handle;
  private boolean closed;

  private final Arena arena = Arena.ofAuto();
  private final MemorySegment slot = arena.allocate(8, 8);
  private final MemorySegment results = arena.allocate(CANDIDATES * RESULT_BYTES, 8);
  private final MemorySegment algorithm = arena.allocate(ALGORITHM_BYTES, 8);
  private final MemorySegment oneFloat = arena.allocateFrom(JAVA_FLOAT, 1);
  private final MemorySegment oneDouble = arena.allocateFrom(JAVA_DOUBLE, 1);
  private final MemorySegment zero = arena.allocate(8, 8);

  /** The types of a product: {@code cudaDataType}, {@code cublasComputeType_t}, and the {@code cudaDataType} of the scalars. */
  private record Types(int data, int compute, int scale) {
    static Types of(DType dtype) {
      return switch (dtype) {
        case F32 -> new Types(0, 77, 0); // CUDA_R_32F, CUBLAS_COMPUTE_32F_FAST_TF32
        case F64 -> new Types(1, 70, 1); // CUDA_R_64F, CUBLAS_COMPUTE_64F
        case F16 -> new Types(2, 68, 0); // CUDA_R_16F, CUBLAS_COMPUTE_32F
        case BF16 -> new Types(14, 68, 0); // CUDA_R_16BF, CUBLAS_COMPUTE_32F
        default -> throw new IllegalArgumentException("matmul: cuBLASLt has no products of " + dtype + " here");
      };
    }
  }

  private record Key(LtShape shape, int alignmentA, int alignmentB, int alignmentD) {}

  /** What the library chose; there is no algorithm where it has none. The descriptors are released with it. */
  private final class Plan {
    private final List<Runnable> releases = new ArrayList<>();
    private MemorySegment desc = MemorySegment.NULL;
    private MemorySegment a = MemorySegment.NULL;
    private MemorySegment b = MemorySegment.NULL;
    private MemorySegment d = MemorySegment.NULL;
    private byte @Nullable [] algorithm;

    /** Makes a descriptor; the first argument of a constructor is where the descriptor goes. */
    MemorySegment made(Call constructor, Call destructor, Object... arguments) {
      Object[] all = new Object[arguments.length + 1];
      all[0] = slot;
      System.arraycopy(arguments, 0, all, 1, arguments.length);
      LtLibrary.checked(constructor, all);
      MemorySegment it = slot.get(ADDRESS, 0);
      releases.add(() -> destructor.status(it));
      return it;
    }

    void release() {
      releases.reversed().forEach(Runnable::run);
      releases.clear();
    }
  }

  /**
   * Opens the library on the device whose context is current.
   *
   * @param workspace the address of {@link #WORKSPACE_BYTES} of the device's memory, aligned to 256 bytes; it stays the caller's
   * @throws LibraryError where the library does not start, as with a driver that is older than it
   */
  public CublasLt(LtLibrary library, long workspace) {
    this(library, workspace, MAX_PLANS);
  }

  CublasLt(LtLibrary library, long workspace, int maxPlans) {
    this.library = library;
    this.workspace = workspace;
    this.maxPlans = maxPlans;
    LtLibrary.checked(library.create, slot);
    this.handle = slot.get(ADDRESS, 0);
  }

  /**
   * Queues products.
   *
   * @param a the address of A's first element on the device
   * @param b the address of B's first element
   * @param d the address of D
   * @param stream the native handle of a stream of the current context
   * @return whether the library has an algorithm for it; D is as before where it has none
   * @throws LibraryError where a call fails
   */
  public boolean matmul(LtShape shape, long a, long b, long d, long stream) {
    if (closed) {
      throw new IllegalStateException("matmul: this cuBLASLt is closed");
    }
    Plan plan = plan(new Key(shape, alignment(a), alignment(b), alignment(d)));
    byte[] chosen = plan.algorithm;
    if (chosen == null) {
      return false;
    }
    MemorySegment.copy(chosen, 0, algorithm, JAVA_BYTE, 0, ALGORITHM_BYTES);
    MemorySegment one = shape.dtype() == DType.F64 ? oneDouble : oneFloat;
    int status =
        library.matmul(
            handle, plan.desc, one, b, plan.b, a, plan.a, zero, d, plan.d, algorithm, workspace, WORKSPACE_BYTES, stream);
    if (status != LtLibrary.SUCCESS) {
      throw LtLibrary.error("cublasLtMatmul", status);
    }
    return true;
  }

  private static int alignment(long address) {
    return (int) Math.min(MAX_ALIGNMENT, Long.lowestOneBit(address));
  }

  private Plan plan(Key key) {
    Plan known = plans.get(key);
    if (known != null) {
      return known;
    }
    Plan plan = new Plan();
    try {
      describe(plan, key.shape);
      choose(plan, key);
    } catch (RuntimeException | Error e) {
      plan.release();
      throw e;
    }
    if (plan.algorithm == null) {
      plan.release();
    }
    plans.put(key, plan);
    if (plans.size() > maxPlans) {
      Iterator<Plan> eldest = plans.values().iterator();
      eldest.next().release(); // products that still run do not need it
      eldest.remove();
    }
    return plan;
  }

  /**
   * Describes a product. The library's matrices are column-major, so it sees the transposes of ours, and its product is {@code D' = B'
   * A'}: its left side is B.
   */
  private void describe(Plan plan, LtShape shape) {
    Types types = Types.of(shape.dtype());
    plan.desc = plan.made(library.descCreate, library.descDestroy, types.compute, types.scale);
    if (shape.b().transposed()) {
      set(library.descSet, plan.desc, DESC_TRANSA, OP_TRANSPOSED);
    }
    if (shape.a().transposed()) {
      set(library.descSet, plan.desc, DESC_TRANSB, OP_TRANSPOSED);
    }
    plan.a = layout(plan, types.data, shape.m(), shape.k(), shape.a(), shape.batch());
    plan.b = layout(plan, types.data, shape.k(), shape.n(), shape.b(), shape.batch());
    LtShape.Side d = new LtShape.Side(false, shape.n(), shape.m() * shape.n());
    plan.d = layout(plan, types.data, shape.m(), shape.n(), d, shape.batch());
  }

  private MemorySegment layout(Plan plan, int type, long rows, long columns, LtShape.Side side, long batch) {
    long length = side.transposed() ? rows : columns;
    MemorySegment layout =
        plan.made(library.layoutCreate, library.layoutDestroy, type, length, side.transposed() ? columns : rows, side.ld());
    if (batch > 1) {
      set(library.layoutSet, layout, LAYOUT_BATCH_COUNT, (int) batch);
      set(library.layoutSet, layout, LAYOUT_BATCH_STRIDE, side.batchStride());
    }
    return layout;
  }

  private void set(Call setter, MemorySegment of, int attribute, int value) {
    slot.set(JAVA_INT, 0, value);
    LtLibrary.checked(setter, of, attribute, slot, (long) Integer.BYTES);
  }

  private void set(Call setter, MemorySegment of, int attribute, long value) {
    slot.set(JAVA_LONG, 0, value);
    LtLibrary.checked(setter, of, attribute, slot, (long) Long.BYTES);
  }

  /** Asks for algorithms, the fastest first, and keeps the first that runs. */
  private void choose(Plan plan, Key key) {
    LtLibrary.checked(library.preferenceCreate, slot);
    MemorySegment preference = slot.get(ADDRESS, 0);
    try {
      set(library.preferenceSet, preference, PREFERENCE_MAX_WORKSPACE, WORKSPACE_BYTES);
      set(library.preferenceSet, preference, PREFERENCE_ALIGNMENT_A, key.alignmentB);
      set(library.preferenceSet, preference, PREFERENCE_ALIGNMENT_B, key.alignmentA);
      set(library.preferenceSet, preference, PREFERENCE_ALIGNMENT_C, key.alignmentD);
      set(library.preferenceSet, preference, PREFERENCE_ALIGNMENT_D, key.alignmentD);
      int status =
          library.heuristic.status(
              handle, plan.desc, plan.b, plan.a, plan.d, plan.d, preference, CANDIDATES, results, slot);
      if (status == LtLibrary.NOT_SUPPORTED) {
        return;
      }
      if (status != LtLibrary.SUCCESS) {
        throw LtLibrary.error(library.heuristic.name(), status);
      }
      int count = slot.get(JAVA_INT, 0);
      for (int i = 0; i < count; i++) {
        MemorySegment r = results.asSlice(i * RESULT_BYTES, RESULT_BYTES);
        if (r.get(JAVA_INT, RESULT_STATUS) == LtLibrary.SUCCESS && r.get(JAVA_LONG, RESULT_WORKSPACE) <= WORKSPACE_BYTES) {
          plan.algorithm = r.asSlice(0, ALGORITHM_BYTES).toArray(JAVA_BYTE);
          return;
        }
      }
    } finally {
      library.preferenceDestroy.status(preference);
    }
  }

  /** Releases what the library holds. Its products must be done, and the context current. */
  @Override
  public void close() {
    if (!closed) {
      closed = true;
      plans.values().forEach(Plan::release);
      plans.clear();
      library.destroy.status(handle);
    }
  }
}
