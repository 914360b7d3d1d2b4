package dev.tenzan.cuda.sim;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** A statement of a function's body, as it is written. */
sealed interface Statement {
  int line();

  /** A label. */
  record Label(int line, String name) implements Statement {}

  /** {@code $L: .branchtargets a, b;}: the table of an indexed branch. */
  record Targets(int line, String name, List<String> labels) implements Statement {}

  /** An instruction: guard, opcode, the opcode's dotted modifiers, operands. */
  record Operation(
      int line, @Nullable String guard, boolean negated, String opcode, List<String> modifiers, List<Operand> operands)
      implements Statement {
    boolean has(String modifier) {
      return modifiers.contains(modifier);
    }

    /** The last modifier that names a type. */
    @Nullable Type lastType() {
      for (int i = modifiers.size() - 1; i >= 0; i--) {
        Type t = Type.named(modifiers.get(i));
        if (t != null) {
          return t;
        }
      }
      return null;
    }
  }

  /** {@code .reg .b32 %r<10>}: count is 0 where the name itself is the register. */
  record Registers(int line, Type type, String name, int count) implements Statement {}

  /** A variable in some state space. */
  record Declaration(int line, Variable variable) implements Statement {}

  /** {@code { ... }}: a scope of names. */
  record Scope(int line, List<Statement> body) implements Statement {}
}
