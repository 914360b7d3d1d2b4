package dev.tenzan.cuda.ptx;

import dev.tenzan.kernel.LoopKernel;
import dev.tenzan.kernel.ReductionTree;
import dev.tenzan.scalar.ReduceOp;
import dev.tenzan.type.DType;
import org.jspecify.annotations.Nullable;

/** How the values of a reduction are combined in a text: by a thread, and by the lanes of a warp. */
final class Accumulation {
  private static final int HALF = ReductionTree.LANES / 2;
  private static final String EVERY_THREAD = "0xFFFFFFFF";

  private final LoopKernel kernel;
  private final ReduceOp op;
  private final DType type;
  private final int value;

  Accumulation(LoopKernel kernel, LoopKernel.Reduction r) {
    this.kernel = kernel;
    this.op = r.op();
    this.type = kernel.body().type(r.value());
    this.value = r.value();
  }

  /** The bytes of a partial result in memory. */
  int bytes() {
    return type == DType.BOOL ? 4 : type.byteSize();
  }

  /** A new register that holds what changes nothing. */
  String identity(LoopText x) {
    String r = x.t.value(type);
    Scalars.constant(x.t, r, type, op.identity(type));
    return r;
  }

  /** Combines a value into another, behind it. */
  void combine(LoopText x, String into, String with) {
    Scalars.binary(x.t, into, op.combine(), type, into, with);
  }

  /** Runs the body at reduced element {@code e}, and combines its value into {@code into}. */
  void element(LoopText x, @Nullable String[] point, String e, String into) {
    @Nullable String[] index = point.clone();
    x.split(e, x.space.parallel(), index.length, index);
    String[] v = x.program(kernel.body(), index, "");
    combine(x, into, v[value]);
  }

  /** One thread's chain of all elements. */
  String chain(LoopText x, @Nullable String[] point, long count) {
    String r = identity(x);
    if (count > 0) {
      String e = x.index();
      x.move(e, "0");
      x.walk(e, "1", x.params.of("count", count), at -> element(x, point, at, r));
    }
    return r;
  }

  /** A value as words of 32 bits or one of 64 that shuffles and memory take; a bool is a word. */
  private String stored(LoopText x, String v) {
    if (type != DType.BOOL) {
      return v;
    }
    String word = x.t.word();
    x.t.op("selp.b32", word, "1", "0", v);
    return word;
  }

  /** Keeps a partial result. */
  void put(LoopText x, Space space, String address, String v) {
    String suffix = type == DType.BOOL ? "u32" : Scalars.type(type);
    x.t.op("st." + space.store + "." + suffix, "[" + address + "]", stored(x, v));
  }

  /** A partial result that was kept. */
  String get(LoopText x, Space space, String address) {
    String at = "[" + address + "]";
    String v = x.t.value(type);
    if (type == DType.BOOL) {
      String word = x.t.word();
      x.t.op("ld." + space.load + ".u32", word, at);
      x.t.op("setp.ne.s32", v, word, "0");
    } else {
      x.t.op("ld." + space.load + "." + Scalars.type(type), v, at);
    }
    return v;
  }

  /** How many elements of a lane are taken at once, so that their loads overlap: fewer where the body is long. */
  private int unroll() {
    int size = kernel.body().size();
    return size <= 12 ? 4 : size <= 40 ? 2 : 1;
  }

  /** The first element of a unit and the end of its block. */
  record Range(String first, String stop) {}

  /**
   * Takes all elements of a range: those of whole groups of 64 several groups at a time, and the others one group at a time with tests.
   *
   * @param e the register with the first element of the thread's first lane
   * @param distance between the thread's lanes
   * @param acc one accumulator for each of its lanes
   */
  void lanes(LoopText x, @Nullable String[] point, String e, Range range, int distance, String[] acc) {
    PtxText t = x.t;
    int lanes = ReductionTree.LANES;
    int groups = acc.length > 2 ? 1 : unroll();
    String whole = t.label();
    String rest = t.label();
    String end = t.label();
    String base = x.index();
    String next = x.index();
    x.move(base, range.first);
    t.place(whole);
    x.calc(next, "add", base, Integer.toString(groups * lanes));
    t.jumpIf(x.test("gt", next, range.stop), rest);
    for (int g = 0; g < groups; g++) {
      for (int j = 0; j < acc.length; j++) {
        int ahead = g * lanes + j * distance;
        element(x, point, ahead == 0 ? e : x.calc("add", e, Integer.toString(ahead)), acc[j]);
      }
    }
    x.calc(e, "add", e, Integer.toString(groups * lanes));
    x.move(base, next);
    t.jump(whole);
    t.place(rest);
    t.jumpIf(x.test("ge", base, range.stop), end);
    for (int j = 0; j < acc.length; j++) {
      String skip = t.label();
      String at = j == 0 ? e : x.calc("add", e, Integer.toString(j * distance));
      t.jumpIf(x.test("ge", at, range.stop), skip);
      element(x, point, at, acc[j]);
      t.place(skip);
    }
    x.calc(e, "add", e, Integer.toString(lanes));
    x.calc(base, "add", base, Integer.toString(lanes));
    t.jump(rest);
    t.place(end);
  }

  /** Combines a value with that of the thread {@code distance} above; those of the upper threads lose their meaning. */
  private void shuffle(LoopText x, String acc, int distance) {
    PtxText t = x.t;
    String by = Integer.toString(distance);
    if (type.byteSize() == 8) {
      String low = t.word();
      String high = t.word();
      String from = t.value(type);
      t.line("mov.b64 {" + low + ", " + high + "}, " + acc);
      t.op("shfl.sync.down.b32", low, low, by, "31", EVERY_THREAD);
      t.op("shfl.sync.down.b32", high, high, by, "31", EVERY_THREAD);
      t.line("mov.b64 " + from + ", {" + low + ", " + high + "}");
      combine(x, acc, from);
      return;
    }
    String word = type == DType.I32 ? acc : t.word();
    if (type == DType.BOOL) {
      t.op("selp.b32", word, "1", "0", acc);
    } else if (type == DType.F32) {
      t.op("mov.b32", word, acc);
    }
    String other = t.word();
    t.op("shfl.sync.down.b32", other, word, by, "31", EVERY_THREAD);
    if (type == DType.I32) {
      combine(x, acc, other);
      return;
    }
    String from = t.value(type);
    if (type == DType.BOOL) {
      t.op("setp.ne.s32", from, other, "0");
    } else {
      t.op("mov.b32", from, other);
    }
    combine(x, acc, from);
  }

  /**
   * What the threads of a warp have of a range, each of which has the lanes l and l + 32: the register has it in the first of them.
   *
   * @param own the register with l
   */
  String warp(LoopText x, @Nullable String[] point, Range range, String own) {
    String[] acc = {identity(x), identity(x)};
    lanes(x, point, x.calc("add", range.first, own), range, HALF, acc);
    combine(x, acc[0], acc[1]);
    for (int w = HALF / 2; w >= 1; w /= 2) {
      shuffle(x, acc[0], w);
    }
    return acc[0];
  }
}
