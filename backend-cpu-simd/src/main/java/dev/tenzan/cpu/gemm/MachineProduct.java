package dev.tenzan.cpu.gemm;

import dev.tenzan.cpu.CpuPool;
import dev.tenzan.cpu.ThreadBuffer;
import dev.tenzan.cpu.machine.MachineCode;
import dev.tenzan.cpu.machine.ProductKernels;
import dev.tenzan.cpu.machine.TileShape;
import dev.tenzan.kernel.MatMulKernel;
import dev.tenzan.type.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * A batch of matrix products in machine code: of f32 or f64 numbers by fused multiply-adds, of bytes or bf16 numbers by dot-product instructions.
 *
 * <p>A task is a rectangle of C with all of k. It packs panels of its part of B just before they are used, unless its thread has them from the task before. Rows of A whose steps lie side
 * by side are read as they lie, unless A is large; otherwise a thread packs those of its tasks, once for all that follow each other. With many threads, or much of k, all pack A for each
 * other before. Large products are cut into more tasks than there are threads, so threads that neighbours of the machine slow down leave tasks to the others.
 *
 * <p>The sums of bytes are those of integers that wrap, in any order. Those of bf16 numbers have the bits of the chain that {@link
 * MatMulKernel} fixes, where no operand is so small that sums might be subnormal; packing finds out, and where one is, the product is
 * computed another way.
 */
final class MachineProduct implements MatrixProgram {
  /** Products of fewer multiply-adds are computed by the calling thread alone; a hand-off takes longer. */
  private static final long SERIAL_OPERATIONS = 1L << 20;

  /** From so many multiply-adds on, a product is cut into more tasks than there are threads, and packing A before is worth the second hand-off. */
  private static final long SHARING_OPERATIONS = 1L << 25;

  /** The tasks of a thread in large products, about. */
  private static final long TASKS_PER_THREAD = 4;

  /** The same where more tasks pack no more, at most: all threads end together then. With 4, one waited for the other for 3 % of the time at 2048. */
  private static final long SMALL_TASKS_PER_THREAD = 64;

  /** The multiply-adds of such a task, at least. */
  private static final long SMALL_TASK_OPERATIONS = 1L << 24;

  /**
   * Up to so many threads pack the rows of A that their tasks need each for itself: what another core has just written is fetched from its cache, which takes longer than packing it
   * again. Against packing for each other: bf16 of 1024 0.86 of the time, bytes 0.95, a transposed A of f32 0.95.
   */
  private static final int MOST_WITHOUT_SHARING = 4;

  /** The rows of A of a task, at least, where others pack the same part of B. */
  private static final long LEAST_TASK_ROWS = 192;

  /** The rows of A of a task, at most, where it packs them itself: each packs all of its B, so it should have many rows. */
  private static final long TASK_ROWS = 516;

  /** The packed panels of B of some columns, at most, in bytes: they stay in the second cache while all of a task's rows go by. */
  private static final long RIGHT_BYTES = 640 << 10;

  /**
   * The rows whose panels take the same blocks of k in turn, at most: meanwhile their part of C stays in a near cache, and each of B's panels in
   * the first. Where each block went through all rows, C came from far away for each: 8 to 13 % slower on an Intel processor.
   */
  private static final long ROWS_TOGETHER = 72;

  /** The same for wide tiles. 24 to 96 are alike where all of B's panel stays near; 6 take 3 to 6 % longer. */
  private static final long WIDE_ROWS_TOGETHER = 48;

  /** The same where a packed panel of B has more than {@link #NEAR_BLOCKS} of 64 KiB: it comes from farther away for each such group. 2048 took 1.03 of its time with 48. */
  private static final long MORE_WIDE_ROWS_TOGETHER = 96;

  private static final long NEAR_BLOCKS = 4;

  /** The bytes of C's rows whose tiles take panels of rows in turn, so that A comes from far away less often; those of a task at least. */
  private static final long BYTES_TOGETHER = 256;

  /** Up to so many steps along k, where writing C is what takes time: then C is written along its rows, so many bytes at a time. */
  private static final long SHORT = 128;

  private static final long SHORT_BYTES_TOGETHER = 2048;

  /** Numbers of fewer rows are read where they lie: a tile of 12 rows would be idle for the most part. */
  private static final long LEAST_ROWS = 4;

  /** The packed A of a task, or of all, at most, in bytes: with more of k, its blocks take turns. */
  private static final long LEFT_BYTES = 16L << 20;

  /**
   * The largest A whose rows are read as they lie by tall tiles of {@link #IN_PLACE_ROWS}; by those of half as many, half of it. Beyond, packing it first gives the
   * hardware one row to fetch ahead instead of many: 4096 x 4096 took 1.08 of its time. Wide tiles read any A so: 128 MB in 0.86 of the time.
   */
  private static final long IN_PLACE_BYTES = 16L << 20;

  private static final int IN_PLACE_ROWS = 12;

  /** The rows of sums that one call narrows, at most: calls should be over in microseconds. */
  private static final long NARROWED_ROWS = 256;

  private static final AtomicLong RUNS = new AtomicLong();

  private static final PanelBuffer LEFT = new PanelBuffer();
  private static final PanelBuffer RIGHT = new PanelBuffer();
  private static final ThreadBuffer SUMS = new ThreadBuffer();

  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;

  private final MatMulProgram p;
  private final CpuPool pool;
  private final ProductKernels kernels;
  private final MatrixProgram otherwise;
  private final long leftBytes;
  private final boolean narrow;
  private final boolean alongRows;
  private final long tileRowBytes;
  private final MachinePanels left;
  private final MachinePanels right;
  private final boolean inPlace;
  /** Whether tasks of the same rows follow each other: a thread has packed A for the next ones then. Otherwise those of the same columns do, and an A that is packed is packed before, for all. */
  private final boolean columnsFirst;

  private final long rowTasks;
  private final long columnTasks;

  private MachineProduct(
      MatMulProgram program, CpuPool pool, ProductKernels kernels, MatrixProgram otherwise, long leftBytes, long inPlaceBytes) {
    this.p = program;
    this.pool = pool;
    this.kernels = kernels;
    this.otherwise = otherwise;
    this.leftBytes = leftBytes;
    this.tileRowBytes = (long) kernels.columns() * kernels.groupBytes();
    this.narrow = !kernels.arePlain() && program.output() == program.storage();
    // The panels of a tile of f64, 24 KB of A and 32 KB of B, do not stay in the first cache together: A's should, which is the smaller one.
    this.alongRows = kernels.arePlain() && (program.k() <= SHORT || kernels.groupBytes() == Double.BYTES && !isWide(kernels));
    this.left = MachinePanels.left(program.a(), kernels, program.k());
    this.right = MachinePanels.right(program.b(), kernels, program.k());
    long wanted = TASKS_PER_THREAD * pool.threads();
    long across = Math.ceilDiv(right.panels(), columnsTogether());
    long down = rowTasks(wanted, across);
    boolean isTile = program.a().lanes() >= kernels.rows();
    this.inPlace = isTile && left.haveRows() && program.a().lanes() * left.rowBytes() <= inPlaceBytes;
    boolean shares = canShare() && down * across >= wanted / 2;
    long rows = Math.ceilDiv(left.panels(), TASK_ROWS / kernels.rows());
    // What a thread has packed is there for its next task where all of k is packed at a time.
    boolean packsOnce = blocksTogether(Math.ceilDiv(left.panels(), rows)) == left.blocks();
    this.columnsFirst = !(shares && (inPlace || pool.threads() > MOST_WITHOUT_SHARING || !packsOnce));
    if (!columnsFirst) {
      // A thread packs B for some columns once, where all of k is packed at a time, though they are several tasks.
      long smallTasks = Math.min(operations() / SMALL_TASK_OPERATIONS, SMALL_TASKS_PER_THREAD * pool.threads());
      boolean once = rightBlocks(columnsTogether()) == right.blocks();
      this.rowTasks = once ? Math.max(down, rowTasks(smallTasks, across)) : down;
      this.columnTasks = across;
      return;
    }
    long columns = 1;
    // Each more task of rows packs B once more, each one of columns A.
    while (operations() > SERIAL_OPERATIONS && p.batches() * rows * columns < pool.threads()
        && Math.max(left.panels() / rows, right.panels() / columns) > 1) {
      if (right.panels() / columns <= 1 || left.panels() / rows * kernels.rows() >= right.panels() / columns * kernels.columns()) {
        rows++;
      } else {
        columns++;
      }
    }
    this.rowTasks = rows;
    boolean cutsMore = isOneLarge() && pool.threads() > 1 && (inPlace || packsOnce);
    this.columnTasks = cutsMore ? Math.max(columns, Math.min(columns * TASKS_PER_THREAD, across)) : columns;
  }

  /** How often rows are cut, so that there are so many tasks, or as many as rows allow. */
  private long rowTasks(long wanted, long across) {
    return Math.clamp(Math.ceilDiv(wanted, across), 1, Math.max(1, left.panels() * kernels.rows() / LEAST_TASK_ROWS));
  }

  /** Whether it is one product, large enough to be cut into more tasks than there are threads, and its tiles go down columns. */
  private boolean isOneLarge() {
    return p.batches() == 1 && !alongRows && operations() >= SHARING_OPERATIONS;
  }

  /** Whether tasks of few columns are worth it: A is packed for all of them, or need not be. */
  private boolean canShare() {
    long blockBytes = left.panels() * left.panelBytes();
    boolean fits = inPlace || blockBytes * (narrow ? left.blocks() : 1) <= leftBytes;
    return pool.threads() > 1 && isOneLarge() && fits;
  }

  /**
   * The program of a product, or null where it is to be computed another way.
   *
   * @param otherwise computes it where its numbers are too small
   */
  static @Nullable MachineProduct of(MatMulProgram p, CpuPool pool, ProductKernels kernels, MatrixProgram otherwise) {
    long inPlaceBytes = isWide(kernels) ? Long.MAX_VALUE : IN_PLACE_BYTES * kernels.rows() / IN_PLACE_ROWS;
    return of(p, pool, kernels, otherwise, LEFT_BYTES, inPlaceBytes);
  }

  /**
   * The same.
   *
   * @param leftBytes how many bytes of A are packed at a time
   * @param inPlaceBytes the largest A whose rows are read as they lie
   */
  static @Nullable MachineProduct of(
      MatMulProgram p, CpuPool pool, ProductKernels kernels, MatrixProgram otherwise, long leftBytes, long inPlaceBytes) {
    boolean some = p.batches() > 0 && p.k() > 0 && p.a().lanes() > 0 && p.b().lanes() > 0;
    int bytes = p.storage().byteSize();
    boolean packs = MachinePanels.canPack(p.a(), bytes) && MachinePanels.canPack(p.b(), bytes);
    boolean few = kernels.arePlain() && p.a().lanes() < LEAST_ROWS;
    return some && packs && !few ? new MachineProduct(p, pool, kernels, otherwise, leftBytes, inPlaceBytes) : null;
  }

  @Override
  public void run(MemorySegment a, MemorySegment b, MemorySegment c) {
    MemorySegment x = p.transposed() ? b : a;
    MemorySegment y = p.transposed() ? a : b;
    Operands operands = new Operands(RUNS.incrementAndGet(), x, y, c);
    boolean packsLeftFirst = !columnsFirst && !inPlace;
    if (!(packsLeftFirst ? runAfterLeft(operands) : runRectangles(operands))) {
      otherwise.run(a, b, c);
    }
  }

  /** How much of what its tiles compute is used. */
  double used() {
    return used(p, kernels);
  }

  /** The same for a product and tiles of some shape. */
  static double used(MatMulProgram p, ProductKernels kernels) {
    return used(p.a().lanes(), kernels.rows()) * used(p.b().lanes(), kernels.columns());
  }

  private static double used(long lanes, long ofTile) {
    return (double) lanes / (Math.ceilDiv(lanes, ofTile) * ofTile);
  }

  private static boolean isWide(ProductKernels kernels) {
    return kernels.shape() == TileShape.WIDE;
  }

  /** The panels of rows that are taken together. */
  private long rowsTogether() {
    long wide = rightBlocks(1) > NEAR_BLOCKS ? MORE_WIDE_ROWS_TOGETHER : WIDE_ROWS_TOGETHER;
    return (isWide(kernels) ? wide : ROWS_TOGETHER) / kernels.rows();
  }

  /** The columns of tiles that are taken together. */
  private long columnsTogether() {
    return (alongRows ? SHORT_BYTES_TOGETHER : BYTES_TOGETHER) / tileRowBytes;
  }

  private long operations() {
    return p.batches() * p.a().lanes() * p.b().lanes() * p.k();
  }

  /** The memory of a run, and its number. */
  private record Operands(long run, MemorySegment a, MemorySegment b, MemorySegment c) {}

  /** Some tiles of C: panels of rows and of columns. */
  private record Rectangle(long batch, long row, long endRow, long column, long endColumn) {}

  private Rectangle rectangle(long task) {
    long inBatch = task % (rowTasks * columnTasks);
    long row = columnsFirst ? inBatch / columnTasks : inBatch % rowTasks;
    long column = columnsFirst ? inBatch % columnTasks : inBatch / rowTasks;
    return new Rectangle(
        task / (rowTasks * columnTasks),
        Grid.start(left.panels(), rowTasks, row),
        Grid.start(left.panels(), rowTasks, row + 1),
        Grid.start(right.panels(), columnTasks, column),
        Grid.start(right.panels(), columnTasks, column + 1));
  }

  /** Computes one rectangle after another; false where numbers are so small that what is in C now may be wrong. */
  private boolean runRectangles(Operands operands) {
    int tasks = Math.toIntExact(p.batches() * rowTasks * columnTasks);
    boolean[] fine = new boolean[tasks];
    if (operations() <= SERIAL_OPERATIONS) {
      for (int t = 0; t < tasks; t++) {
        fine[t] = compute(operands, rectangle(t));
      }
    } else {
      pool.parallelFor(tasks, t -> fine[t] = compute(operands, rectangle(t)));
    }
    return areAll(fine);
  }

  /** Packs A, then computes columns of tiles; false as above. */
  private boolean runAfterLeft(Operands operands) {
    int tasks = Math.toIntExact(rowTasks * columnTasks);
    boolean[] fine = new boolean[tasks];
    long rows = left.panels();
    long together = blocksTogether(rows);
    MemorySegment memory = LEFT.atLeast(together * rows * left.panelBytes());
    for (long first = 0; first < left.blocks(); first += together) {
      long block = first;
      long end = Math.min(left.blocks(), block + together);
      int packings = Math.toIntExact(Math.ceilDiv(rows, rowsTogether()) * (end - block));
      int[] least = new int[packings];
      LeftPanels packed = new LeftPanels(left, kernels, null, 0, memory, block, end, 0, rows);
      pool.parallelFor(packings, t -> {
        long row = t / (end - block) * rowsTogether();
        long k = block + t % (end - block);
        least[t] = packLeft(operands.a(), 0, packed, k, row, Math.min(rows, row + rowsTogether()));
      });
      int leastOfA = Arrays.stream(least).min().orElseThrow();
      pool.parallelFor(tasks, t -> fine[t] = columns(operands, packed, leastOfA, rectangle(t)));
      if (!areAll(fine)) {
        return false;
      }
    }
    return true;
  }

  private static boolean areAll(boolean[] fine) {
    for (boolean each : fine) {
      if (!each) {
        return false;
      }
    }
    return true;
  }

  /** How many blocks of k are packed together, where so many rows are: about as many each time. */
  private long blocksTogether(long rows) {
    long most = Math.clamp(leftBytes / (rows * left.panelBytes()), 1, left.blocks());
    // Sums that are to be narrowed are not in C before they are whole.
    return narrow ? left.blocks() : Math.ceilDiv(left.blocks(), Math.ceilDiv(left.blocks(), most));
  }

  /** Packs some panels of A's, of all blocks of k that are packed together; returns the least biased exponent of bf16 numbers. */
  private int packLeft(MemorySegment a, long batch, LeftPanels packed, long row, long endRow) {
    int least = ProductKernels.LEAST_EXPONENTS;
    for (long k = packed.block(); k < packed.endBlock(); k++) {
      least = Math.min(least, packLeft(a, batch, packed, k, row, endRow));
    }
    return least;
  }

  /** The same for one block of k. */
  private int packLeft(MemorySegment a, long batch, LeftPanels packed, long block, long row, long endRow) {
    long at = p.a().batches().at(batch) * p.storage().byteSize();
    int least = ProductKernels.LEAST_EXPONENTS;
    for (long r = row; r < endRow; r++) {
      least = Math.min(least, left.pack(a, at, block, r, packed.packed(), packed.at(block, r)));
    }
    return least;
  }

  /** Computes a rectangle of C; false where numbers are so small that what is in C now may be wrong. */
  private boolean compute(Operands operands, Rectangle r) {
    long first = inPlace ? Math.clamp(p.a().lanes() / kernels.rows(), r.row(), r.endRow()) : r.row();
    long rows = r.endRow() - first;
    long together = rows == 0 ? left.blocks() : blocksTogether(rows);
    MemorySegment memory = LEFT.atLeast(together * rows * left.panelBytes());
    for (long block = 0; block < left.blocks(); block += together) {
      long end = Math.min(left.blocks(), block + together);
      long origin = p.a().batches().at(r.batch()) * p.storage().byteSize();
      LeftPanels packed = new LeftPanels(left, kernels, inPlace ? operands.a() : null, origin, memory, block, end, first, rows);
      int least = ProductKernels.LEAST_EXPONENTS;
      if (rows > 0) {
        PanelBuffer.Part part = new PanelBuffer.Part(operands.run(), r.batch(), first, r.endRow(), block, end);
        least = LEFT.pack(memory, part, () -> packLeft(operands.a(), r.batch(), packed, first, r.endRow()));
      }
      if (!columns(operands, packed, least, r)) {
        return false;
      }
    }
    return true;
  }

  /** Computes a rectangle of C, over some blocks of k, one column of tiles after another, or some. */
  private boolean columns(Operands operands, LeftPanels a, int leastOfA, Rectangle r) {
    long together = columnsTogether();
    for (long column = r.column(); column < r.endColumn(); column += together) {
      long end = Math.min(r.endColumn(), column + together);
      if (!columnsTogether(operands, a, leastOfA, new Rectangle(r.batch(), r.row(), r.endRow(), column, end))) {
        return false;
      }
    }
    return true;
  }

  private boolean columnsTogether(Operands operands, LeftPanels a, int leastOfA, Rectangle r) {
    MemorySegment arguments = MachinePanels.arguments();
    long columns = r.endColumn() - r.column();
    long blocks = Math.min(rightBlocks(columns), a.endBlock() - a.block());
    MemorySegment panels = RIGHT.atLeast(columns * blocks * right.panelBytes());
    // Sums to be narrowed, all of them; or one tile of those that do not fit C.
    long sumsRowBytes = narrow ? columns * tileRowBytes : tileRowBytes;
    MemorySegment sums = SUMS.atLeast((narrow ? r.endRow() - r.row() : 1) * kernels.rows() * sumsRowBytes);
    long rowsTogether = alongRows ? 1 : rowsTogether();
    for (long block = a.block(); block < a.endBlock(); block += blocks) {
      long endBlock = Math.min(a.endBlock(), block + blocks);
      long firstBlock = block;
      PanelBuffer.Part part = new PanelBuffer.Part(operands.run(), r.batch(), r.column(), r.endColumn(), block, endBlock);
      int least = RIGHT.pack(panels, part, () -> packRight(operands.b(), firstBlock, endBlock, panels, r));
      if (p.storage() == DType.BF16 && !areLarge(leastOfA, least)) {
        return false;
      }
      for (long row = r.row(), endRow; row < r.endRow(); row = endRow) {
        endRow = a.end(row, Math.min(r.endRow(), row + rowsTogether));
        long columnsNow = alongRows ? columns : 1;
        for (long column = r.column(); column < r.endColumn(); column += columnsNow) {
          for (long k = block; k < endBlock; k++) {
            long panel = (column - r.column()) * (endBlock - block) + k - block;
            arguments.set(LONG, ProductKernels.COUNT, left.groups(k));
            arguments.set(LONG, ProductKernels.ADD, k);
            arguments.set(LONG, ProductKernels.SECOND, panels.address() + panel * right.panelBytes());
            a.describe(arguments, k, row, !alongRows);
            a.describeNext(arguments, k, row, endRow, block, endBlock);
            arguments.set(LONG, ProductKernels.SECOND_STEP, alongRows ? (endBlock - block) * right.panelBytes() : 0);
            if (narrow) {
              long at = (row - r.row()) * kernels.rows() * sumsRowBytes + (column - r.column()) * tileRowBytes;
              tiles(a.tiles(row), arguments, endRow - row, sums.address() + at, sumsRowBytes, kernels.rows() * sumsRowBytes);
            } else {
              tiles(a.tiles(row), arguments, sums, operands.c(), new Rectangle(r.batch(), row, endRow, column, column + columnsNow), k > 0);
            }
          }
        }
      }
    }
    if (narrow) {
      narrow(arguments, sums, sumsRowBytes, operands.c(), r);
    }
    return true;
  }

  /** The blocks of k of which B is packed at a time, where so many columns are together. */
  private long rightBlocks(long columns) {
    return Math.clamp(RIGHT_BYTES / (columns * right.panelBytes()), 1, right.blocks());
  }

  /** Packs the panels of B of some columns and blocks of k; returns the least biased exponent of bf16 numbers. */
  private int packRight(MemorySegment b, long block, long endBlock, MemorySegment panels, Rectangle r) {
    long at = p.b().batches().at(r.batch()) * p.storage().byteSize();
    int least = ProductKernels.LEAST_EXPONENTS;
    long to = 0;
    for (long column = r.column(); column < r.endColumn(); column++) {
      for (long k = block; k < endBlock; k++) {
        least = Math.min(least, right.pack(b, at, k, column, panels, to));
        to += right.panelBytes();
      }
    }
    return least;
  }

  /** Whether no sum of products can be subnormal. */
  private static boolean areLarge(int a, int b) {
    return a > 0 && b > 0 && a + b >= ProductKernels.LEAST_EXPONENTS;
  }

  private static void tiles(MachineCode code, MemorySegment arguments, long count, long target, long rowBytes, long next) {
    arguments.set(LONG, ProductKernels.TILES, count);
    arguments.set(LONG, ProductKernels.TARGET, target);
    arguments.set(LONG, ProductKernels.TARGET_STEP, rowBytes);
    arguments.set(LONG, ProductKernels.NEXT_TARGET, next);
    code.call(arguments);
  }

  /** Computes tiles of C, below each other or side by side: where they lie, or beside those that C does not have as a whole. */
  private void tiles(MachineCode code, MemorySegment arguments, MemorySegment beside, MemorySegment c, Rectangle r, boolean add) {
    long m = p.a().lanes();
    long n = p.b().lanes();
    long rowBytes = n * kernels.groupBytes();
    long tileRowsBytes = kernels.rows() * rowBytes;
    long origin = r.batch() * m * rowBytes;
    boolean down = !alongRows;
    long wholeRows = Math.min(r.endRow(), m / kernels.rows()) - r.row();
    long wholeColumns = Math.min(r.endColumn(), n / kernels.columns()) - r.column();
    long whole = Math.min(wholeRows, wholeColumns) > 0 ? Math.max(wholeRows, wholeColumns) : 0;
    long all = down ? r.endRow() - r.row() : r.endColumn() - r.column();
    long nextSource = arguments.get(LONG, ProductKernels.NEXT_SOURCE);
    long step = arguments.get(LONG, ProductKernels.SOURCE_STEP);
    if (whole > 0) {
      arguments.set(LONG, ProductKernels.NEXT_SOURCE, whole < all ? step : nextSource);
      long target = c.address() + origin + r.row() * tileRowsBytes + r.column() * tileRowBytes;
      tiles(code, arguments, whole, target, rowBytes, down ? tileRowsBytes : tileRowBytes);
    }
    for (long t = whole; t < all; t++) {
      long row = r.row() + (down ? t : 0);
      long column = r.column() + (down ? 0 : t);
      long at = origin + row * tileRowsBytes + column * tileRowBytes;
      long height = Math.min(kernels.rows(), m - row * kernels.rows());
      long width = Math.min(kernels.columns(), n - column * kernels.columns()) * kernels.groupBytes();
      for (long i = 0; i < height && add; i++) {
        MemorySegment.copy(c, at + i * rowBytes, beside, i * tileRowBytes, width);
      }
      arguments.set(LONG, ProductKernels.NEXT_SOURCE, t + 1 < all ? step : nextSource);
      tiles(code, arguments, 1, beside.address(), tileRowBytes, 0);
      for (long i = 0; i < height; i++) {
        MemorySegment.copy(beside, i * tileRowBytes, c, at + i * rowBytes, width);
      }
    }
  }

  private void narrow(MemorySegment arguments, MemorySegment sums, long sumsRowBytes, MemorySegment c, Rectangle r) {
    long m = p.a().lanes();
    long n = p.b().lanes();
    long firstRow = r.row() * kernels.rows();
    long firstColumn = r.column() * kernels.columns();
    long columns = Math.min(n, r.endColumn() * kernels.columns()) - firstColumn;
    arguments.set(LONG, ProductKernels.COUNT, columns / kernels.lanes());
    arguments.set(LONG, ProductKernels.MASK, (1L << columns % kernels.lanes()) - 1);
    arguments.set(LONG, ProductKernels.STEP, sumsRowBytes);
    arguments.set(LONG, ProductKernels.TARGET_STEP, n * p.output().byteSize());
    long rows = Math.min(m, r.endRow() * kernels.rows()) - firstRow;
    for (long row = 0; row < rows; row += NARROWED_ROWS) {
      arguments.set(LONG, ProductKernels.ROW_COUNT, Math.min(NARROWED_ROWS, rows - row));
      arguments.set(LONG, ProductKernels.SOURCE, sums.address() + row * sumsRowBytes);
      arguments.set(LONG, ProductKernels.TARGET, c.address() + ((r.batch() * m + firstRow + row) * n + firstColumn) * p.output().byteSize());
      kernels.narrow().call(arguments);
    }
  }
}
