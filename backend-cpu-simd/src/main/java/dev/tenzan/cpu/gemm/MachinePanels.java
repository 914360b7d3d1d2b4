package dev.tenzan.cpu.gemm;

import dev.tenzan.cpu.ThreadBuffer;
import dev.tenzan.cpu.machine.MachineCode;
import dev.tenzan.cpu.machine.ProductKernels;
import dev.tenzan.cpu.machine.VectorSet;
import dev.tenzan.type.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * One operand of a {@link MachineProduct}, packed: panels of lanes for each block of k, in memory that the product takes for each run.
 *
 * <p>Lanes lie side by side in memory, or their steps along k do.
 */
final class MachinePanels {
  /** Room behind the arguments for the statistics of A, and for one group of all lanes, where k ends within a group. */
  private static final long STATISTICS = ProductKernels.BLOCK;

  /** The longest vector. */
  private static final long VECTOR = VectorSet.AVX512.bytes();

  private static final long LAST_GROUP = STATISTICS + VECTOR;
  private static final long ARGUMENT_BYTES = LAST_GROUP + VECTOR;
  private static final ThreadBuffer ARGUMENTS = new ThreadBuffer();

  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
  private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT;

  private final ProductSides.Side side;
  private final ProductKernels kernels;
  private final boolean left;
  private final boolean halves;
  private final boolean adjacentLanes;
  private final long k;
  private final long block;
  private final int width;
  private final long panels;
  private final long panelBytes;

  private MachinePanels(ProductSides.Side side, ProductKernels kernels, boolean left, long k) {
    this.side = side;
    this.kernels = kernels;
    this.left = left;
    this.halves = kernels.type() == DType.BF16;
    this.adjacentLanes = hasAdjacentLanes(side);
    this.k = k;
    this.block = (long) kernels.groups() * kernels.groupSize();
    this.width = left ? kernels.rows() : kernels.columns();
    this.panels = Math.ceilDiv(side.lanes(), width);
    // B's sums follow its groups.
    this.panelBytes = left ? kernels.panelBytes() : (kernels.groups() + 1) * step();
  }

  /** A's panels. */
  static MachinePanels left(ProductSides.Side side, ProductKernels kernels, long k) {
    return new MachinePanels(side, kernels, true, k);
  }

  /** B's panels. */
  static MachinePanels right(ProductSides.Side side, ProductKernels kernels, long k) {
    return new MachinePanels(side, kernels, false, k);
  }

  /** Whether an operand can be packed here. */
  static boolean canPack(ProductSides.Side side, int bytes) {
    long farthest = Math.abs(side.laneStride()) * VECTOR / Integer.BYTES * bytes;
    return hasAdjacentLanes(side) || side.stepStride() == 1 && farthest <= Integer.MAX_VALUE;
  }

  private static boolean hasAdjacentLanes(ProductSides.Side side) {
    return side.laneStride() == 1 || side.lanes() == 1;
  }

  /** The calling thread's block of arguments. */
  static MemorySegment arguments() {
    return ARGUMENTS.atLeast(ARGUMENT_BYTES);
  }

  /** How A's panels lie. */
  ProductKernels.Layout layout() {
    return adjacentLanes ? kernels.bySteps() : kernels.byRows();
  }

  /** The bytes from one group along k to the next in panels by steps. */
  private long step() {
    return (long) width * kernels.groupBytes();
  }

  /** The blocks of k. */
  long blocks() {
    return Math.ceilDiv(k, block);
  }

  /** The groups of a block of k. */
  long groups(long ofBlock) {
    return Math.ceilDiv(steps(ofBlock), kernels.groupSize());
  }

  private long steps(long ofBlock) {
    return Math.min(block, k - ofBlock * block);
  }

  /** The panels of a block of k. */
  long panels() {
    return panels;
  }

  /** The memory that a panel takes. */
  long panelBytes() {
    return panelBytes;
  }

  /** Whether A's rows can be read as they lie. */
  boolean haveRows() {
    return left && kernels.arePlain() && !adjacentLanes && side.laneStride() > 0;
  }

  /** The distance of A's rows in bytes. */
  long rowBytes() {
    return side.laneStride() * kernels.type().byteSize();
  }

  /** The byte offset of a panel's first element behind that of the operand. */
  long source(long ofBlock, long panel) {
    return (panel * width * side.laneStride() + ofBlock * block * side.stepStride()) * kernels.type().byteSize();
  }

  /**
   * Packs a panel.
   *
   * @param source the operand's memory
   * @param at the byte offset of its first element
   * @param ofBlock the block of k
   * @param panel the panel, counted across the operand
   * @param packed where the panels lie
   * @param to the byte offset of this one
   * @return of bf16 numbers, the least biased exponent but for zeros; 0 stands for a subnormal number, and for bytes
   */
  int pack(MemorySegment source, long at, long ofBlock, long panel, MemorySegment packed, long to) {
    MemorySegment arguments = arguments();
    long first = panel * width;
    int lanes = (int) Math.min(width, side.lanes() - first);
    long bytes = kernels.type().byteSize();
    long from = at + source(ofBlock, panel);
    arguments.set(LONG, ProductKernels.TURN, left ? kernels.turn() : 0);
    if (left) {
      if (halves) {
        arguments.asSlice(STATISTICS, VECTOR).fill((byte) -1);
      }
      arguments.set(LONG, ProductKernels.STATISTICS, arguments.address() + STATISTICS);
      if (adjacentLanes) {
        for (int lane = 0; lane < lanes; lane += kernels.lanes()) {
          int count = Math.min(kernels.lanes(), lanes - lane);
          long place = (long) lane * kernels.groupBytes();
          packLanes(kernels.lanesOfLeft(), arguments, source, from + lane * bytes, steps(ofBlock), count, packed, to + place);
        }
      } else {
        copyRows(arguments, source, from, steps(ofBlock), lanes, packed, to);
      }
      return halves ? leastExponent(arguments, STATISTICS, kernels.lanes()) : 0;
    }
    long sums = to + groups(ofBlock) * step();
    if (!kernels.arePlain()) {
      packed.asSlice(sums, step()).fill((byte) (halves ? -1 : 0));
    }
    long steps = steps(ofBlock);
    long done = 0;
    MachineCode wholePanels = kernels.panelsOfRight();
    if (wholePanels != null && adjacentLanes && lanes == width) {
      arguments.set(LONG, ProductKernels.STATISTICS, packed.address() + sums);
      done = steps - steps % kernels.groupSize();
      packLanes(wholePanels, arguments, source, from, done, kernels.lanes(), packed, to);
    }
    for (int lane = 0; lane < lanes && done < steps; lane += kernels.lanes()) {
      int count = Math.min(kernels.lanes(), lanes - lane);
      long place = (long) lane * kernels.groupBytes() + done / kernels.groupSize() * step();
      arguments.set(LONG, ProductKernels.STATISTICS, packed.address() + sums + (long) lane * kernels.groupBytes());
      MachineCode code = !adjacentLanes ? kernels.stepsOfRight() : count < kernels.lanes() ? kernels.lanesOfRight() : kernels.vectorsOfRight();
      long offset = from + (lane * side.laneStride() + done * side.stepStride()) * bytes;
      packLanes(code, arguments, source, offset, steps - done, count, packed, to + place);
    }
    return halves ? leastExponent(packed, sums, kernels.columns()) : 0;
  }

  /** Packs up to a vector of lanes by steps, or all of a panel. */
  private void packLanes(
      MachineCode code, MemorySegment arguments, MemorySegment source, long from, long steps, int count, MemorySegment packed, long to) {
    long bytes = kernels.type().byteSize();
    arguments.set(LONG, ProductKernels.TARGET_STEP, step());
    arguments.set(LONG, ProductKernels.MASK, (1L << count) - 1);
    long whole = steps / kernels.groupSize();
    long done = 0;
    if (!adjacentLanes && count == kernels.lanes()) {
      long squares = whole / kernels.lanes();
      done = squares * kernels.lanes();
      if (squares > 0) {
        arguments.set(LONG, ProductKernels.STEP, side.laneStride() * bytes);
        call(kernels.squareOfRight(), arguments, squares, source.address() + from, packed.address() + to);
      }
    }
    if (whole > done) {
      distances(arguments, side.stepStride() * bytes, side.laneStride() * bytes, count);
      long read = done * kernels.groupSize() * side.stepStride() * bytes;
      call(code, arguments, whole - done, source.address() + from + read, packed.address() + to + done * step());
    }
    int rest = (int) (steps - whole * kernels.groupSize());
    if (rest > 0) {
      long stepBytes = adjacentLanes ? kernels.lanes() * bytes : bytes;
      long laneBytes = adjacentLanes ? bytes : kernels.groupBytes();
      copyRest(source, from + whole * kernels.groupSize() * side.stepStride() * bytes, rest, count, arguments, stepBytes, laneBytes);
      distances(arguments, stepBytes, laneBytes, count);
      call(code, arguments, 1, arguments.address() + LAST_GROUP, packed.address() + to + whole * step());
    }
  }

  /** Packs rows by rows. */
  private void copyRows(
      MemorySegment arguments, MemorySegment source, long from, long steps, int rows, MemorySegment packed, long to) {
    long bytes = kernels.type().byteSize();
    MachineCode code = kernels.copyRows();
    long whole = steps / kernels.groupSize();
    arguments.set(LONG, ProductKernels.ROW_COUNT, rows);
    arguments.set(LONG, ProductKernels.STEP, side.laneStride() * bytes);
    arguments.set(LONG, ProductKernels.TARGET_STEP, layout().row());
    arguments.set(LONG, ProductKernels.MASK, (1L << whole % kernels.lanes()) - 1);
    call(code, arguments, whole / kernels.lanes(), source.address() + from, packed.address() + to);
    int rest = (int) (steps - whole * kernels.groupSize());
    if (rest > 0) {
      copyRest(source, from + whole * kernels.groupBytes(), rest, rows, arguments, bytes, kernels.groupBytes());
      arguments.set(LONG, ProductKernels.STEP, kernels.groupBytes());
      arguments.set(LONG, ProductKernels.MASK, 1);
      call(code, arguments, 0, arguments.address() + LAST_GROUP, packed.address() + to + layout().at(whole));
    }
  }

  private static void call(MachineCode code, MemorySegment arguments, long count, long source, long target) {
    arguments.set(LONG, ProductKernels.COUNT, count);
    arguments.set(LONG, ProductKernels.SOURCE, source);
    arguments.set(LONG, ProductKernels.TARGET, target);
    code.call(arguments);
  }

  /** Says where steps lie, for code that packs adjacent lanes, or lanes, for code that packs adjacent steps. */
  private void distances(MemorySegment arguments, long stepBytes, long laneBytes, int count) {
    if (adjacentLanes) {
      arguments.set(LONG, ProductKernels.STEP, stepBytes);
      return;
    }
    for (int i = 0; i < kernels.lanes(); i++) {
      arguments.set(INT, ProductKernels.DISTANCES + (long) i * Integer.BYTES, i < count ? (int) (i * laneBytes) : 0);
    }
  }

  /** Copies what is left of k, less than a group, and fills the group with zeros, whose products add +0 or 0. */
  private void copyRest(
      MemorySegment source, long from, int rest, int count, MemorySegment arguments, long stepBytes, long laneBytes) {
    long bytes = kernels.type().byteSize();
    arguments.asSlice(LAST_GROUP, VECTOR).fill((byte) 0);
    for (int lane = 0; lane < count; lane++) {
      for (int step = 0; step < rest; step++) {
        long element = from + (lane * side.laneStride() + step * side.stepStride()) * bytes;
        MemorySegment.copy(source, element, arguments, LAST_GROUP + step * stepBytes + lane * laneBytes, bytes);
      }
    }
  }

  /** The least biased exponent behind words of least magnitudes. */
  private static int leastExponent(MemorySegment memory, long at, int lanes) {
    int least = 0xffff;
    for (int i = 0; i < 2 * lanes; i++) {
      least = Math.min(least, Short.toUnsignedInt(memory.get(SHORT, at + (long) i * Short.BYTES)));
    }
    // They are less by 1, so that zeros come last.
    return least + 1 >> Byte.SIZE - 1;
  }
}
