package dev.tenzan.cuda.sim;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What a name stands for in a function's body. */
sealed interface Symbol {
  /** A register. */
  record Register(int row, Type type) implements Symbol {}

  /** A predicate register. */
  record Predicate(int index) implements Symbol {}

  /** A variable: its state space, and the row that holds its address. */
  record Place(String space, int row) implements Symbol {}

  /** A place in the code. */
  record Code(Flow.Label label) implements Symbol {}

  /** A table of labels. */
  record Table(List<String> labels) implements Symbol {}

  /** A scope of names within another. */
  final class Scope {
    private final @Nullable Scope outer;
    private final Map<String, Symbol> names = new HashMap<>();

    Scope(@Nullable Scope outer) {
      this.outer = outer;
    }

    void put(String name, Symbol symbol) {
      names.put(name, symbol);
    }

    @Nullable Symbol find(String name) {
      Scope scope = this;
      while (scope != null) {
        Symbol s = scope.names.get(name);
        if (s != null) {
          return s;
        }
        scope = scope.outer;
      }
      return null;
    }
  }
}
