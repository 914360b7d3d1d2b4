package dev.tenzan.cuda.ptx;

import dev.tenzan.cuda.plan.Arg;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The numbers of a kernel that are arguments, not text: extents, strides, offsets. So kernels of one structure share a text, whatever
 * their shape. Where there are too many of them the numbers are written into the text.
 */
final class Params {
  private final PtxText t;
  private final boolean wide;
  private final boolean literal;
  private final List<Arg> args = new ArrayList<>();
  private final StringBuilder prologue = new StringBuilder();
  private final Map<String, String> known = new LinkedHashMap<>();

  /**
   * No parameters yet.
   *
   * @param wide whether indices need 64 bits
   * @param literal whether numbers go into the text
   */
  Params(PtxText t, boolean wide, boolean literal) {
    this.t = t;
    this.wide = wide;
    this.literal = literal;
  }

  /** Declares an address; gives the register that holds it. */
  String address(String name, Arg arg) {
    t.parameter(".u64", name);
    args.add(arg);
    String generic = t.wide();
    String global = t.wide();
    prologue.append("  ld.param.u64 ").append(generic).append(", [").append(name).append("];\n");
    prologue.append("  cvta.to.global.u64 ").append(global).append(", ").append(generic).append(";\n");
    return global;
  }

  /**
   * A register, or a literal, with this value of the type of indices.
   *
   * @param role what the number is; equal numbers of one role are one parameter, and what others are must not change the text
   */
  String of(String role, long value) {
    return wide ? ofWide(role, value) : ofWord(role, value);
  }

  /** A register, or a literal, with this value in 64 bits. */
  String ofWide(String role, long value) {
    return known.computeIfAbsent(role + " wide " + value, _ -> add(value, true));
  }

  /** A register, or a literal, with these 32 bits. */
  String ofWord(String role, long value) {
    return known.computeIfAbsent(role + " " + value, _ -> add(value, false));
  }

  private String add(long value, boolean inWide) {
    if (literal) {
      return Long.toString(value);
    }
    String name = "n" + args.size();
    String type = inWide ? "u64" : "u32";
    String register = inWide ? t.wide() : t.word();
    t.parameter("." + type, name);
    args.add(new Arg.Number(value));
    prologue.append("  ld.param.").append(type).append(' ').append(register).append(", [").append(name).append("];\n");
    return register;
  }

  /** The instructions that read the parameters. */
  String prologue() {
    return prologue.toString();
  }

  /** The arguments of the parameters. */
  List<Arg> args() {
    return List.copyOf(args);
  }
}
