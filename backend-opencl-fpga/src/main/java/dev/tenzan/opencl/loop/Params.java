package dev.tenzan.opencl.loop;

import dev.tenzan.opencl.plan.Arg;
import java.util.ArrayList;
import java.util.List;

/**
 * The numbers of a kernel that are arguments, not text: extents, strides, offsets. So kernels of one structure share a program,
 * whatever their shape. Where a device takes too few bytes of arguments the numbers are written into the text.
 */
final class Params {
  private final boolean wide;
  private final boolean literal;
  private final StringBuilder declarations = new StringBuilder();
  private final List<Arg> args = new ArrayList<>();

  /**
   * No parameters yet.
   *
   * @param wide whether numbers need 64 bits
   * @param literal whether they go into the text
   */
  Params(boolean wide, boolean literal) {
    this.wide = wide;
    this.literal = literal;
  }

  /** The type of indices. */
  String type() {
    return wide ? "long" : "int";
  }

  /** The name of a parameter with this value, or the value. */
  String of(long value) {
    if (literal) {
      return wide ? "(" + value + "L)" : "(" + value + ")";
    }
    String name = "p" + args.size();
    declarations.append(", ").append(type()).append(' ').append(name);
    args.add(wide ? new Arg.OfLong(value) : new Arg.OfInt(Math.toIntExact(value)));
    return name;
  }

  /** The declarations of the parameters, each behind a comma. */
  String declarations() {
    return declarations.toString();
  }

  /** The arguments of the parameters. */
  List<Arg> args() {
    return List.copyOf(args);
  }

  /** The bytes of the arguments. */
  long bytes() {
    return args.size() * (wide ? 8L : 4L);
  }
}
