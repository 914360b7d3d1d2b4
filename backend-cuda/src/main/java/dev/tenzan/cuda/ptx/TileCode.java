package dev.tenzan.cuda.ptx;

import dev.tenzan.cuda.plan.Plan;
import dev.tenzan.cuda.plan.Step;
import dev.tenzan.cuda.plan.Style;
import dev.tenzan.cuda.program.KernelSource;
import dev.tenzan.kernel.LoopKernel;
import dev.tenzan.kernel.MergedSpace;
import dev.tenzan.scalar.Instr;
import dev.tenzan.scalar.ScalarProgram;
import dev.tenzan.type.Affine;
import dev.tenzan.type.DType;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A loop kernel without a reduction, some of whose loads run along another dimension than its stores, as PTX: a transposition is one.
 * Neighbouring threads with neighbouring outputs would read these operands a cache line for each element.
 *
 * <p>A block takes tiles over the last dimension and the one across, along which the operands run. First neighbouring threads read
 * neighbours along that one and copy them to shared memory; then they take neighbouring outputs, and these operands from there. A tile's
 * row in shared memory has what one index of the last dimension has. It is one word longer than its elements, or one element where that
 * is longer: a warp that walks down a column meets each bank once. Past the space's end the last element is taken again, and nothing is
 * stored.
 */
final class TileCode {
  private static final int THREADS = Style.BLOCK;

  /** Along a shorter dimension a cache line that was fetched for one output still has the others when they come. */
  private static final int SHORTEST = 16;

  /** Fewer elements are done before the tiles would pay. */
  private static final int LEAST = 1 << 12;

  /** The sides of tiles: larger ones make longer accesses, and are taken for so many tiles, as every processor should have one. */
  private static final int SMALL_SIDE = 32;

  private static final int LARGE_SIDE = 64;
  private static final int MANY = 128;

  /** A block's shared memory that lets several blocks share a processor, and the most that every device has without being asked. */
  private static final int ROOM = 26 << 10;

  private static final int MOST = 48 << 10;

  /** A thread's loads under way at once, and the length of bodies that are written for four outputs at once, and for two. */
  private static final int LOADS = 16;

  private static final int FOUR = 24;
  private static final int TWO = 64;

  /** Small elements are copied as words of so many bytes, where they are aligned. */
  private static final int WORD = 4;

  private final LoopKernel kernel;
  private final MergedSpace space;
  private final int across;
  private final int last;

  /** The numbers of the loads in the body that go through shared memory. */
  private final List<Integer> turned;

  /** A tile's extent across and along the last dimension: powers of two, and at most {@link #THREADS}. */
  private final int width;

  private final int height;

  private TileCode(LoopKernel kernel, MergedSpace space, int across, List<Integer> turned, int width, int height) {
    this.kernel = kernel;
    this.space = space;
    this.across = across;
    this.last = space.parallel() - 1;
    this.turned = turned;
    this.width = width;
    this.height = height;
  }

  /** The code of a kernel that tiles are good for, or null. */
  static @Nullable TileCode of(LoopKernel kernel) {
    MergedSpace space = MergedSpace.of(kernel);
    int last = space.parallel() - 1;
    if (last < 1 || kernel.space().size() < LEAST || space.extents().get(last) < SHORTEST || LoopPlanner.gathers(kernel.body())) {
      return null;
    }
    if (!kernel.stores().stream().allMatch(s -> Math.abs(stride(space, s.address(), last)) == 1)) {
      return null;
    }
    int across = -1;
    List<Integer> turned = List.of();
    for (int d = 0; d < last; d++) {
      List<Integer> own = turned(kernel, space, d);
      if (space.extents().get(d) >= SHORTEST && own.size() > turned.size()) {
        across = d;
        turned = own;
      }
    }
    return across < 0 ? null : sized(kernel, space, across, turned);
  }

  private static long stride(MergedSpace space, Affine a, int dim) {
    return MergedSpace.stride(a, space.source().get(dim));
  }

  /** The loads that run along a dimension, and are scattered along the last. */
  private static List<Integer> turned(LoopKernel kernel, MergedSpace space, int dim) {
    List<Integer> turned = new ArrayList<>();
    ScalarProgram body = kernel.body();
    for (int i = 0; i < body.size(); i++) {
      if (body.get(i) instanceof Instr.Load l
          && Math.abs(stride(space, l.address(), dim)) == 1
          && Math.abs(stride(space, l.address(), space.parallel() - 1)) > 1) {
        turned.add(i);
      }
    }
    return turned;
  }

  /** Chooses the tile: as large as the space and shared memory allow, as both loads and stores should be long. */
  private static @Nullable TileCode sized(LoopKernel kernel, MergedSpace space, int across, List<Integer> turned) {
    int bytes = turned.stream().mapToInt(i -> storage(kernel, i).byteSize()).sum();
    int most = SMALL_SIDE;
    int largest = bytes <= 2 ? 2 * LARGE_SIDE : LARGE_SIDE;
    while (most < largest && kernel.space().size() / (2 * most) / (2 * most) >= MANY) {
      most *= 2;
    }
    int width = side(space.extents().get(across), most);
    int height = side(space.extents().getLast(), most);
    TileCode code = new TileCode(kernel, space, across, turned, width, height);
    while (code.sharedBytes() > ROOM && width * height > SMALL_SIDE * SMALL_SIDE) {
      width = height > SMALL_SIDE ? width : width / 2;
      height = Math.max(SMALL_SIDE, height / 2);
      code = new TileCode(kernel, space, across, turned, width, height);
    }
    return code.sharedBytes() > MOST ? null : code;
  }

  private static int side(long extent, int most) {
    int side = SMALL_SIDE;
    while (side < extent && side < most) {
      side *= 2;
    }
    return side;
  }

  private static DType storage(LoopKernel kernel, int load) {
    return load(kernel, load).storage();
  }

  private static Instr.Load load(LoopKernel kernel, int number) {
    return (Instr.Load) kernel.body().get(number);
  }

  /** The distance of rows in shared memory, in bytes. */
  private int pitch(DType storage) {
    return width * storage.byteSize() + Math.max(WORD, storage.byteSize());
  }

  private int sharedBytes() {
    return turned.stream().mapToInt(i -> height * pitch(storage(kernel, i))).sum();
  }

  /** How many neighbours across are copied by one access. */
  private int group(Instr.Load l) {
    int group = Math.max(1, WORD / l.storage().byteSize());
    boolean aligned = stride(space, l.address(), across) == 1 && l.address().offset() % group == 0;
    for (int d = 0; d <= last; d++) {
      aligned &= d == across ? space.extents().get(d) % group == 0 : stride(space, l.address(), d) % group == 0;
    }
    return aligned ? group : 1;
  }

  /** How many outputs of a thread are computed at once. */
  private int ahead() {
    int size = kernel.body().size();
    return size <= FOUR ? 4 : size <= TWO ? 2 : 1;
  }

  Plan plan(Style style, List<Long> bytes, boolean wide, boolean literal) {
    LoopText x = new LoopText(kernel, space, wide, literal, false, null);
    x.t.shared("tile", sharedBytes());
    String tid = x.t.word();
    x.t.op("mov.u32", tid, "%tid.x");
    Place place = place(x, tid, height, 1);
    List<Copy> copies = copies(x, tid, place);
    long alongs = (space.extents().get(last) + height - 1) / height;
    long acrosses = (space.extents().get(across) + width - 1) / width;
    long outer = kernel.space().size() / space.extents().get(last) / space.extents().get(across);
    long units = outer * alongs * acrosses;
    String first = x.index();
    x.move(first, x.special("%ctaid.x"));
    x.walk(first, x.special("%nctaid.x"), x.params.of("units", units), unit -> {
      @Nullable String[] index = corner(x, unit, acrosses, alongs);
      copies.forEach(c -> copy(x, c, index));
      x.t.line("bar.sync 0");
      outputs(x, copies, place, index);
      x.t.line("bar.sync 0"); // the next tile is written where this one was read
    });
    KernelSource source = new KernelSource(x.module("tz_tile", THREADS));
    Step only = new Step(source, "tz_tile", x.params.args(), style.blocks(units), THREADS);
    return new Plan(bytes, List.of(), List.of(), List.of(only), null);
  }

  /** A thread's place where so many threads stand beside each other, with {@code group} elements each: column and row. */
  private record Place(String column, String row, int rows) {}

  private static Place place(LoopText x, String tid, int side, int group) {
    int lanes = side / group;
    String column = x.t.word();
    String row = x.t.word();
    x.t.op("and.b32", column, tid, Integer.toString(lanes - 1));
    x.t.op("shr.u32", row, tid, Integer.toString(Integer.numberOfTrailingZeros(lanes)));
    if (group > 1) {
      x.t.op("mul.lo.s32", column, column, Integer.toString(group));
    }
    return new Place(column, row, THREADS / lanes);
  }

  /**
   * An operand that goes through shared memory.
   *
   * @param number of the load in the body
   * @param place of the thread that copies: its column across, and its row along the last dimension
   * @param to the register with the thread's first address when it copies
   * @param from the register with the thread's first address when it has outputs
   */
  private record Copy(int number, Instr.Load load, int group, Place place, String to, String from) {}

  private List<Copy> copies(LoopText x, String tid, Place output) {
    List<Copy> copies = new ArrayList<>();
    int offset = 0;
    for (int number : turned) {
      Instr.Load l = load(kernel, number);
      int group = group(l);
      Place p = place(x, tid, width, group);
      int size = l.storage().byteSize();
      String base = x.t.word();
      x.t.op("mov.u32", base, "tile");
      x.t.op("add.s32", base, base, Integer.toString(offset));
      String to = shared(x, base, p.row, pitch(l.storage()), p.column, size);
      String from = shared(x, base, output.column, pitch(l.storage()), output.row, size);
      copies.add(new Copy(number, l, group, p, to, from));
      offset += height * pitch(l.storage());
    }
    return copies;
  }

  private static String shared(LoopText x, String base, String row, int pitch, String column, int size) {
    String start = x.t.word();
    String d = x.t.word();
    x.t.op("mad.lo.s32", start, row, Integer.toString(pitch), base);
    x.t.op("mad.lo.s32", d, column, Integer.toString(size), start);
    return d;
  }

  /**
   * The index of a tile's first element. Tiles follow each other along the shorter side, so that those under way at once lie close
   * together in both directions; which one that is stands in the arguments.
   */
  private @Nullable String[] corner(LoopText x, String unit, long acrosses, long alongs) {
    boolean acrossFirst = acrosses <= alongs;
    long fast = Math.min(acrosses, alongs);
    long slow = Math.max(acrosses, alongs);
    String rest = x.quotient(unit, "fast", fast);
    String f = x.calc("sub", unit, x.calc("mul.lo", rest, x.params.of("fast", fast)));
    String outer = x.quotient(rest, "slow", slow);
    String s = x.calc("sub", rest, x.calc("mul.lo", outer, x.params.of("slow", slow)));
    @Nullable String[] index = new @Nullable String[space.extents().size()];
    index[across] = sum(x, "across", f, acrossFirst ? width : 0, s, acrossFirst ? 0 : width);
    index[last] = sum(x, "along", f, acrossFirst ? 0 : height, s, acrossFirst ? height : 0);
    int outermost = across == 0 ? 1 : 0;
    for (int d = last - 1; d >= outermost; d--) {
      if (d == outermost) {
        index[d] = outer;
      } else if (d != across) {
        long extent = space.extents().get(d);
        String q = x.quotient(outer, "extent " + d, extent);
        index[d] = x.calc("sub", outer, x.calc("mul.lo", q, x.params.of("extent " + d, extent)));
        outer = q;
      }
    }
    return index;
  }

  private static String sum(LoopText x, String name, String fast, int fastStep, String slow, int slowStep) {
    String part = x.calc("mul.lo", fast, x.params.of("fast " + name, fastStep));
    return x.mad(slow, x.params.of("slow " + name, slowStep), part);
  }

  /** A number of the last dimension, or the one across, from the tile's first and a thread's own. */
  private static String sum(LoopText x, @Nullable String corner, String own) {
    if (corner == null) {
      throw new IllegalStateException("the tile has no corner");
    }
    return x.calc("add", corner, x.widened(own));
  }

  private String end(LoopText x, int dim, int less) {
    return x.params.of("last " + less + " of " + dim, space.extents().get(dim) - less);
  }

  /** Copies an operand's part of a tile to shared memory. */
  private void copy(LoopText x, Copy c, @Nullable String[] corner) {
    int n = height / c.place.rows;
    @Nullable String[] index = corner.clone();
    index[across] = x.calc("min", sum(x, corner[across], c.place.column), end(x, across, c.group));
    String row = sum(x, corner[last], c.place.row);
    for (int from = 0; from < n; from += LOADS) {
      List<String> values = new ArrayList<>();
      for (int i = from; i < Math.min(n, from + LOADS); i++) {
        String at = i == 0 ? row : x.calc("add", row, Integer.toString(i * c.place.rows));
        index[last] = x.calc("min", at, end(x, last, 1));
        values.add(Scalars.loadRaw(x.t, c.load.storage(), x.address(c.load, index), c.group));
      }
      for (int i = 0; i < values.size(); i++) {
        int bytes = (from + i) * c.place.rows * pitch(c.load.storage());
        Scalars.storeShared(x.t, c.load.storage(), c.to + "+" + bytes, c.group, values.get(i));
      }
    }
  }

  /** Computes and stores a thread's outputs of a tile: one column of it, every few rows. */
  private void outputs(LoopText x, List<Copy> copies, Place place, @Nullable String[] corner) {
    PtxText t = x.t;
    int ahead = Math.min(ahead(), width / place.rows);
    @Nullable String[] index = corner.clone();
    String along = sum(x, corner[last], place.column);
    index[last] = x.calc("min", along, end(x, last, 1));
    String end = end(x, across, 0);
    String at = x.index();
    x.move(at, sum(x, corner[across], place.row));
    String stop = x.calc("min", sum(x, corner[across], Integer.toString(width)), end);
    List<String> reads = new ArrayList<>();
    for (Copy c : copies) {
      String read = t.word();
      t.op("mov.u32", read, c.from);
      reads.add(read);
    }
    String begin = t.label();
    String done = t.label();
    t.jumpIf(x.test("ge", along, end(x, last, 0)), done);
    t.jumpIf(x.test("ge", at, stop), done);
    t.place(begin);
    @Nullable String[][] values = new @Nullable String[ahead][kernel.body().size()];
    for (int j = 0; j < ahead; j++) {
      for (int c = 0; c < copies.size(); c++) {
        DType storage = copies.get(c).load.storage();
        values[j][copies.get(c).number] = Scalars.load(t, Space.SHARED, storage, reads.get(c) + "+" + j * place.rows * storage.byteSize());
      }
    }
    String[] own = new String[ahead];
    for (int j = 0; j < ahead; j++) {
      own[j] = j == 0 ? at : x.calc("add", at, Integer.toString(j * place.rows));
      index[across] = j == 0 ? at : x.calc("min", own[j], end(x, across, 1));
      values[j] = x.program(kernel.body(), index, "", values[j]);
    }
    for (int j = 0; j < ahead; j++) {
      String outside = t.label();
      if (j > 0) {
        t.jumpIf(x.test("ge", own[j], stop), outside);
      }
      index[across] = own[j];
      x.stores(values[j], index);
      t.place(outside);
    }
    for (int c = 0; c < copies.size(); c++) {
      int bytes = ahead * place.rows * copies.get(c).load.storage().byteSize();
      t.op("add.s32", reads.get(c), reads.get(c), Integer.toString(bytes));
    }
    x.calc(at, "add", at, Integer.toString(ahead * place.rows));
    t.jumpIf(x.test("lt", at, stop), begin);
    t.place(done);
  }
}
