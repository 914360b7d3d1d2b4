package dev.tenzan.cuda.sim;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads PTX text into declarations and functions (PTX ISA, "Directives"); bodies are left to {@link BodyParser}. */
final class Parser {
  private final Cursor in;
  private final BodyParser bodies;
  private final List<Variable> variables = new ArrayList<>();
  private final List<Function> functions = new ArrayList<>();
  private String target = "";

  private Parser(Cursor in) {
    this.in = in;
    this.bodies = new BodyParser(in);
  }

  /** What a module's text declares. */
  record Parsed(String target, List<Variable> variables, List<Function> functions) {}

  static Parsed parse(Cursor in) {
    Parser parser = new Parser(in);
    while (!in.atEnd()) {
      parser.directive();
    }
    return new Parsed(parser.target, List.copyOf(parser.variables), List.copyOf(parser.functions));
  }

  private void directive() {
    boolean external = false;
    while (in.peek().is(".visible") || in.peek().is(".extern") || in.peek().is(".weak") || in.peek().is(".common")) {
      external |= in.take().is(".extern");
    }
    String word = in.peek().text();
    switch (word) {
      case ".version", ".address_size" -> {
        in.take();
        in.take();
      }
      case ".target" -> {
        in.take();
        target = in.word("a target");
        while (in.accept(",")) {
          in.word("a target's option");
        }
      }
      case ".file", ".loc" -> in.skipLine();
      case ".pragma", ".alias" -> bodies.skipStatement();
      case ".section" -> {
        in.take();
        in.word("a section's name");
        bodies.skipBraces();
      }
      case ".entry", ".func" -> functions.add(function());
      case ".global", ".const", ".shared", ".local" -> bodies.variables(external, variables);
      default -> throw in.error("the directive '" + word + "' is not understood");
    }
  }

  private Function function() {
    boolean entry = in.peek().is(".entry");
    in.take();
    List<Statement> results = List.of();
    if (!entry && in.peek().is("(")) {
      results = parameters();
    }
    int line = in.peek().line();
    String name = in.word("a function's name");
    List<Statement> parameters = in.peek().is("(") ? parameters() : List.of();
    int[] required = {0, 0, 0};
    int[] maximum = {0, 0, 0};
    while (in.peek().text().startsWith(".")) {
      String word = in.peek().text();
      switch (word) {
        case ".reqntid" -> required = extents();
        case ".maxntid" -> maximum = extents();
        case ".minnctapersm", ".maxnreg", ".maxnctapersm" -> {
          in.take();
          in.integer();
        }
        case ".noreturn" -> in.take();
        case ".pragma" -> bodies.skipStatement();
        case ".attribute" -> {
          in.take();
          bodies.skipParentheses();
        }
        default -> throw in.error("the directive '" + word + "' is not understood here");
      }
    }
    List<Statement> body = in.accept(";") ? null : bodies.body();
    return new Function(line, name, entry, results, parameters, required, maximum, body);
  }

  private int[] extents() {
    in.take();
    int[] extents = {1, 1, 1};
    int n = 0;
    do {
      if (n == 3) {
        throw in.error("more than three extents");
      }
      extents[n++] = Math.toIntExact(in.integer());
    } while (in.accept(","));
    return extents;
  }

  private List<Statement> parameters() {
    List<Statement> list = new ArrayList<>();
    in.expect("(");
    while (!in.accept(")")) {
      list.add(parameter());
      if (!in.peek().is(")")) {
        in.expect(",");
      }
    }
    return List.copyOf(list);
  }

  private Statement parameter() {
    int line = in.peek().line();
    if (in.accept(".reg")) {
      Type type = bodies.type();
      return new Statement.Registers(line, type, in.word("a parameter's name"), 0);
    }
    in.expect(".param");
    @Nullable Type type = null;
    int align = 0;
    while (in.peek().text().startsWith(".")) {
      if (in.accept(".align")) {
        int given = Math.toIntExact(in.integer());
        align = type == null ? given : align; // after the type it is .ptr's: the alignment of what is pointed to
      } else if (in.accept(".ptr") || in.accept(".global") || in.accept(".shared") || in.accept(".const") || in.accept(".local")) {
        continue;
      } else {
        type = bodies.type();
      }
    }
    if (type == null) {
      throw in.error("the parameter has no type");
    }
    String name = in.word("a parameter's name");
    long elements = bodies.dimensions(1);
    return new Statement.Declaration(
        line, new Variable("param", false, type, Math.max(align, type.bytes()), name, elements, List.of()));
  }
}
