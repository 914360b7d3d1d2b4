package dev.tenzan.cuda.sim;

import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.List;
import java.util.Set;

/**
 * {@code cp.async}: copies from global to shared memory that are complete only once they have been waited for (PTX ISA, "cp.async"). They
 * happen as late as they may, so that a kernel that does not wait is found out.
 */
final class AsyncCopy extends Access {
  private final Target source;
  private final int count;

  /** A copy on its way. */
  private record Pending(AsyncCopy copy, int lane, int group, long from, long to, int bytes) {}

  /** The copies of a warp's lanes. */
  static final class Queue {
    private final ArrayDeque<Pending> pending = new ArrayDeque<>();
    private final int[] group = new int[Lanes.WIDTH];

    void clear() {
      pending.clear();
    }

    private void commit(int mask) {
      for (int m = mask; m != 0; m &= m - 1) {
        group[Integer.numberOfTrailingZeros(m)]++;
      }
    }

    /** Completes what the lanes have committed, but for the latest groups. */
    private void await(Warp w, int mask, int latest) {
      for (Iterator<Pending> i = pending.iterator(); i.hasNext();) {
        Pending p = i.next();
        if ((mask >>> p.lane() & 1) != 0 && p.group() < group[p.lane()] - latest) {
          i.remove();
          p.copy().complete(w, p);
        }
      }
    }
  }

  /** {@code count} is the row of how many bytes are read; the rest is zero. It is −1 where all are. */
  private AsyncCopy(Target target, Target source, int count) {
    super(target);
    this.source = source;
    this.count = count;
  }

  static void decode(Lowering to, MemoryDecoder memory, Statement.Operation op) {
    for (String m : op.modifiers()) {
      if (!Set.of("async", "ca", "cg", "shared", "shared::cta", "global", "commit_group", "wait_group", "wait_all").contains(m)
          && !m.startsWith("L2::")) {
        throw new Lowering.Unsupported();
      }
    }
    List<Operand> o = op.operands();
    if (op.has("commit_group")) {
      to.emit(op, new Group(-1));
    } else if (op.has("wait_all")) {
      to.emit(op, new Group(-2));
    } else if (op.has("wait_group")) {
      if (o.size() != 1 || !(o.getFirst() instanceof Operand.Int n)) {
        throw to.error("cp.async.wait_group takes a number");
      }
      to.emit(op, new Group((int) n.value()));
    } else {
      if (o.size() < 3 || o.size() > 4 || !(o.get(2) instanceof Operand.Int n)) {
        throw to.error("cp.async takes a target, a source and the number of bytes");
      }
      int bytes = (int) n.value();
      if (bytes != 4 && bytes != 8 && bytes != 16) {
        throw to.error("cp.async copies 4, 8 or 16 bytes");
      }
      int count = o.size() == 4 ? to.row(o.get(3), Type.U32) : -1;
      Statement.Operation shared = without(op, "global");
      Statement.Operation global = without(without(op, "shared"), "shared::cta");
      to.sharedAccess(4);
      Target target = memory.target(shared, o.get(0), bytes, bytes, false);
      Target source = memory.target(global, o.get(1), bytes, bytes, false);
      to.emit(op, new AsyncCopy(target, source, count));
    }
  }

  private static Statement.Operation without(Statement.Operation op, String modifier) {
    List<String> left = op.modifiers().stream().filter(m -> !m.equals(modifier)).toList();
    return new Statement.Operation(op.line(), op.guard(), op.negated(), op.opcode(), left, op.operands());
  }

  @Override
  void execute(Warp w, int mask) {
    for (int m = mask; m != 0; m &= m - 1) {
      int i = Integer.numberOfTrailingZeros(m);
      int bytes = count < 0 ? target.bytes() : (int) Math.min(w.rows[count][i], target.bytes());
      long to = target.address(w, i);
      long from = source.address(w, i);
      locate(w, i, to, target.bytes(), true);
      if ((from & target.bytes() - 1) != 0) {
        throw new Fault(i, "misaligned read of " + target.bytes() + " bytes at " + SimMemory.hex(from));
      }
      if (bytes > 0) {
        new Load(source, new int[0], 0, new long[0]).locate(w, i, from, bytes, false);
      }
      w.copies.pending.add(new Pending(this, i, w.copies.group[i], from, to, bytes));
    }
  }

  private void complete(Warp w, Pending p) {
    Load load = new Load(source, new int[0], 0, new long[0]);
    for (int at = 0; at < target.bytes(); at += 4) {
      long value = 0;
      if (at + 4 <= p.bytes()) {
        long offset = load.locate(w, p.lane(), p.from() + at, 4, false);
        value = load.read(w, p.lane(), w.region, offset, 4);
      } else {
        for (int b = 0; at + b < p.bytes(); b++) {
          long offset = load.locate(w, p.lane(), p.from() + at + b, 1, false);
          value |= load.read(w, p.lane(), w.region, offset, 1) << 8 * b;
        }
      }
      long offset = locate(w, p.lane(), p.to() + at, 4, true);
      write(w, p.lane(), w.region, offset, 4, value);
    }
  }

  /** {@code commit_group} and the waits. */
  private static final class Group extends Instruction {
    private final int latest;

    Group(int latest) {
      this.latest = latest;
    }

    @Override
    void execute(Warp w, int mask) {
      if (latest < 0) {
        w.copies.commit(mask);
      }
      if (latest != -1) {
        w.copies.await(w, mask, Math.max(latest, 0));
      }
    }
  }
}
