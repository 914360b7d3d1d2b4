package dev.tenzan.cuda.sim;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** The rows of a program's register file: its registers, its constants, the special registers and addresses that it reads. */
final class Registers {
  private static final Set<String> SPECIAL = Set.of(
      "%tid.x", "%tid.y", "%tid.z", "%ntid.x", "%ntid.y", "%ntid.z", "%ctaid.x", "%ctaid.y", "%ctaid.z",
      "%nctaid.x", "%nctaid.y", "%nctaid.z", "%laneid", "%warpid", "%nwarpid", "%smid", "%nsmid", "%gridid",
      "%lanemask_eq", "%lanemask_lt", "%lanemask_le", "%lanemask_ge", "%lanemask_gt", "%dynamic_smem_size", "%total_smem_size");

  private final Map<Long, Integer> constantRows = new HashMap<>();
  private final Map<String, Integer> specialRows = new HashMap<>();
  private final List<Program.Constant> constants = new ArrayList<>();
  private final List<Program.Symbol> symbols = new ArrayList<>();
  private final List<Program.Special> specials = new ArrayList<>();
  private final Map<String, Integer> declared = new TreeMap<>();
  private int rows;
  private int predicates;

  /** A new register; a predicate where the type is one. */
  Symbol declare(Type type) {
    declared.merge(type.text(), 1, Integer::sum);
    return type == Type.PRED ? new Symbol.Predicate(predicates++) : new Symbol.Register(rows++, type);
  }

  /** A row or predicate that nothing reads. */
  int scratchRow() {
    return rows++;
  }

  int scratchPredicate() {
    return predicates++;
  }

  int constant(long value) {
    return constantRows.computeIfAbsent(value, v -> {
      constants.add(new Program.Constant(rows, v));
      return rows++;
    });
  }

  /** A row whose value is known only once all is laid out; see {@link #settle}. */
  int later() {
    return rows++;
  }

  void settle(int row, long value) {
    constants.add(new Program.Constant(row, value));
  }

  int address(String variable) {
    symbols.add(new Program.Symbol(rows, variable, 0));
    return rows++;
  }

  static boolean isSpecial(String name) {
    return SPECIAL.contains(name);
  }

  int special(String name) {
    return specialRows.computeIfAbsent(name, n -> {
      specials.add(new Program.Special(rows, n));
      return rows++;
    });
  }

  int rows() {
    return rows;
  }

  int predicates() {
    return predicates;
  }

  List<Program.Constant> constants() {
    return List.copyOf(constants);
  }

  List<Program.Symbol> symbols() {
    return List.copyOf(symbols);
  }

  List<Program.Special> specials() {
    return List.copyOf(specials);
  }

  Map<String, Integer> declared() {
    return Map.copyOf(declared);
  }
}
