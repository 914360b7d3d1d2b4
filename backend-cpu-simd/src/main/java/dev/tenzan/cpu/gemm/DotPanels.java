package dev.tenzan.cpu.gemm;

import dev.tenzan.cpu.ThreadBuffer;
import dev.tenzan.cpu.machine.DotKernels;
import dev.tenzan.cpu.machine.MachineCode;
import dev.tenzan.type.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * One operand of a {@link DotProduct}, packed: panels of lanes for each block of k, in memory that the product takes for each run.
 *
 * <p>Lanes lie side by side in memory, or their steps along k do.
 */
final class DotPanels {
  /** Room behind the arguments for the statistics of A, and for one group of all lanes, where k ends within a group. */
  private static final long STATISTICS = DotKernels.BLOCK;

  private static final long VECTOR = (long) DotKernels.LANES * DotKernels.GROUP;
  private static final long LAST_GROUP = STATISTICS + VECTOR;
  private static final long ARGUMENT_BYTES = LAST_GROUP + VECTOR;
  private static final ThreadBuffer ARGUMENTS = new ThreadBuffer();

  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
  private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT;

  private final MatMulProgram.Side side;
  private final DotKernels kernels;
  private final boolean left;
  private final boolean halves;
  private final boolean adjacentLanes;
  private final long k;
  private final long block;
  private final int width;
  private final long panels;
  private final long panelBytes;

  private DotPanels(MatMulProgram.Side side, DotKernels kernels, boolean left, long k) {
    this.side = side;
    this.kernels = kernels;
    this.left = left;
    this.halves = kernels.type() == DType.BF16;
    this.adjacentLanes = hasAdjacentLanes(side);
    this.k = k;
    this.block = (long) DotKernels.GROUPS * kernels.groupSize();
    this.width = left ? DotKernels.ROWS : DotKernels.COLUMNS;
    this.panels = Math.ceilDiv(side.lanes(), width);
    // B's sums follow its groups.
    this.panelBytes = left ? layout().bytes() : (DotKernels.GROUPS + 1) * step();
  }

  /** A's panels. */
  static DotPanels left(MatMulProgram.Side side, DotKernels kernels, long k) {
    return new DotPanels(side, kernels, true, k);
  }

  /** B's panels. */
  static DotPanels right(MatMulProgram.Side side, DotKernels kernels, long k) {
    return new DotPanels(side, kernels, false, k);
  }

  /** Whether an operand can be packed here. */
  static boolean canPack(MatMulProgram.Side side, int bytes) {
    long farthest = Math.abs(side.laneStride()) * (DotKernels.LANES - 1) * bytes;
    return hasAdjacentLanes(side) || side.stepStride() == 1 && farthest <= Integer.MAX_VALUE;
  }

  private static boolean hasAdjacentLanes(MatMulProgram.Side side) {
    return side.laneStride() == 1 || side.lanes() == 1;
  }

  /** The calling thread's block of arguments. */
  static MemorySegment arguments() {
    return ARGUMENTS.atLeast(ARGUMENT_BYTES);
  }

  /** How A's panels lie. */
  DotKernels.Layout layout() {
    return adjacentLanes ? DotKernels.Layout.BY_STEPS : DotKernels.Layout.BY_ROWS;
  }

  /** The bytes from one group along k to the next in panels by steps. */
  private long step() {
    return (long) width * DotKernels.GROUP;
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

  /** The byte offset of a panel's first element behind that of the operand. */
  long source(long ofBlock, long panel) {
    return (panel * width * side.laneStride() + ofBlock * block * side.stepStride()) * kernels.type().byteSize();
  }

  /** The distance in bytes of rows that a panel is packed from, for adjacent lanes; 0 where the hardware fetches them ahead itself. */
  long sourceStep() {
    return adjacentLanes ? side.stepStride() * kernels.type().byteSize() : 0;
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
    arguments.set(LONG, DotKernels.TURN, left ? kernels.turn() : 0);
    if (left) {
      arguments.asSlice(STATISTICS, VECTOR).fill((byte) -1);
      arguments.set(LONG, DotKernels.STATISTICS, arguments.address() + STATISTICS);
      if (adjacentLanes) {
        packLanes(kernels.lanesOfLeft(), arguments, source, from, steps(ofBlock), lanes, packed, to);
      } else {
        copyRows(arguments, source, from, steps(ofBlock), lanes, packed, to);
      }
      return halves ? leastExponent(arguments, STATISTICS, DotKernels.LANES) : 0;
    }
    long sums = to + groups(ofBlock) * step();
    packed.asSlice(sums, step()).fill((byte) (halves ? -1 : 0));
    for (int lane = 0; lane < lanes; lane += DotKernels.LANES) {
      int count = Math.min(DotKernels.LANES, lanes - lane);
      long place = (long) lane * DotKernels.GROUP;
      arguments.set(LONG, DotKernels.STATISTICS, packed.address() + sums + place);
      MachineCode code = adjacentLanes ? kernels.lanesOfRight() : kernels.stepsOfRight();
      long offset = from + lane * side.laneStride() * bytes;
      packLanes(code, arguments, source, offset, steps(ofBlock), count, packed, to + place);
    }
    return halves ? leastExponent(packed, sums, DotKernels.COLUMNS) : 0;
  }

  /** Packs up to 16 lanes by steps. */
  private void packLanes(
      MachineCode code, MemorySegment arguments, MemorySegment source, long from, long steps, int count, MemorySegment packed, long to) {
    long bytes = kernels.type().byteSize();
    arguments.set(LONG, DotKernels.TARGET_STEP, step());
    arguments.set(LONG, DotKernels.MASK, (1L << count) - 1);
    long whole = steps / kernels.groupSize();
    if (whole > 0) {
      distances(arguments, side.stepStride() * bytes, side.laneStride() * bytes, count);
      call(code, arguments, whole, source.address() + from, packed.address() + to);
    }
    int rest = (int) (steps - whole * kernels.groupSize());
    if (rest > 0) {
      long stepBytes = adjacentLanes ? DotKernels.LANES * bytes : bytes;
      long laneBytes = adjacentLanes ? bytes : DotKernels.GROUP;
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
    arguments.set(LONG, DotKernels.ROW_COUNT, rows);
    arguments.set(LONG, DotKernels.STEP, side.laneStride() * bytes);
    arguments.set(LONG, DotKernels.TARGET_STEP, layout().row());
    arguments.set(LONG, DotKernels.MASK, (1L << whole % DotKernels.LANES) - 1);
    call(code, arguments, whole / DotKernels.LANES, source.address() + from, packed.address() + to);
    int rest = (int) (steps - whole * kernels.groupSize());
    if (rest > 0) {
      copyRest(source, from + whole * DotKernels.GROUP, rest, rows, arguments, bytes, DotKernels.GROUP);
      arguments.set(LONG, DotKernels.STEP, DotKernels.GROUP);
      arguments.set(LONG, DotKernels.MASK, 1);
      call(code, arguments, 0, arguments.address() + LAST_GROUP, packed.address() + to + whole * DotKernels.GROUP);
    }
  }

  private static void call(MachineCode code, MemorySegment arguments, long count, long source, long target) {
    arguments.set(LONG, DotKernels.COUNT, count);
    arguments.set(LONG, DotKernels.SOURCE, source);
    arguments.set(LONG, DotKernels.TARGET, target);
    code.call(arguments);
  }

  /** Says where steps lie, for code that packs adjacent lanes, or lanes, for code that packs adjacent steps. */
  private void distances(MemorySegment arguments, long stepBytes, long laneBytes, int count) {
    if (adjacentLanes) {
      arguments.set(LONG, DotKernels.STEP, stepBytes);
      return;
    }
    for (int i = 0; i < DotKernels.LANES; i++) {
      arguments.set(INT, DotKernels.DISTANCES + (long) i * Integer.BYTES, i < count ? (int) (i * laneBytes) : 0);
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
