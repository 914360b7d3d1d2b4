package dev.tenzan.cpu.loop;

import dev.tenzan.kernel.ReductionTree;
import java.lang.foreign.MemorySegment;

/**
 * The arguments of generated code for one block of points, and its scratch memory; one per thread. The block has {@code rows} rows of
 * the columns {@code from..n}. Address {@code a} of the point in row r and column c is {@code base[a] + r * step[a] + c * stride[a]}.
 *
 * <p>Generated code reads the fields by name.
 */
final class Frame {
  /** The points of a row that are worked on between two staging steps: small enough for the first cache. */
  static final int CHUNK = 512;

  static final MemorySegment[] NO_SEGMENTS = {};

  private static final ThreadLocal<Frame> CURRENT = ThreadLocal.withInitial(Frame::new);

  MemorySegment[] seg = NO_SEGMENTS;
  long[] base = {};
  long[] step = {};
  long[] stride = {};
  long[] par = {};
  int rows;
  int from;
  int n;

  /** Whether what is stored is so much that it should not pass through the caches. */
  boolean streams;

  /** The position of the first point in the result arrays, and how far it moves from row to row. */
  int at;

  int atStep;
  float[] outF = {};
  double[] outD = {};
  int[] outI = {};
  long[] outL = {};

  /** The position of the first point in the arrays that hold the results of a reduction, and how far it moves from row to row. */
  int redAt;

  int redStep;

  float[] redF = {};
  double[] redD = {};
  int[] redI = {};
  long[] redL = {};

  /** Accumulators of one block of {@link ReductionTree}. */
  final float[] laneF = new float[ReductionTree.LANES];

  final double[] laneD = new double[ReductionTree.LANES];
  final int[] laneI = new int[ReductionTree.LANES];
  final long[] laneL = new long[ReductionTree.LANES];

  /** Scratch arrays of {@link #CHUNK} elements, by compute type (BOOL is in {@code i}) and number. */
  float[][] f = {};

  double[][] d = {};
  int[][] i = {};
  long[][] l = {};

  /** Tiles of values that are loaded for several rows at a time, numbered like the scratch arrays. */
  float[][] tileF = {};

  double[][] tileD = {};
  int[][] tileI = {};
  long[][] tileL = {};

  /** Working memory of reductions: values of a batch or accumulators, lanes, and results of blocks. */
  final Values work = new Values();

  final Values lanes = new Values();
  final Values partial = new Values();

  /** Room for narrow elements on their way. */
  final Stage.Raw raw = new Stage.Raw();

  /** The arguments of machine code. */
  private long[] words = {};

  MemorySegment wordsSegment = MemorySegment.NULL;

  /** Where tiles are that were turned. */
  private long[] places = {};

  /** The odometer of the outer dimensions. */
  long[] index = {};

  /** The addresses at the start of the block while its rows are cut into chunks. */
  long[] blockBase = {};

  /** The calling thread's frame. */
  static Frame current() {
    return CURRENT.get();
  }

  /** Makes room for a run with so many addresses and dimensions. */
  void reserve(int addresses, int rank) {
    if (base.length < addresses) {
      base = new long[addresses];
      blockBase = new long[addresses];
    }
    if (index.length < rank) {
      index = new long[rank];
    }
  }

  /** Makes generated code write its results to these arrays. */
  void resultsTo(Values values) {
    outF = values.f;
    outD = values.d;
    outI = values.i;
    outL = values.l;
  }

  /** Makes generated code read the results of a reduction from these arrays. */
  void reducedFrom(Values values) {
    redF = values.f;
    redD = values.d;
    redI = values.i;
    redL = values.l;
  }

  /** Makes room for so many arguments of machine code. */
  long[] words(int count) {
    if (words.length < count) {
      words = new long[count];
      wordsSegment = MemorySegment.ofArray(words);
    }
    return words;
  }

  /** Makes room for the places of so many tiles. */
  long[] places(int count) {
    if (places.length < count) {
      places = new long[count];
    }
    return places;
  }

  /** Makes room for a plan's scratch arrays. */
  void reserveScratch(PassPlan plan) {
    if (f.length < plan.scratchCount(0)) {
      f = new float[plan.scratchCount(0)][CHUNK];
    }
    if (d.length < plan.scratchCount(1)) {
      d = new double[plan.scratchCount(1)][CHUNK];
    }
    if (i.length < plan.scratchCount(2)) {
      i = new int[plan.scratchCount(2)][CHUNK];
    }
    if (l.length < plan.scratchCount(3)) {
      l = new long[plan.scratchCount(3)][CHUNK];
    }
  }

  /** Makes room for a plan's tiles. */
  void reserveTiles(PassPlan plan, int size) {
    if (tileF.length < plan.scratchCount(0)) {
      tileF = new float[plan.scratchCount(0)][size];
    }
    if (tileD.length < plan.scratchCount(1)) {
      tileD = new double[plan.scratchCount(1)][size];
    }
    if (tileI.length < plan.scratchCount(2)) {
      tileI = new int[plan.scratchCount(2)][size];
    }
    if (tileL.length < plan.scratchCount(3)) {
      tileL = new long[plan.scratchCount(3)][size];
    }
  }
}
