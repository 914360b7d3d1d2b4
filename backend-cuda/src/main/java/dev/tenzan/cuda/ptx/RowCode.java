package dev.tenzan.cuda.ptx;

import dev.tenzan.cuda.plan.Arg;
import dev.tenzan.cuda.plan.Plan;
import dev.tenzan.cuda.plan.Step;
import dev.tenzan.cuda.plan.Style;
import dev.tenzan.cuda.program.KernelSource;
import dev.tenzan.kernel.LoopKernel;
import dev.tenzan.kernel.MergedSpace;
import dev.tenzan.kernel.RowRun;
import dev.tenzan.kernel.RowRun.Access;
import dev.tenzan.kernel.RowRun.Part;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Loop kernels that are walked together ({@link RowRun}) as one PTX kernel. There is a block for each row, which takes it through all of
 * them: blocks that end in their own time leave no processor idle, and fetch rows while others compute. What lives only inside
 * the run is in shared memory, and so is what several of them read: it is copied there first, by all threads and in long pieces.
 *
 * <p>Extents of a row, strides and offsets are in the text, so that its loops are short ones of known length; the number of rows is an
 * argument. {@link RowLoops} are what the block does in a row.
 */
final class RowCode {
  /** Blocks that need no more may be declared on every device. */
  private static final int MOST_SHARED = 48 << 10;

  /** Smaller rows are not worth a block. */
  private static final long LEAST_ELEMENTS = 64;

  /** Elements of a row for each thread, where rows are long enough. */
  private static final int ELEMENTS = 16;

  private static final int MOST_THREADS = 512;

  /** Runs of fewer rows than a quarter of the processors, whose kernels would use all of them, are better off apart from so many bytes on. */
  private static final long FEW_BYTES = 1 << 20;

  /** The longest piece that one instruction copies, and how many pieces of a thread are under way at once. */
  private static final int PIECE = 16;

  private static final int AHEAD = 4;

  private final RowRun run;
  private final PtxText t = new PtxText();

  /** Holds what is an argument, and {@link #inside} what is in the text. */
  private final Params outside = new Params(t, false, false);

  private final Params inside = new Params(t, false, true);
  private final int threads;

  /** What of each buffer is in shared memory and where; null where it is in global memory. */
  private final @Nullable Room[] rooms;

  private final boolean[] written;
  private String tid = "";
  private String row = "";

  /**
   * A part of a row in shared memory: its own bytes {@code from} to {@code end}, of which those before {@code from} have no room.
   *
   * @param copied whether it is copied there, from an input
   */
  private record Room(String name, long from, long end, long rowBytes, boolean copied) {}

  private RowCode(RowRun run, @Nullable Room[] rooms, boolean[] written, int threads) {
    this.run = run;
    this.rooms = rooms;
    this.written = written;
    this.threads = threads;
  }

  /** The plan of a run, or null where its kernels are better launched one by one. */
  static @Nullable Plan plan(RowRun run, Style style) {
    long most = 0;
    for (Part p : run.parts()) {
      LoopKernel one = p.first(1);
      if (!RowLoops.fits(one)) {
        return null;
      }
      most = Math.max(most, Math.max(one.space().size(), one.space().size() * one.reduced().size()));
    }
    boolean few = run.rows() * 4 < style.processors() && run.rows() * run.rowBytes() >= FEW_BYTES;
    if (most < LEAST_ELEMENTS || few || run.rows() > Integer.MAX_VALUE / 2) {
      return null;
    }
    boolean[] written = written(run);
    @Nullable Room[] rooms = rooms(run, written);
    if (rooms == null) {
      return null;
    }
    int threads = Math.clamp(Long.highestOneBit(most / ELEMENTS), Style.WARP, MOST_THREADS);
    return new RowCode(run, rooms, written, threads).plan();
  }

  private static boolean[] written(RowRun run) {
    boolean[] written = new boolean[run.buffers() + run.localRowBytes().size()];
    for (Part p : run.parts()) {
      int inputs = p.kernel().inputs().size();
      p.buffers().subList(inputs, p.buffers().size()).forEach(b -> written[b] = true);
    }
    return written;
  }

  /** What is in shared memory; null where it is too much. */
  private static @Nullable Room @Nullable [] rooms(RowRun run, boolean[] written) {
    @Nullable Room[] rooms = new @Nullable Room[written.length];
    for (int i = 0; i < run.localRowBytes().size(); i++) {
      long size = run.localRowBytes().get(i);
      rooms[run.buffers() + i] = new Room("local" + i, 0, size, size, false);
    }
    for (int b = 0; b < run.buffers(); b++) {
      Access all = written[b] ? null : readOften(run, b);
      if (all != null) {
        rooms[b] = new Room("copy" + b, all.least(), all.end(), all.rowBytes(), true);
        share(run, rooms, b);
        if (bytes(run, rooms) > MOST_SHARED) {
          rooms[b] = null;
        }
      }
    }
    return bytes(run, rooms) <= MOST_SHARED ? rooms : null;
  }

  /** Lets a row that lives only inside take the room of a copy, where the kernel that writes it is the last that reads the copy. */
  private static void share(RowRun run, @Nullable Room[] rooms, int copy) {
    Room room = rooms[copy];
    for (int b = run.buffers(); b < rooms.length; b++) {
      Room own = rooms[b];
      if (room != null && own != null && !own.copied && own.end == room.end && own.from == room.from && replaces(run, copy, b)) {
        rooms[b] = room;
        return;
      }
    }
  }

  private static boolean replaces(RowRun run, int copy, int local) {
    boolean replaced = false;
    for (Part p : run.parts()) {
      int inputs = p.kernel().inputs().size();
      boolean reads = p.buffers().subList(0, inputs).contains(copy);
      boolean writes = p.buffers().subList(inputs, p.buffers().size()).contains(local);
      if (replaced ? reads || writes : writes && !(reads && RowLoops.isInPlace(p.kernel(), p.buffers(), copy, local))) {
        return false;
      }
      replaced |= writes;
    }
    return replaced;
  }

  /** The shared memory of a block. */
  private static long bytes(RowRun run, @Nullable Room[] rooms) {
    return partialBytes(run) + distinct(rooms).stream().mapToLong(r -> roundUp(r.end - r.from)).sum();
  }

  private static Set<Room> distinct(@Nullable Room[] rooms) {
    Set<Room> distinct = new LinkedHashSet<>();
    for (Room r : rooms) {
      if (r != null) {
        distinct.add(r);
      }
    }
    return distinct;
  }

  private static long roundUp(long bytes) {
    return Math.ceilDiv(bytes, PIECE) * PIECE;
  }

  /** The room for partial results, which one kernel has after the other. */
  private static long partialBytes(RowRun run) {
    return run.parts().stream().mapToLong(p -> RowLoops.partialBytes(p.first(1))).max().orElse(0);
  }

  /** What the kernels read of a row of a buffer, where several do and rows keep apart; else null. */
  private static @Nullable Access readOften(RowRun run, int buffer) {
    List<Access> all = new ArrayList<>();
    for (Part p : run.parts()) {
      for (int slot = 0; slot < p.kernel().inputs().size(); slot++) {
        if (p.buffers().get(slot) == buffer) {
          Access a = RowRun.accesses(p.kernel(), slot);
          if (a == null) {
            return null;
          }
          all.add(a);
        }
      }
    }
    Access union = all.size() < 2 ? null : RowRun.union(all);
    return union == null || union.rowBytes() <= 0 || union.end() - union.least() > union.rowBytes() ? null : union;
  }

  private Plan plan() {
    String[] bases = new String[run.buffers()];
    for (int b = 0; b < bases.length; b++) {
      bases[b] = outside.address("b" + b, new Arg.Slot(b));
    }
    String rows = outside.ofWord("rows", run.rows());
    declareShared();
    tid = t.word();
    row = t.word();
    String step = t.word();
    t.op("mov.u32", tid, "%tid.x");
    t.op("mov.u32", row, "%ctaid.x");
    t.op("mov.u32", step, "%nctaid.x");
    String begin = t.label();
    String end = t.label();
    String done = t.pred();
    t.place(begin);
    t.op("setp.ge.s32", done, row, rows);
    t.jumpIf(done, end);
    oneRow(bases);
    t.op("add.s32", row, row, step);
    t.jump(begin);
    t.place(end);
    KernelSource source = new KernelSource(PtxText.HEAD + t.text("tz_rows", threads, outside.prologue()));
    Step only = new Step(source, "tz_rows", outside.args(), (int) run.rows(), threads);
    return new Plan(Arrays.stream(run.bytes()).boxed().toList(), List.of(), List.of(), List.of(only), null);
  }

  private void declareShared() {
    distinct(rooms).forEach(r -> t.shared(r.name, (int) roundUp(r.end - r.from)));
    long partial = partialBytes(run);
    if (partial > 0) {
      t.shared(RowLoops.PARTIAL, (int) partial);
    }
  }

  /** The text of a part, where {@code at} has the address of its row in each buffer in global memory, by buffer and distance of rows. */
  private LoopText text(Part part, Map<String, String> at) {
    LoopKernel one = part.first(1);
    List<LoopText.Operand> operands = new ArrayList<>();
    for (int slot = 0; slot < part.buffers().size(); slot++) {
      int b = part.buffers().get(slot);
      Room room = rooms[b];
      if (room == null) {
        String base = Objects.requireNonNull(at.get(b + " " + part.rowBytes(slot)));
        operands.add(new LoopText.Operand(written[b] ? Space.GLOBAL : Space.CONSTANT, base));
      } else {
        String base = t.word();
        t.op("mov.u32", base, room.name);
        if (room.from > 0) {
          t.op("sub.s32", base, base, Long.toString(room.from));
        }
        operands.add(new LoopText.Operand(Space.SHARED, base));
      }
    }
    return new LoopText(one, MergedSpace.of(one), t, inside, operands);
  }

  private void oneRow(String[] bases) {
    Map<String, String> at = new LinkedHashMap<>();
    for (Part p : run.parts()) {
      for (int slot = 0; slot < p.buffers().size(); slot++) {
        int b = p.buffers().get(slot);
        long rowBytes = p.rowBytes(slot);
        if (b < bases.length && rooms[b] == null) {
          at.computeIfAbsent(b + " " + rowBytes, _ -> rowAddress(bases[b], rowBytes));
        }
      }
    }
    boolean copied = false;
    for (int b = 0; b < bases.length; b++) {
      Room room = rooms[b];
      if (room != null) {
        copy(room, rowAddress(bases[b], room.rowBytes));
        copied = true;
      }
    }
    if (copied) {
      t.line("bar.sync 0");
    }
    RowLoops loops = new RowLoops(t, tid, threads);
    for (Part p : run.parts()) {
      loops.write(text(p, at), rowsAreAligned(p));
      t.line("bar.sync 0"); // what it wrote is read next, and what it read is overwritten by the next row
    }
  }

  private String rowAddress(String base, long rowBytes) {
    return rowBytes == 0 ? base : t.moved(base, row, Long.toString(rowBytes));
  }

  /** Copies a row to shared memory. */
  private void copy(Room room, String from) {
    int piece = PIECE;
    while (room.rowBytes % piece != 0 || room.from % piece != 0 || room.end % piece != 0) {
      piece /= 2;
    }
    long pieces = (room.end - room.from) / piece;
    String source = t.wide();
    String target = t.word();
    t.op("mad.wide.s32", source, tid, Integer.toString(piece), from);
    t.op("add.s64", source, source, Long.toString(room.from));
    t.op("mov.u32", target, room.name);
    t.op("mad.lo.s32", target, tid, Integer.toString(piece), target);
    for (long done = 0; done < pieces; done += (long) AHEAD * threads) {
      List<String> guards = new ArrayList<>();
      List<String> values = new ArrayList<>();
      for (long k = done; k < Math.min(pieces, done + (long) AHEAD * threads); k += threads) {
        String guard = "";
        if (k + threads > pieces) {
          String p = t.pred();
          t.op("setp.lt.s32", p, tid, Long.toString(pieces - k));
          guard = "@" + p + " ";
        }
        guards.add(guard);
        values.add(piece(piece, guard, "[" + source + "+" + k * piece + "]"));
      }
      for (int i = 0; i < values.size(); i++) {
        t.line(guards.get(i) + "st.shared" + type(piece) + " [" + target + "+" + (done + (long) i * threads) * piece + "], " + values.get(i));
      }
    }
  }

  private static String type(int piece) {
    return switch (piece) {
      case 16 -> ".v4.u32";
      case 8 -> ".u64";
      default -> ".u" + 8 * piece;
    };
  }

  private String piece(int piece, String guard, String from) {
    String to =
        piece == 16
            ? "{" + t.word() + ", " + t.word() + ", " + t.word() + ", " + t.word() + "}"
            : piece == 8 ? t.wide() : t.word();
    t.line(guard + "ld.global.nc" + type(piece) + " " + to + ", " + from);
    return to;
  }

  /** Whether a vector is one in every row. */
  private boolean rowsAreAligned(Part part) {
    int inputs = part.kernel().inputs().size();
    boolean aligned = true;
    for (int slot = 0; slot < part.buffers().size(); slot++) {
      Room room = rooms[part.buffers().get(slot)];
      int bytes = (slot < inputs ? part.kernel().inputs().get(slot) : part.kernel().outputs().get(slot - inputs)).byteSize();
      long apart = room == null ? part.rowBytes(slot) : room.from; // rooms begin at a multiple of any vector's size
      aligned &= apart % Math.min(PIECE, (long) MapCode.VECTOR * bytes) == 0;
    }
    return aligned;
  }
}
