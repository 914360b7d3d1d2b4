package dev.tenzan.scalar;

import dev.tenzan.type.DType;
import java.util.List;

/**
 * A straight-line program over scalars in static single assignment form: instruction {@code i} gives value {@code i}, and
 * operands come before their use. A plain value: equal programs compute the same.
 *
 * @param code the instructions
 */
public record ScalarProgram(List<Instr> code) {
  /** The program without instructions. */
  public static final ScalarProgram EMPTY = new ScalarProgram(List.of());

  /** Copies the instructions. */
  public ScalarProgram {
    code = List.copyOf(code);
  }

  /** The number of instructions. */
  public int size() {
    return code.size();
  }

  /** Instruction {@code i}. */
  public Instr get(int i) {
    return code.get(i);
  }

  /** The compute type of value {@code i}. */
  public DType type(int i) {
    return code.get(i).type();
  }

  @Override
  public String toString() {
    StringBuilder s = new StringBuilder();
    for (int i = 0; i < code.size(); i++) {
      s.append('%').append(i).append(" = ").append(code.get(i)).append('\n');
    }
    return s.toString();
  }
}
