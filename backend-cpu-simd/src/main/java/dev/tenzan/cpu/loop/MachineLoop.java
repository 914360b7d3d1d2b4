package dev.tenzan.cpu.loop;

import dev.tenzan.cpu.machine.MachineCode;
import dev.tenzan.type.DType;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A body in machine code: no class is generated, nothing has to be compiled before it is fast, and rows of any length run in vectors. The
 * code takes an array of numbers, in this order.
 */
final class MachineLoop {
  /** The rows that are left. */
  static final int ROWS = 0;

  static final int COLUMNS = 1;

  /** The columns of whole groups of vectors. */
  static final int GROUPED = 2;

  /** The columns of whole vectors. */
  static final int WHOLE = 3;

  /** The lanes of the vector behind them. */
  static final int MASK = 4;

  /** The byte in the array of results where the first row's begin, and how far it moves from row to row. */
  static final int AT = 5;

  static final int AT_STEP = 6;

  /** The same in the array of a reduction's results. */
  static final int REDUCED_AT = 7;

  static final int REDUCED_STEP = 8;

  /** Of the lanes of {@link #MASK}, those of every other element in a vector, and in one that ends where a second vector would. */
  static final int EVERY_OTHER = 9;

  static final int EVERY_OTHER_BEHIND = 10;

  /** Half of the lanes of {@link #MASK}. */
  static final int HALF = 11;

  /** For each pointer the address of the current row, how far it moves from row to row, and from column to column. */
  static final int POINTERS = 12;

  private static final long EVEN_BITS = 0x5555_5555_5555_5555L;

  /** The numbers of a pointer. */
  static final int EACH = 3;

  /**
   * What a load or store is relative to.
   *
   * @param buffer the number of the buffer, or {@link #INDEX} for the value of an index
   * @param address the number of the address
   */
  record Pointer(int buffer, int address) {
    /** The place of one of its numbers among the arguments. */
    static int word(int pointer, int which) {
      return POINTERS + EACH * pointer + which;
    }
  }

  /** No buffer. */
  static final int INDEX = -1;

  /** The largest distance of columns for which the places of a vector's lanes are numbers of 32 bits. */
  private static final long MOST_STRIDE = Integer.MAX_VALUE >> 6;

  /** The numbers of a gather behind those of all pointers: its stride, its extent, and room for an address. */
  static final int GATHER = 3;

  /**
   * A load whose elements are some distance apart.
   *
   * @param address the number of the address
   * @param bytes those of an element
   */
  record Strided(int address, int bytes) {}

  /**
   * A pointer to what lies elsewhere for the time being.
   *
   * @param pointer its number
   * @param bytes those of an element
   */
  record Moved(int pointer, int bytes) {}

  /** The bytes of a line of the caches: what is stored past them begins at one, whatever the vectors. */
  private static final int LINE = 64;

  private static final Moved[] NONE = {};
  private static final long[] NO_PLACES = {};

  private final MachineCode code;
  private final int[] buffers;
  private final int[] addresses;
  private final List<Strided> strided;
  private final List<Pointer> streamed;

  /** For each gather the number of its first parameter. */
  private final int[] gathers;

  private final boolean readsTail;

  private final int lanes;
  private final int grouped;
  private final int room;
  private final @Nullable DType results;
  private final @Nullable DType reduced;

  /**
   * What the code was written for.
   *
   * @param grouped the columns of a group of vectors
   * @param room the numbers behind the arguments that the code uses for itself
   * @param results the type of the array that results go to, or null
   * @param reduced the type of the array that a reduction's results come from, or null
   */
  MachineLoop(
      MachineCode code, MachineMemory memory, int lanes, int grouped, int room, @Nullable DType results, @Nullable DType reduced) {
    this.code = code;
    this.buffers = memory.pointers().stream().mapToInt(Pointer::buffer).toArray();
    this.addresses = memory.pointers().stream().mapToInt(Pointer::address).toArray();
    this.strided = List.copyOf(memory.strided());
    this.streamed = List.copyOf(memory.streamed());
    this.gathers = memory.gathers();
    this.readsTail = memory.readsTail();
    this.lanes = lanes;
    this.grouped = grouped;
    this.room = room;
    this.results = results;
    this.reduced = reduced;
  }

  /** Whether it runs the frame's block well: elements that are neighbours from row to row are better turned tile by tile. */
  boolean suits(Frame f) {
    for (Strided s : strided) {
      long stride = f.stride[s.address];
      if (stride < -MOST_STRIDE || stride > MOST_STRIDE || f.rows > 1 && f.step[s.address] == s.bytes) {
        return false;
      }
    }
    return true;
  }

  /** Whether it stores past the caches, and the rows of the frame's block begin where that can be done. */
  boolean streams(Frame f) {
    long all = 0;
    for (Pointer p : streamed) {
      all |= f.seg[p.buffer].address() + f.base[p.address] | (f.rows == 1 ? 0 : f.step[p.address]);
    }
    return !streamed.isEmpty() && all % LINE == 0;
  }

  /** The number of a pointer. */
  int number(Pointer pointer) {
    int p = 0;
    while (buffers[p] != pointer.buffer || addresses[p] != pointer.address) {
      p++;
    }
    return p;
  }

  /** Runs the frame's block. Returns false where an index is out of bounds, which another way has to tell of; then rows are missing. */
  boolean run(Frame f) {
    return run(f, NONE, NO_PLACES, 0);
  }

  /**
   * The same, where what some pointers point to lies elsewhere, in rows of neighbours.
   *
   * @param moved these pointers
   * @param places the address of the first row of each
   * @param pitch the elements from row to row there
   */
  boolean run(Frame f, Moved[] moved, long[] places, int pitch) {
    int behind = POINTERS + EACH * buffers.length;
    long[] words = f.words(behind + GATHER * gathers.length + room);
    int n = f.n;
    words[ROWS] = f.rows;
    words[COLUMNS] = n;
    words[GROUPED] = (long) n - n % grouped;
    words[WHOLE] = n & -lanes;
    int tail = n & lanes - 1;
    words[MASK] = (1L << tail) - 1;
    if (readsTail) {
      long everyOther = Long.expand(words[MASK], EVEN_BITS);
      words[EVERY_OTHER] = everyOther;
      words[EVERY_OTHER_BEHIND] = everyOther >>> lanes - 1;
      words[HALF] = (1L << tail / 2) - 1;
    }
    for (int p = 0; p < buffers.length; p++) {
      int address = addresses[p];
      words[Pointer.word(p, 0)] = f.base[address] + (buffers[p] == INDEX ? 0 : f.seg[buffers[p]].address());
      words[Pointer.word(p, 1)] = f.step[address];
      words[Pointer.word(p, 2)] = f.stride[address];
    }
    for (int i = 0; i < moved.length; i++) {
      words[Pointer.word(moved[i].pointer, 0)] = places[i];
      words[Pointer.word(moved[i].pointer, 1)] = (long) pitch * moved[i].bytes;
      words[Pointer.word(moved[i].pointer, 2)] = moved[i].bytes;
    }
    for (int g = 0; g < gathers.length; g++) {
      words[behind + GATHER * g] = f.par[gathers[g]];
      words[behind + GATHER * g + 1] = f.par[gathers[g] + 1];
    }
    MemorySegment out = f.wordsSegment;
    if (results != null) {
      words[AT] = (long) f.at * results.byteSize();
      words[AT_STEP] = (long) f.atStep * results.byteSize();
      out = array(results, f.outF, f.outD, f.outI, f.outL);
    }
    MemorySegment from = f.wordsSegment;
    if (reduced != null) {
      words[REDUCED_AT] = (long) f.redAt * reduced.byteSize();
      words[REDUCED_STEP] = (long) f.redStep * reduced.byteSize();
      from = array(reduced, f.redF, f.redD, f.redI, f.redL);
    }
    code.call(f.wordsSegment, out, from);
    return words[ROWS] == 0;
  }

  private static MemorySegment array(DType type, float[] f, double[] d, int[] i, long[] l) {
    return switch (PassPlan.kind(type)) {
      case 0 -> MemorySegment.ofArray(f);
      case 1 -> MemorySegment.ofArray(d);
      case 2 -> MemorySegment.ofArray(i);
      default -> MemorySegment.ofArray(l);
    };
  }
}
