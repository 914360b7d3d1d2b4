package dev.tenzan.cuda.ptx;

import dev.tenzan.type.DType;
import java.util.LinkedHashMap;
import java.util.Map;

/** The text of one PTX kernel while it is written: its instructions, registers, labels and shared memory. */
final class PtxText {
  /** The oldest version and architecture that have all that is used; drivers take these and all later ones. */
  static final String HEAD = ".version 7.0\n.target sm_75\n.address_size 64\n";

  /** The kinds of registers by their prefix. */
  private static final Map<String, String> KINDS = new LinkedHashMap<>();

  static {
    KINDS.put("%p", ".pred");
    KINDS.put("%h", ".b16");
    KINDS.put("%r", ".b32");
    KINDS.put("%w", ".b64");
    KINDS.put("%f", ".f32");
    KINDS.put("%d", ".f64");
  }

  private final StringBuilder out = new StringBuilder();
  private final Map<String, Integer> used = new LinkedHashMap<>();
  private final StringBuilder parameters = new StringBuilder();
  private final StringBuilder shared = new StringBuilder();
  private int labels;

  /** Adds an instruction. */
  void line(String text) {
    out.append("  ").append(text).append(";\n");
  }

  /** Adds an instruction with its operands. */
  void op(String name, String... operands) {
    line(name + " " + String.join(", ", operands));
  }

  /** A new label, not placed yet. */
  String label() {
    return "L" + labels++;
  }

  /** Places a label. */
  void place(String label) {
    out.append(label).append(":\n");
  }

  /** Goes to a label. */
  void jump(String label) {
    line("bra " + label);
  }

  /** Goes to a label where a predicate holds. */
  void jumpIf(String predicate, String label) {
    line("@" + predicate + " bra " + label);
  }

  /** Goes to a label where a predicate does not hold. */
  void jumpUnless(String predicate, String label) {
    line("@!" + predicate + " bra " + label);
  }

  private String register(String prefix) {
    return prefix + (used.merge(prefix, 1, Integer::sum) - 1);
  }

  /** A new predicate. */
  String pred() {
    return register("%p");
  }

  /** A new register of 16 bits. */
  String half() {
    return register("%h");
  }

  /** A new register of 32 bits for integers. */
  String word() {
    return register("%r");
  }

  /** A new register of 64 bits for integers. */
  String wide() {
    return register("%w");
  }

  /** A new register for a value of a compute type; a bool is a predicate. */
  String value(DType compute) {
    return switch (compute) {
      case F32 -> register("%f");
      case F64 -> register("%d");
      case I32 -> word();
      case I64 -> wide();
      case BOOL -> pred();
      case F16, BF16, I16, I8, U8 -> throw new IllegalArgumentException(compute + " is no compute type");
    };
  }

  /** A new register of 32 bits with the result of an operation of two. */
  String calc(String op, String a, String b) {
    String d = word();
    op(op, d, a, b);
    return d;
  }

  /** A new register of 64 bits with {@code base + index * step}, where the index is one of 32 bits without sign. */
  String moved(String base, String index, String step) {
    String wide = wide();
    String d = wide();
    op("cvt.u64.u32", wide, index);
    op("mad.lo.s64", d, wide, step, base);
    return d;
  }

  /** Declares a parameter. */
  void parameter(String type, String name) {
    parameters.append(parameters.isEmpty() ? "\n" : ",\n").append("  .param ").append(type).append(' ').append(name);
  }

  /** Declares shared memory. */
  void shared(String name, int bytes) {
    shared.append("  .shared .align 16 .b8 ").append(name).append('[').append(bytes).append("];\n");
  }

  /** The kernel; {@code threads} is the most that a block will have, {@code prologue} comes before the other instructions. */
  String text(String entry, int threads, String prologue) {
    StringBuilder all = new StringBuilder("\n.visible .entry ").append(entry).append('(').append(parameters).append("\n)\n");
    all.append(".maxntid ").append(threads).append(", 1, 1\n{\n");
    used.forEach(
        (prefix, count) ->
            all.append("  .reg ").append(KINDS.get(prefix)).append(' ').append(prefix).append('<').append(count).append(">;\n"));
    return all.append(shared).append(prologue).append(out).append("  ret;\n}\n").toString();
  }
}
