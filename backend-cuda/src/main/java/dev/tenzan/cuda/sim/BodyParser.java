package dev.tenzan.cuda.sim;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reads function bodies and variable declarations (PTX ISA, "Statements" and "State Spaces"). */
final class BodyParser {
  private static final Set<String> SPACES = Set.of(".shared", ".local", ".param", ".global", ".const");

  private final Cursor in;

  BodyParser(Cursor in) {
    this.in = in;
  }

  Type type() {
    String word = in.word("a type");
    Type t = word.startsWith(".") ? Type.named(word.substring(1)) : null;
    if (t == null) {
      throw in.error("'" + word + "' is not a type that is understood");
    }
    return t;
  }

  void skipStatement() {
    while (!in.atEnd() && !in.accept(";")) {
      in.take();
    }
  }

  void skipBraces() {
    skipNested("{", "}");
  }

  void skipParentheses() {
    skipNested("(", ")");
  }

  private void skipNested(String open, String close) {
    in.expect(open);
    int depth = 1;
    while (depth > 0) {
      if (in.atEnd()) {
        throw in.error("'" + close + "' is missing");
      }
      Token t = in.take();
      depth += t.is(open) ? 1 : t.is(close) ? -1 : 0;
    }
  }

  List<Statement> body() {
    List<Statement> list = new ArrayList<>();
    in.expect("{");
    while (!in.accept("}")) {
      if (in.atEnd()) {
        throw in.error("'}' is missing");
      }
      statement(list);
    }
    return List.copyOf(list);
  }

  private void statement(List<Statement> list) {
    Token t = in.peek();
    if (t.is("{")) {
      list.add(new Statement.Scope(t.line(), body()));
    } else if (t.is(".loc") || t.is(".file")) {
      in.skipLine();
    } else if (t.is(".pragma")) {
      skipStatement();
    } else if (t.is(".reg")) {
      registers(list);
    } else if (SPACES.contains(t.text()) || t.is(".extern")) {
      boolean external = in.accept(".extern");
      List<Variable> variables = new ArrayList<>();
      variables(external, variables);
      variables.forEach(v -> list.add(new Statement.Declaration(t.line(), v)));
    } else if (t.kind() == Token.Kind.WORD && in.peek(1).is(":")) {
      label(list);
    } else if (in.accept(";")) {
      return;
    } else {
      list.add(operation());
    }
  }

  private void label(List<Statement> list) {
    int line = in.peek().line();
    String name = in.take().text();
    in.expect(":");
    if (in.accept(".branchtargets")) {
      List<String> labels = new ArrayList<>();
      do {
        labels.add(in.word("a label"));
      } while (in.accept(","));
      in.expect(";");
      list.add(new Statement.Targets(line, name, List.copyOf(labels)));
    } else {
      list.add(new Statement.Label(line, name));
    }
  }

  private void registers(List<Statement> list) {
    int line = in.peek().line();
    in.expect(".reg");
    Type type = type();
    do {
      String name = in.word("a register's name");
      int count = 0;
      if (in.accept("<")) {
        count = Math.toIntExact(in.integer());
        in.expect(">");
      }
      list.add(new Statement.Registers(line, type, name, count));
    } while (in.accept(","));
    in.expect(";");
  }

  /** Reads a declaration of one or more variables, up to its semicolon. */
  void variables(boolean external, List<Variable> list) {
    String space = in.word("a state space").substring(1);
    int align = 0;
    int vector = 1;
    @Nullable Type type = null;
    while (in.peek().text().startsWith(".")) {
      if (in.accept(".align")) {
        align = Math.toIntExact(in.integer());
      } else if (in.accept(".v2")) {
        vector = 2;
      } else if (in.accept(".v4")) {
        vector = 4;
      } else if (in.accept(".attribute")) {
        skipParentheses();
      } else {
        type = type();
      }
    }
    if (type == null) {
      throw in.error("the variable has no type");
    }
    do {
      String name = in.word("a variable's name");
      long elements = dimensions(0) * vector;
      List<Variable.Initial> initial = new ArrayList<>();
      if (in.accept("=")) {
        initial(type, initial);
      }
      elements = elements == 0 && !initial.isEmpty() ? initial.size() : elements;
      int aligned = Math.max(align, type.bytes() * vector);
      list.add(new Variable(space, external, type, aligned, name, elements, List.copyOf(initial)));
    } while (in.accept(","));
    in.expect(";");
  }

  /** The product of the array extents that follow; {@code open} stands for an extent that is left out. */
  long dimensions(long open) {
    long elements = 1;
    while (in.accept("[")) {
      elements *= in.peek().is("]") ? open : in.integer();
      in.expect("]");
    }
    return elements;
  }

  private void initial(Type type, List<Variable.Initial> list) {
    if (in.accept("{")) {
      while (!in.accept("}")) {
        initial(type, list);
        if (!in.peek().is("}")) {
          in.expect(",");
        }
      }
    } else if (in.peek().kind() == Token.Kind.WORD) {
      String name = in.take().text();
      boolean generic = name.equals("generic") && in.accept("(");
      String symbol = generic ? in.word("a variable's name") : name;
      if (generic) {
        in.expect(")");
      }
      list.add(new Variable.Initial(in.accept("+") ? in.integer() : 0, symbol));
    } else {
      list.add(new Variable.Initial(Constants.bits(in.constant(), type), ""));
    }
  }

  private Statement.Operation operation() {
    int line = in.peek().line();
    String guard = null;
    boolean negated = false;
    if (in.accept("@")) {
      negated = in.accept("!");
      guard = in.word("a predicate");
    }
    String[] parts = in.word("an instruction").split("\\.");
    List<Operand> operands = new ArrayList<>();
    while (!in.accept(";")) {
      operands.add(operand());
      if (!in.peek().is(";")) {
        in.expect(",");
      }
    }
    List<String> modifiers = List.of(Arrays.copyOfRange(parts, 1, parts.length));
    return new Statement.Operation(line, guard, negated, parts[0], modifiers, List.copyOf(operands));
  }

  private Operand operand() {
    if (in.accept("{")) {
      return new Operand.Vector(list("}"));
    } else if (in.accept("(")) {
      return new Operand.Group(list(")"));
    } else if (in.accept("[")) {
      return address();
    } else if (in.accept("!")) {
      return new Operand.Not(in.word("a predicate"));
    }
    Operand first = scalar();
    return in.accept("|") ? new Operand.Pair(first, scalar()) : first;
  }

  private Operand scalar() {
    if (in.peek().kind() != Token.Kind.WORD) {
      return in.constant();
    }
    return new Operand.Name(in.take().text(), offset());
  }

  private List<Operand> list(String close) {
    List<Operand> items = new ArrayList<>();
    while (!in.accept(close)) {
      items.add(operand());
      if (!in.peek().is(close)) {
        in.expect(",");
      }
    }
    return List.copyOf(items);
  }

  private long offset() {
    if (in.accept("+")) {
      return in.integer();
    }
    return in.peek().is("-") ? in.integer() : 0;
  }

  private Operand address() {
    String base = in.peek().kind() == Token.Kind.WORD ? in.take().text() : "";
    long offset = base.isEmpty() ? in.integer() : offset();
    in.expect("]");
    return new Operand.Address(base, offset);
  }
}
