package dev.tenzan.cuda.sim;

import java.util.BitSet;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A kernel that is ready to run: its instructions, and how its registers and memory are laid out. */
final class Program {
  /** A row that begins with one value in every lane. */
  record Constant(int row, long value) {}

  /** A row that begins with a module variable's address plus an offset. */
  record Symbol(int row, String name, long offset) {}

  /** A row that begins with a special register. */
  record Special(int row, String name) {}


  final String name;
  final Instruction[] code;
  final int rows;
  final int predicates;
  final List<Constant> constants;
  final List<Symbol> symbols;
  final List<Special> specials;

  /** The rows that instructions write. */
  final int[] variable;

  final int sharedBytes;
  final int localBytes;
  final int accesses;
  final int granule;
  private final @Nullable BitSet[] reachable;

  Program(Function function, Lowering from, Instruction[] code) {
    this.name = function.name();
    this.code = code;
    this.rows = from.registers.rows();
    this.predicates = from.registers.predicates();
    this.constants = from.registers.constants();
    this.symbols = from.registers.symbols();
    this.specials = from.registers.specials();
    this.variable = variable();
    this.sharedBytes = from.layout.sharedBytes();
    this.localBytes = from.layout.localBytes();
    this.accesses = from.accesses();
    this.granule = from.granule();
    this.reachable = new BitSet[code.length];
  }

  private int[] variable() {
    BitSet written = new BitSet(rows);
    written.set(0, rows);
    constants.forEach(c -> written.clear(c.row()));
    symbols.forEach(s -> written.clear(s.row()));
    specials.forEach(s -> written.clear(s.row()));
    return written.stream().toArray();
  }

  /** Whether a lane that has executed one instruction may come to another. */
  boolean reaches(int from, int to) {
    BitSet set;
    synchronized (reachable) {
      set = reachable[from];
      if (set == null) {
        set = walk(from);
        reachable[from] = set;
      }
    }
    return set.get(to);
  }

  private BitSet walk(int from) {
    BitSet seen = new BitSet(code.length);
    int[] stack = new int[code.length + 1];
    int depth = 0;
    stack[depth++] = from;
    while (depth > 0) {
      int at = stack[--depth];
      Instruction in = code[at];
      if (!in.ends() || in.guard >= 0) {
        depth = push(at + 1, seen, stack, depth);
      }
      for (int target : in.targets()) {
        depth = push(target, seen, stack, depth);
      }
    }
    return seen;
  }

  private static int push(int at, BitSet seen, int[] stack, int depth) {
    if (seen.get(at)) {
      return depth;
    }
    seen.set(at);
    stack[depth] = at;
    return depth + 1;
  }

  /** The addresses of the symbols, in the order of {@link #symbols}. */
  long[] resolve(Map<String, Long> addresses) {
    return symbols.stream().mapToLong(s -> addresses.getOrDefault(s.name(), 0L) + s.offset()).toArray();
  }
}
