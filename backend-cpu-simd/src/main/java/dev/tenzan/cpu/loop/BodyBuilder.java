package dev.tenzan.cpu.loop;

import dev.tenzan.scalar.Instr;
import dev.tenzan.scalar.ReduceOp;
import dev.tenzan.scalar.ScalarProgram;
import dev.tenzan.type.Affine;
import dev.tenzan.type.DType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Takes a kernel's program apart into a {@link LoopBody} and the addresses and parameters of a run; drops dead instructions. */
final class BodyBuilder {
  private final LoopSpace space;
  private final int inner;
  private final ScalarProgram program;
  private final List<Address> addresses = new ArrayList<>();
  private final List<Long> params = new ArrayList<>();
  private final List<Instr> code = new ArrayList<>();
  private final List<LoopBody.Out> outs = new ArrayList<>();
  private final int[] renumbered;

  /**
   * Starts a body.
   *
   * @param inner the canonical dimension that the innermost loop walks, or -1
   */
  BodyBuilder(LoopSpace space, int inner, ScalarProgram program) {
    this.space = space;
    this.inner = inner;
    this.program = program;
    this.renumbered = new int[program.size()];
    Arrays.fill(renumbered, -1);
  }

  /** Adds a store to a buffer. */
  BodyBuilder toMemory(DType storage, int buffer, Affine address, int value) {
    int v = value;
    if (program.get(v) instanceof Instr.Narrow n && n.storage() == storage && storage == DType.F16) {
      v = n.a(); // the store rounds in the same way
    }
    Affine a = number(address, storage.byteSize());
    outs.add(
        new LoopBody.ToMemory(storage, buffer, LoopBody.number(a), LoopBody.move(a), instruction(v)));
    return this;
  }

  /** Adds a store to the frame's results. */
  BodyBuilder toResults(int value) {
    outs.add(new LoopBody.ToResults(instruction(value)));
    return this;
  }

  /** Adds a combination into the frame's results. */
  BodyBuilder toAccumulators(ReduceOp op, int value) {
    outs.add(new LoopBody.ToAccumulators(op, instruction(value)));
    return this;
  }

  /** Adds a combination of each row into one of the frame's results. */
  BodyBuilder toLanes(ReduceOp op, int value) {
    outs.add(new LoopBody.ToLanes(op, instruction(value)));
    return this;
  }

  /** Adds a search for each row's first true value. */
  BodyBuilder toFirst(int value) {
    outs.add(new LoopBody.ToFirst(instruction(value)));
    return this;
  }

  LoopBody body() {
    return new LoopBody(code, outs);
  }

  Address[] addresses() {
    return addresses.toArray(new Address[0]);
  }

  long[] params() {
    return params.stream().mapToLong(Long::longValue).toArray();
  }

  /** The new number of a value; operands are few and programs are short, so the recursion is shallow after the first. */
  private int instruction(int value) {
    for (int v = 0; v <= value; v++) {
      if (renumbered[v] < 0 && needed(v, value)) {
        renumbered[v] = code.size();
        code.add(renumber(program.get(v)));
      }
    }
    return renumbered[value];
  }

  private boolean[] live = new boolean[0];
  private int liveFor = -1;

  private boolean needed(int v, int root) {
    if (liveFor != root) {
      live = new boolean[root + 1];
      live[root] = true;
      for (int i = root; i >= 0; i--) {
        if (live[i]) {
          for (int operand : LoopBody.operands(program.get(i))) {
            live[operand] = true;
          }
        }
      }
      liveFor = root;
    }
    return live[v];
  }

  private Instr renumber(Instr instr) {
    return switch (instr) {
      case Instr.Const c -> c;
      case Instr.Reduced r -> r;
      case Instr.Load l -> {
        int bytes = l.storage().byteSize();
        Affine address = number(l.address(), bytes);
        long step = addresses.get(LoopBody.number(address)).stride(inner);
        int move = step == 2L * bytes ? LoopBody.PAIRS : 2 * step == bytes ? LoopBody.REPEATED : LoopBody.move(address);
        yield new Instr.Load(l.storage(), l.slot(), new Affine(address.offset(), move));
      }
      case Instr.Gather g -> {
        int first = params.size();
        params.add(g.stride() * g.storage().byteSize());
        params.add(g.extent());
        yield new Instr.Gather(
            g.storage(), g.slot(), number(g.address(), g.storage().byteSize()), renumbered[g.index()], first, 0);
      }
      case Instr.Index x -> new Instr.Index(number(x.value(), 1));
      case Instr.Unary u -> new Instr.Unary(u.type(), u.op(), renumbered[u.a()]);
      case Instr.Binary b -> new Instr.Binary(b.type(), b.op(), renumbered[b.a()], renumbered[b.b()]);
      case Instr.Ternary t ->
          new Instr.Ternary(t.type(), t.op(), renumbered[t.a()], renumbered[t.b()], renumbered[t.c()]);
      case Instr.Convert c -> new Instr.Convert(c.type(), renumbered[c.a()]);
      case Instr.Bitcast c -> new Instr.Bitcast(c.type(), renumbered[c.a()]);
      case Instr.Narrow n -> new Instr.Narrow(n.storage(), renumbered[n.a()]);
    };
  }

  /** An address's number and how it moves; equal addresses share a number. */
  private Affine number(Affine a, int bytes) {
    Address address = space.address(a, bytes);
    long step = address.stride(inner);
    int move = step == 0 ? LoopBody.FIXED : step == bytes ? LoopBody.UNIT : LoopBody.STRIDED;
    for (int i = 0; i < addresses.size(); i++) {
      Address known = addresses.get(i);
      if (known.offset() == address.offset() && Arrays.equals(known.strides(), address.strides())) {
        return new Affine(i, move);
      }
    }
    addresses.add(address);
    return new Affine(addresses.size() - 1, move);
  }
}
