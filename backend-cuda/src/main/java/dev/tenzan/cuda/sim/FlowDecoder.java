package dev.tenzan.cuda.sim;

import java.util.List;
import java.util.Set;
import java.util.function.LongBinaryOperator;

/**
 * Decodes control flow, barriers and the instructions by which the threads of a warp speak to each other (PTX ISA, "Control Flow
 * Instructions" and "Parallel Synchronization and Communication Instructions").
 */
final class FlowDecoder {
  private final Lowering to;

  FlowDecoder(Lowering to) {
    this.to = to;
  }

  void decode(Statement.Operation op) {
    switch (op.opcode()) {
      case "bra" -> {
        Decoder.allow(op, Set.of("uni"));
        Decoder.count(to, op, 1);
        to.emit(op, new Flow.Branch(to.label(name(op.operands().getFirst()))));
      }
      case "brx" -> {
        Decoder.allow(op, Set.of("idx", "uni"));
        Decoder.count(to, op, 2);
        int index = to.row(op.operands().get(0), Type.U32);
        to.emit(op, new Flow.IndexedBranch(index, to.table(name(op.operands().get(1)))));
      }
      case "exit" -> to.emit(op, new Flow.Exit());
      case "trap" -> to.emit(op, new Flow.Trap("trap"));
      case "brkpt" -> to.emit(op, new Flow.Trap("breakpoint"));
      case "bar", "barrier" -> barrier(op);
      case "membar", "fence", "nanosleep", "pmevent" -> to.emit(op, new Flow.Nothing());
      case "shfl" -> shuffle(op);
      case "vote" -> vote(op);
      case "match" -> match(op);
      case "redux" -> reduce(op);
      case "activemask" -> {
        int d = to.destination(op.operands().getFirst());
        to.emit(op, new Instruction() {
          @Override
          void execute(Warp w, int mask) {
            fill(w.rows[d], mask, mask & 0xffff_ffffL);
          }
        });
      }
      default -> throw new Lowering.Unsupported();
    }
  }

  private static void fill(long[] row, int mask, long value) {
    for (int m = mask; m != 0; m &= m - 1) {
      row[Integer.numberOfTrailingZeros(m)] = value;
    }
  }

  private String name(Operand operand) {
    if (operand instanceof Operand.Name n) {
      return n.name();
    }
    throw to.error("a label expected");
  }

  private void barrier(Statement.Operation op) {
    Decoder.allow(op, Set.of("sync", "warp", "cta", "arrive", "red", "aligned", "and", "or", "popc"));
    List<Operand> o = op.operands();
    if (op.has("warp")) {
      Decoder.count(to, op, 1);
      to.emit(op, new WarpBarrier(to.row(o.getFirst(), Type.U32)));
      return;
    }
    boolean aligned = op.opcode().equals("bar") || op.has("aligned");
    if (op.has("red")) {
      reducingBarrier(op, aligned);
      return;
    }
    if (o.isEmpty() || o.size() > 2) {
      throw to.error("a barrier takes its number, and perhaps how many threads it waits for");
    }
    int id = to.row(o.get(0), Type.U32);
    int count = o.size() > 1 ? to.row(o.get(1), Type.U32) : -1;
    if (op.has("arrive") && count < 0) {
      throw to.error("bar.arrive needs the number of threads");
    }
    to.emit(op, new Flow.Barrier(id, count, !op.has("arrive"), aligned));
  }

  private void reducingBarrier(Statement.Operation op, boolean aligned) {
    List<Operand> o = op.operands();
    if (o.size() != 3 && o.size() != 4) {
      throw to.error("bar.red takes a result, the barrier's number, perhaps how many threads, and a predicate");
    }
    boolean counts = op.has("popc");
    int d = counts ? to.destination(o.get(0)) : to.predicate(o.get(0));
    Flow.Reduction reduction = counts ? Flow.Reduction.COUNT : op.has("and") ? Flow.Reduction.AND : Flow.Reduction.OR;
    int count = o.size() > 3 ? to.row(o.get(2), Type.U32) : -1;
    Operand source = o.getLast();
    to.emit(op, new Flow.Barrier(to.row(o.get(1), Type.U32), count, true, aligned, reduction, to.predicate(source),
        source instanceof Operand.Not, d));
  }

  /** {@code bar.warp.sync}. */
  private static final class WarpBarrier extends WarpSync {
    WarpBarrier(int members) {
      super(members);
    }

    @Override
    boolean anywhere() {
      return true;
    }

    @Override
    void execute(Warp w, int mask) {
      w.warpEpoch++;
    }
  }

  private static int members(Lowering to, Operand operand) {
    return to.row(operand, Type.B32);
  }

  private void shuffle(Statement.Operation op) {
    Decoder.allow(op, Set.of("sync", "up", "down", "bfly", "idx"));
    if (!op.has("sync")) {
      throw new Lowering.Unsupported();
    }
    Decoder.count(to, op, 5);
    List<Operand> o = op.operands();
    Operand first = o.get(0) instanceof Operand.Pair p ? p.first() : o.get(0);
    int p = o.get(0) instanceof Operand.Pair pair ? to.predicate(pair.second()) : -1;
    String mode = op.has("up") ? "up" : op.has("down") ? "down" : op.has("bfly") ? "bfly" : "idx";
    to.emit(op, new Shuffle(members(to, o.get(4)), to.destination(first), p, to.row(o.get(1), Type.B32), to.row(o.get(2), Type.B32),
        to.row(o.get(3), Type.B32), mode));
  }

  private static final class Shuffle extends WarpSync {
    private final int d;
    private final int p;
    private final int a;
    private final int b;
    private final int c;
    private final String mode;

    Shuffle(int members, int d, int p, int a, int b, int c, String mode) {
      super(members);
      this.d = d;
      this.p = p;
      this.a = a;
      this.b = b;
      this.c = c;
      this.mode = mode;
    }

    @Override
    void execute(Warp w, int mask) {
      long[] from = w.rows[a].clone(); // the destination may be the source
      int inRange = 0;
      for (int m = mask; m != 0; m &= m - 1) {
        int lane = Integer.numberOfTrailingZeros(m);
        int by = (int) w.rows[b][lane] & 31;
        int clamp = (int) w.rows[c][lane];
        int segment = clamp >> 8 & 31;
        int limit = clamp & 31;
        int last = (lane & segment) | (limit & ~segment);
        int source = switch (mode) {
          case "up" -> lane - by;
          case "down" -> lane + by;
          case "bfly" -> lane ^ by;
          default -> (lane & segment) | (by & ~segment);
        };
        boolean valid = mode.equals("up") ? source >= last : source <= last;
        if (!valid) {
          source = lane;
        }
        // What an inactive lane would give is not specified; here it is the lane's own value.
        w.rows[d][lane] = (mask >>> source & 1) != 0 ? from[source] : from[lane];
        inRange |= valid ? 1 << lane : 0;
      }
      if (p >= 0) {
        w.predicates[p] = Lanes.merge(w.predicates[p], mask, inRange);
      }
    }
  }

  private void vote(Statement.Operation op) {
    Decoder.allow(op, Set.of("sync", "all", "any", "uni", "ballot"));
    if (!op.has("sync")) {
      throw new Lowering.Unsupported();
    }
    Decoder.count(to, op, 3);
    List<Operand> o = op.operands();
    boolean ballot = op.has("ballot");
    int d = ballot ? to.destination(o.get(0)) : to.predicate(o.get(0));
    int p = to.predicate(o.get(1));
    boolean complement = o.get(1) instanceof Operand.Not;
    to.emit(op, new WarpSync(members(to, o.get(2))) {
      @Override
      void execute(Warp w, int mask) {
        int votes = (complement ? ~w.predicates[p] : w.predicates[p]) & mask;
        if (ballot) {
          fill(w.rows[d], mask, votes & 0xffff_ffffL);
          return;
        }
        boolean result = op.has("all") ? votes == mask : op.has("any") ? votes != 0 : votes == mask || votes == 0;
        w.predicates[d] = Lanes.merge(w.predicates[d], mask, result ? -1 : 0);
      }
    });
  }

  private void match(Statement.Operation op) {
    Decoder.allow(op, Set.of("sync", "any", "all"));
    Decoder.count(to, op, 3);
    List<Operand> o = op.operands();
    Operand first = o.get(0) instanceof Operand.Pair p ? p.first() : o.get(0);
    int p = o.get(0) instanceof Operand.Pair pair ? to.predicate(pair.second()) : -1;
    int d = to.destination(first);
    int a = to.row(o.get(1), Type.B32);
    boolean all = op.has("all");
    to.emit(op, new WarpSync(members(to, o.get(2))) {
      @Override
      void execute(Warp w, int mask) {
        long[] x = w.rows[a].clone();
        int agree = 0;
        for (int m = mask; m != 0; m &= m - 1) {
          int lane = Integer.numberOfTrailingZeros(m);
          int same = 0;
          for (int n = mask; n != 0; n &= n - 1) {
            int other = Integer.numberOfTrailingZeros(n);
            same |= x[other] == x[lane] ? 1 << other : 0;
          }
          boolean whole = same == mask;
          agree |= whole ? 1 << lane : 0;
          w.rows[d][lane] = (all && !whole ? 0 : same) & 0xffff_ffffL;
        }
        if (p >= 0) {
          w.predicates[p] = Lanes.merge(w.predicates[p], mask, agree);
        }
      }
    });
  }

  private void reduce(Statement.Operation op) {
    Decoder.allow(op, Set.of("sync", "add", "min", "max", "and", "or", "xor"));
    Decoder.count(to, op, 3);
    Type t = op.lastType();
    if (t == null || t.bits != 32 || t.isFloat()) {
      throw new Lowering.Unsupported();
    }
    List<Operand> o = op.operands();
    int d = to.destination(o.get(0));
    int a = to.row(o.get(1), t);
    LongBinaryOperator f = op.has("add") ? (x, y) -> x + y
        : op.has("min") ? IntegerMath.min(t)
        : op.has("max") ? IntegerMath.max(t)
        : op.has("and") ? (x, y) -> x & y
        : op.has("or") ? (x, y) -> x | y
        : (x, y) -> x ^ y;
    int s = t.extension();
    to.emit(op, new WarpSync(members(to, o.get(2))) {
      @Override
      void execute(Warp w, int mask) {
        long result = w.uniform(a, mask) << s >> s;
        for (int m = mask & mask - 1; m != 0; m &= m - 1) {
          result = f.applyAsLong(result, w.rows[a][Integer.numberOfTrailingZeros(m)] << s >> s);
        }
        fill(w.rows[d], mask, result & t.mask());
      }
    });
  }
}
