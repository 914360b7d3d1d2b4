package dev.tenzan.cuda.ptx;

import dev.tenzan.cuda.plan.Arg;
import dev.tenzan.cuda.plan.Plan;
import dev.tenzan.cuda.plan.Step;
import dev.tenzan.cuda.plan.Style;
import dev.tenzan.cuda.program.KernelSource;
import dev.tenzan.kernel.AttentionRun;
import dev.tenzan.kernel.AttentionRun.Loop;
import dev.tenzan.kernel.LoopKernel;
import dev.tenzan.kernel.MatMulKernel;
import dev.tenzan.kernel.MergedSpace;
import dev.tenzan.type.Affine;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Attention ({@link AttentionRun}) as one PTX kernel: a block takes some rows of queries through all of it, with their scores and weights in
 * shared memory. Keys and values pass through shared memory once for each block ({@link SharedProduct}); a warp takes each row through the
 * loops in between ({@link RowLoops}). Unlike FlashAttention (Dao et al., NeurIPS 2022) a row's scores are all there at once, as its sum and products have the order
 * of the kernels one by one.
 *
 * <p>The numbers of keys and of a head's elements are in the text; batches and queries are arguments.
 */
final class AttentionCode {
  /** The rows of a block, the better number first. */
  private static final int[] ROWS = {32, 16};

  /** Rows of fewer keys leave most threads idle. */
  private static final long LEAST_KEYS = 64;

  /**
   * The most products for each score: more take longer in tiles of so few rows than scores and weights take on their way to memory and
   * back. An estimate from the H200's figures, 67 TFLOP/s and 4.3 TB/s.
   */
  private static final long MOST_PRODUCTS = 256;

  /** Farther elements would not be reached by numbers in the text. */
  private static final long FAR = 1L << 24;

  /** The shared memory that each block takes besides. */
  private static final int RESERVED = 1 << 10;

  private static final int VECTOR = 4;
  private static final int PIECE = 16;
  private static final int FLOAT = Float.BYTES;
  private static final String SHARED = "memory";

  private final AttentionRun run;
  private final PtxText t = new PtxText();
  private final Params outside = new Params(t, false, false);
  private final Params inside = new Params(t, false, true);
  private final Rooms rooms;
  private final int keys;
  private final int width;
  private final int valueWidth;
  private String tid = "";

  /** The register with the first row of the block, within its batch entry. */
  private String row0 = "";

  /** The register with the last row of a batch entry. */
  private String last = "";

  /** The registers with the indices of the block's batch entry. */
  private final List<String> batch = new ArrayList<>();

  /** The register with the number of the batch entry. */
  private String entry = "";

  /**
   * Shared memory.
   *
   * @param rows of a block
   * @param offsets the byte at which each local buffer begins
   * @param pitches the bytes from row to row of each
   * @param queries the byte at which the queries begin
   * @param panel the byte at which the parts of second operands begin
   * @param bytes all of it
   */
  private record Rooms(int rows, long[] offsets, long[] pitches, long queries, long panel, long bytes) {}

  private AttentionCode(AttentionRun run, Rooms rooms) {
    this.run = run;
    this.rooms = rooms;
    this.keys = (int) run.scores().n();
    this.width = (int) run.scores().k();
    this.valueWidth = (int) run.result().n();
  }

  /** The plan of a run, or null where its kernels are better launched one by one. */
  static @Nullable Plan plan(AttentionRun run, Style style) {
    if (!suits(run)) {
      return null;
    }
    Rooms best = null;
    for (int blocks = 2; blocks >= 1 && best == null; blocks--) { // of a processor
      for (int rows : ROWS) {
        Rooms rooms = rooms(run, rows);
        long count = blocks(run, rows);
        boolean fits = blocks * (rooms.bytes + RESERVED) <= style.sharedBytes() + RESERVED && count >= (long) blocks * style.processors();
        if (best == null && fits && count < Integer.MAX_VALUE / 2) {
          best = rooms;
        }
      }
    }
    return best == null ? null : new AttentionCode(run, best).plan();
  }

  private static long blocks(AttentionRun run, int rows) {
    return run.scores().batch().size() * Math.ceilDiv(run.scores().m(), rows);
  }

  private static boolean suits(AttentionRun run) {
    MatMulKernel s = run.scores();
    MatMulKernel r = run.result();
    int rank = s.batch().rank();
    boolean plain =
        s.input() == DType.F32 && s.numerics().isReproducible() && r.numerics().isReproducible() && s.k() + r.n() <= MOST_PRODUCTS
            && s.n() >= LEAST_KEYS && Math.max(s.n(), r.k()) < FAR && s.m() < FAR;
    boolean dense =
        r.a().offset() == 0 && r.a().stride(rank + 1) == 1 && run.localRowBytes().get(run.weightsAt() - run.buffers()) == r.k() * FLOAT;
    boolean near = isNear(s.a(), rank) && isNear(s.b(), rank) && isNear(r.b(), rank);
    return plain && dense && near && run.loops().stream().map(l -> l.row(run.dims())).allMatch(l -> RowLoops.fits(l) && RowLoops.partialBytes(l) == 0);
  }

  private static boolean isNear(Affine a, int rank) {
    return Math.abs(a.stride(rank)) < FAR && Math.abs(a.stride(rank + 1)) < FAR;
  }

  private static Rooms rooms(AttentionRun run, int rows) {
    int locals = run.localRowBytes().size();
    long[] pitches = new long[locals];
    long[] offsets = new long[locals];
    int[] owner = new int[locals];
    long end = 0;
    for (int i = 0; i < locals; i++) {
      pitches[i] = (long) FLOAT * SharedProduct.pitch(Math.toIntExact(Math.ceilDiv(run.localRowBytes().get(i), FLOAT)));
      owner[i] = i;
      for (int before = 0; before < i && owner[i] == i; before++) {
        if (pitches[before] == pitches[i] && replaces(run, owner, before, i)) {
          owner[i] = owner[before];
        }
      }
      if (owner[i] == i) {
        offsets[i] = end;
        end += rows * pitches[i];
      } else {
        offsets[i] = offsets[owner[i]];
      }
    }
    long queries = end;
    end += (long) rows * SharedProduct.pitch((int) run.scores().k()) * FLOAT;
    long panel = end;
    int most = (int) Math.max(run.scores().n(), run.result().n());
    return new Rooms(rows, offsets, pitches, queries, panel, panel + SharedProduct.panelBytes(most));
  }

  /** Whether a local buffer may lie where another does: nobody reads that one any more, save the loop that writes this one, in place. */
  private static boolean replaces(AttentionRun run, int[] owner, int before, int local) {
    int from = run.buffers() + before;
    int to = run.buffers() + local;
    if (from == run.weightsAt()) {
      return false;
    }
    for (int other = before + 1; other < local; other++) {
      if (owner[other] == owner[before]) {
        return false; // somebody else is there by now
      }
    }
    boolean replaced = false;
    for (Loop loop : run.loops()) {
      int inputs = loop.kernel().inputs().size();
      boolean reads = loop.buffers().subList(0, inputs).contains(from);
      boolean writes = loop.buffers().subList(inputs, loop.buffers().size()).contains(to);
      if (replaced ? reads : writes && reads && !RowLoops.isInPlace(loop.kernel(), loop.buffers(), from, to)) {
        return false;
      }
      replaced |= writes;
    }
    return replaced;
  }

  private Plan plan() {
    List<String> bases = new ArrayList<>();
    for (int b = 0; b < run.buffers(); b++) {
      bases.add(outside.address("b" + b, new Arg.Slot(b)));
    }
    long count = blocks(run, rooms.rows);
    Shape batches = run.scores().batch();
    String tiles = outside.ofWord("tiles", count);
    String each = outside.ofWord("tiles of an entry", count / batches.size());
    String m = outside.ofWord("rows", run.scores().m());
    tid = t.word();
    t.op("mov.u32", tid, "%tid.x");
    String tile = t.word();
    String step = t.word();
    t.op("mov.u32", tile, "%ctaid.x");
    t.op("mov.u32", step, "%nctaid.x");
    last = t.calc("sub.s32", m, "1");
    String begin = t.label();
    String end = t.label();
    String done = t.pred();
    t.place(begin);
    t.op("setp.ge.s32", done, tile, tiles);
    t.jumpIf(done, end);
    entry = t.calc("div.u32", tile, each);
    row0 = mul(t.calc("rem.u32", tile, each), rooms.rows);
    String rest = entry;
    for (int d = batches.rank() - 1; d >= 0; d--) {
      String extent = outside.ofWord("extent " + d, batches.dim(d));
      batch.addFirst(t.calc("rem.u32", rest, extent));
      rest = t.calc("div.u32", rest, extent);
    }
    tile(bases);
    t.line("bar.sync 0"); // the next rows overwrite what was read
    t.op("add.s32", tile, tile, step);
    t.jump(begin);
    t.place(end);
    String text = t.text("tz_attention", SharedProduct.THREADS, outside.prologue());
    KernelSource source = new KernelSource(PtxText.HEAD + ".extern .shared .align 16 .b8 " + SHARED + "[];\n" + text);
    Step only = new Step(source, "tz_attention", outside.args(), (int) count, SharedProduct.THREADS, (int) rooms.bytes);
    return new Plan(Arrays.stream(run.bytes()).boxed().toList(), List.of(), List.of(), List.of(only), null);
  }

  private String mul(String x, long y) {
    return t.calc("mul.lo.s32", x, Long.toString(y));
  }

  private String shared(long offset) {
    String d = t.word();
    t.op("mov.u32", d, SHARED);
    return offset == 0 ? d : t.calc("add.s32", d, Long.toString(offset));
  }

  /** The address of the batch entry, which moves by so many bytes along each of its dimensions. */
  private String ofEntry(String base, long[] steps) {
    String at = base;
    for (int d = 0; d < batch.size(); d++) {
      if (steps[d] != 0) {
        at = t.moved(at, batch.get(d), outside.ofWide("step " + d, steps[d]));
      }
    }
    return at;
  }

  /** The address of a matrix of an operand in the batch entry. */
  private String ofMatrix(String base, Affine a) {
    long[] steps = new long[batch.size()];
    for (int d = 0; d < steps.length; d++) {
      steps[d] = a.stride(d) * FLOAT;
    }
    String at = ofEntry(base, steps);
    if (a.offset() == 0) {
      return at;
    }
    String d = t.wide();
    t.op("add.s64", d, at, outside.ofWide("offset", a.offset() * FLOAT));
    return d;
  }

  private boolean isAligned(Affine a) {
    boolean aligned = a.offset() % VECTOR == 0;
    for (int d = 0; d < run.dims() - 1; d++) {
      aligned &= a.stride(d) % VECTOR == 0;
    }
    return aligned;
  }

  private SharedProduct.Operand second(String base, Affine a) {
    int rank = run.dims() - 1;
    return new SharedProduct.Operand(ofMatrix(base, a), a.stride(rank), a.stride(rank + 1), isAligned(a));
  }

  private void tile(List<String> bases) {
    copyQueries(ofMatrix(bases.get(AttentionRun.QUERIES), run.scores().a()));
    SharedProduct.Operand keysAt = second(bases.get(AttentionRun.KEYS), run.scores().b());
    SharedProduct scores = new SharedProduct(t, keysAt, rooms.rows, keys, width);
    t.line("bar.sync 0");
    scores.write(tid, shared(rooms.queries), SharedProduct.pitch(width), shared(rooms.panel), this::toScores);
    t.line("bar.sync 0");
    loops(bases);
    t.line("bar.sync 0");
    int weights = run.weightsAt() - run.buffers();
    SharedProduct.Operand valuesAt = second(bases.get(AttentionRun.VALUES), run.result().b());
    SharedProduct result = new SharedProduct(t, valuesAt, rooms.rows, valueWidth, (int) run.result().k());
    int pitch = (int) (rooms.pitches[weights] / FLOAT);
    result.write(tid, shared(rooms.offsets[weights]), pitch, shared(rooms.panel), (row, column) -> toOutput(bases.get(AttentionRun.OUTPUT), row, column));
  }

  /** Brings rows of queries to shared memory; those behind the last are copies of it. */
  private void copyQueries(String base) {
    Affine a = run.scores().a();
    int rank = run.dims() - 1;
    long rowStep = a.stride(rank) * FLOAT;
    long step = a.stride(rank + 1) * FLOAT;
    boolean vectors = step == FLOAT && isAligned(a) && a.stride(rank) % VECTOR == 0 && width % VECTOR == 0;
    int piece = vectors ? VECTOR : 1;
    int inRow = width / piece;
    int count = rooms.rows * inRow;
    int pitch = SharedProduct.pitch(width) * FLOAT;
    String to = shared(rooms.queries);
    for (int first = 0; first < count; first += SharedProduct.THREADS) {
      String number = first == 0 ? tid : t.calc("add.s32", tid, Integer.toString(first));
      String behind = t.label();
      boolean some = first + SharedProduct.THREADS > count;
      if (some) {
        String none = t.pred();
        t.op("setp.ge.s32", none, number, Integer.toString(count));
        t.jumpIf(none, behind);
      }
      String row = t.calc("div.u32", number, Integer.toString(inRow));
      String column = t.calc("rem.u32", number, Integer.toString(inRow));
      String from = t.moved(base, t.calc("min.s32", t.calc("add.s32", row0, row), last), Long.toString(rowStep));
      from = t.moved(from, column, Long.toString(step * piece));
      String at = t.calc("add.s32", t.calc("add.s32", mul(row, pitch), mul(column, (long) piece * FLOAT)), to);
      Scalars.store(t, Space.SHARED, DType.F32, at, Scalars.load(t, Space.CONSTANT, DType.F32, from, piece));
      if (some) {
        t.place(behind);
      }
    }
  }

  private SharedProduct.Keeper toScores(String row, String column) {
    int local = run.scoresAt() - run.buffers();
    long pitch = rooms.pitches[local];
    String at = t.calc("add.s32", t.calc("add.s32", mul(row, pitch), mul(column, FLOAT)), shared(rooms.offsets[local]));
    Map<Integer, String> guards = new HashMap<>();
    return (i, j, values) -> {
      String guard = guards.computeIfAbsent(j, _ -> before(column, j, keys));
      long behind = (long) i * SharedProduct.ROW_LANES * pitch + (long) j * FLOAT;
      t.line(guard + "st.shared.v4.f32 [" + at + "+" + behind + "], {" + String.join(", ", values) + "}");
    };
  }

  /** What comes before an instruction for a column, which is done where there is such a column. */
  private String before(String column, int behind, int columns) {
    String p = t.pred();
    t.op("setp.lt.s32", p, column, Integer.toString(columns - behind));
    return "@" + p + " ";
  }

  private SharedProduct.Keeper toOutput(String base, String row, String column) {
    String first = t.calc("add.s32", row0, row);
    String wide = t.wide();
    String number = t.wide();
    String rowsBefore = t.wide();
    t.op("cvt.u64.u32", wide, t.calc("add.s32", last, "1"));
    t.op("cvt.u64.u32", rowsBefore, entry);
    t.op("cvt.u64.u32", number, first);
    t.op("mad.lo.s64", number, rowsBefore, wide, number);
    String at = t.wide();
    t.op("mad.lo.s64", at, number, Long.toString((long) valueWidth * FLOAT), base);
    String address = t.moved(at, column, Integer.toString(FLOAT));
    int step = SharedProduct.ROW_LANES * valueWidth * FLOAT;
    Map<Integer, String> rows = new HashMap<>();
    boolean vectors = valueWidth % VECTOR == 0;
    return (i, j, values) -> {
      String there = rows.computeIfAbsent(i, _ -> rowIsThere(first, i));
      for (int s = 0; s < VECTOR; s += vectors ? VECTOR : 1) {
        String both = t.pred();
        t.op("setp.lt.and.s32", both, column, Integer.toString(valueWidth - j - s), there);
        String to = "[" + address + "+" + (i * step + (j + s) * FLOAT) + "], ";
        t.line("@" + both + " st.global" + (vectors ? ".v4.f32 " + to + "{" + String.join(", ", values) + "}" : ".f32 " + to + values.get(s)));
      }
    };
  }

  private String rowIsThere(String first, int i) {
    String p = t.pred();
    t.op("setp.le.s32", p, t.calc("add.s32", first, Integer.toString(i * SharedProduct.ROW_LANES)), last);
    return p;
  }

  /** Takes each row through the loops: a warp has every fourth. */
  private void loops(List<String> bases) {
    int dims = run.dims();
    Map<String, String> entries = new HashMap<>();
    for (Loop loop : run.loops()) {
      for (int slot = 0; slot < loop.buffers().size(); slot++) {
        int b = loop.buffers().get(slot);
        if (b < run.buffers()) {
          long[] steps = steps(loop.kernel(), slot, dims);
          entries.computeIfAbsent(b + Arrays.toString(steps), _ -> ofEntry(bases.get(b), steps));
        }
      }
    }
    String lane = t.calc("and.b32", tid, Integer.toString(Style.WARP - 1));
    String row = t.calc("shr.u32", tid, "5");
    RowLoops writer = new RowLoops(t, lane, Style.WARP);
    String begin = t.label();
    t.place(begin);
    String own = t.calc("min.s32", t.calc("add.s32", row0, row), last);
    for (Loop loop : run.loops()) {
      writer.write(text(loop, row, own, entries), isAligned(loop));
      t.line("bar.warp.sync 0xFFFFFFFF"); // what it wrote is read next
    }
    t.op("add.s32", row, row, Integer.toString(SharedProduct.THREADS / Style.WARP));
    String more = t.pred();
    t.op("setp.lt.s32", more, row, Integer.toString(rooms.rows));
    t.jumpIf(more, begin);
  }

  private static long[] steps(LoopKernel kernel, int slot, int dims) {
    return Objects.requireNonNull(AttentionRun.steps(kernel, slot, dims));
  }

  /** The text of a loop over one row: {@code row} in shared memory, {@code own} of the batch entry. */
  private LoopText text(Loop loop, String row, String own, Map<String, String> entries) {
    LoopKernel one = loop.row(run.dims());
    List<LoopText.Operand> operands = new ArrayList<>();
    for (int slot = 0; slot < loop.buffers().size(); slot++) {
      int b = loop.buffers().get(slot);
      if (b < run.buffers()) {
        long[] steps = steps(loop.kernel(), slot, run.dims());
        String entryAt = Objects.requireNonNull(entries.get(b + Arrays.toString(steps)));
        long step = steps[run.dims() - 1];
        operands.add(new LoopText.Operand(Space.CONSTANT, step == 0 ? entryAt : t.moved(entryAt, own, Long.toString(step))));
      } else {
        int local = b - run.buffers();
        operands.add(new LoopText.Operand(Space.SHARED, t.calc("add.s32", mul(row, rooms.pitches[local]), shared(rooms.offsets[local]))));
      }
    }
    return new LoopText(one, MergedSpace.of(one), t, inside, operands);
  }

  /** Whether a vector is one in every row; those in shared memory begin at whole vectors. */
  private boolean isAligned(Loop loop) {
    boolean aligned = true;
    for (int slot = 0; slot < loop.kernel().inputs().size(); slot++) {
      if (loop.buffers().get(slot) < run.buffers()) {
        long bytes = Math.min(PIECE, (long) MapCode.VECTOR * loop.kernel().inputs().get(slot).byteSize());
        aligned &= Arrays.stream(steps(loop.kernel(), slot, run.dims())).allMatch(s -> s % bytes == 0);
      }
    }
    return aligned;
  }
}
