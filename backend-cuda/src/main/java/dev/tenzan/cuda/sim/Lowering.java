package dev.tenzan.cuda.sim;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Turns a kernel's statements into a {@link Program}: names become rows, labels become places, and calls become copies of the functions
 * that they call.
 */
final class Lowering {
  final Registers registers = new Registers();
  final MemoryLayout layout = new MemoryLayout(registers);
  private final Cursor text;
  private final Map<String, Function> functions;
  private final Symbol.Scope module = new Symbol.Scope(null);
  private final Map<String, Variable> moduleShared = new HashMap<>();
  private final List<Instruction> code = new ArrayList<>();
  private final Deque<String> calls = new ArrayDeque<>();
  private final Decoder decoder = new Decoder(this);
  private Symbol.Scope scope = module;
  private Flow.@Nullable Label returnTo;
  private @Nullable Instruction unsupported;
  private int line;
  private int accesses;
  private int granule = 8;

  /** An instruction that the simulated device does not have; not an error before the kernel is launched. */
  static final class Unsupported extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Unsupported() {
      super("unsupported", null, false, false);
    }
  }

  Lowering(Cursor text, List<Variable> variables, Map<String, Function> functions) {
    this.text = text;
    this.functions = functions;
    for (Variable v : variables) {
      if (v.space().equals("shared")) {
        moduleShared.put(v.name(), v);
      } else {
        module.put(v.name(), new Symbol.Place(v.space(), registers.address(v.name())));
      }
    }
  }

  Program lower(Function kernel) {
    scope = new Symbol.Scope(module);
    line = kernel.line();
    for (Statement s : kernel.parameters()) {
      if (s instanceof Statement.Declaration d) {
        scope.put(d.variable().name(), layout.parameter(d.variable()));
      } else {
        throw error("a kernel's parameters are in .param space");
      }
    }
    List<Statement> body = kernel.body();
    walk(body == null ? List.of() : body);
    add(new Flow.Exit()); // a body may end without ret
    layout.settle();
    for (Instruction in : code) {
      line = Math.max(in.at.number(), 1);
      for (int target : in.targets()) {
        if (target < 0) {
          throw error("the label is not in the function");
        }
      }
    }
    return new Program(kernel, this, code.toArray(new Instruction[0]));
  }

  private void walk(List<Statement> body) {
    Symbol.Scope outer = scope;
    scope = new Symbol.Scope(outer);
    for (Statement s : body) {
      if (s instanceof Statement.Label l) {
        scope.put(l.name(), new Symbol.Code(new Flow.Label()));
      } else if (s instanceof Statement.Targets t) {
        scope.put(t.name(), new Symbol.Table(t.labels()));
      }
    }
    for (Statement s : body) {
      line = s.line();
      statement(s);
    }
    scope = outer;
  }

  private void statement(Statement s) {
    switch (s) {
      case Statement.Label l -> label(l.name()).target = code.size();
      case Statement.Scope inner -> walk(inner.body());
      case Statement.Declaration d -> declare(d.variable());
      case Statement.Targets t -> { }
      case Statement.Registers r -> {
        if (r.count() == 0) {
          scope.put(r.name(), registers.declare(r.type()));
        }
        for (int i = 0; i < r.count(); i++) {
          scope.put(r.name() + i, registers.declare(r.type()));
        }
      }
      case Statement.Operation op -> operation(op);
    }
  }

  private void declare(Variable v) {
    scope.put(v.name(), switch (v.space()) {
      case "shared" -> layout.shared(v);
      case "local", "param" -> layout.local(v);
      default -> throw error("variables in ." + v.space() + " belong outside of functions");
    });
  }

  private void operation(Statement.Operation op) {
    int before = code.size();
    try {
      switch (op.opcode()) {
        case "call" -> call(op);
        case "ret" -> emit(op, returnTo == null ? new Flow.Exit() : new Flow.Branch(returnTo));
        default -> decoder.decode(op);
      }
    } catch (Unsupported e) {
      code.subList(before, code.size()).clear();
      Instruction trap = new Flow.Trap("unsupported instruction");
      emit(op, trap);
      unsupported = unsupported == null ? trap : unsupported;
    }
  }

  /** Appends an instruction under an operation's guard. */
  void emit(Statement.Operation op, Instruction in) {
    if (op.guard() != null) {
      in.guard = predicate(op.guard());
      in.negated = op.negated();
    }
    add(in);
  }

  private void add(Instruction in) {
    in.at = text.source(line);
    code.add(in);
  }

  private void call(Statement.Operation op) {
    List<Operand> operands = new ArrayList<>(op.operands());
    List<Operand> results = !operands.isEmpty() && operands.getFirst() instanceof Operand.Group g ? g.items() : List.of();
    if (!results.isEmpty()) {
      operands.removeFirst();
    }
    if (operands.isEmpty() || !(operands.getFirst() instanceof Operand.Name target)) {
      throw error("a call names a function");
    }
    List<Operand> arguments = operands.size() > 1 && operands.get(1) instanceof Operand.Group g ? g.items() : List.of();
    Function f = functions.get(target.name());
    if (f == null || f.body() == null || calls.contains(f.name())) {
      throw new Unsupported(); // through a pointer, of what is defined elsewhere, or recursive
    }
    Flow.Label end = new Flow.Label();
    if (op.guard() != null) {
      Instruction around = new Flow.Branch(end);
      around.guard = predicate(op.guard());
      around.negated = !op.negated();
      add(around);
    }
    inline(f, results, arguments, end);
    end.target = code.size();
    add(new Flow.Nothing()); // where lanes meet again, also when the call is the last statement
  }

  private void inline(Function f, List<Operand> results, List<Operand> arguments, Flow.Label end) {
    Symbol.Scope caller = scope;
    Flow.Label callerReturns = returnTo;
    Symbol.Scope inner = new Symbol.Scope(module);
    bind(f.parameters(), arguments, inner, true);
    bind(f.results(), results, inner, false);
    int called = line;
    calls.push(f.name());
    scope = inner;
    returnTo = end;
    List<Statement> body = f.body();
    walk(body == null ? List.of() : body);
    calls.pop();
    scope = caller;
    returnTo = callerReturns;
    line = called;
  }

  /** Formal names stand for what the caller passes; a register that is passed by value gets a copy. */
  private void bind(List<Statement> formals, List<Operand> actuals, Symbol.Scope inner, boolean copy) {
    if (formals.size() != actuals.size()) {
      throw error("the function has " + formals.size() + " parameters, not " + actuals.size());
    }
    for (int i = 0; i < formals.size(); i++) {
      Operand actual = actuals.get(i);
      switch (formals.get(i)) {
        case Statement.Declaration d when actual instanceof Operand.Name n && scope.find(n.name()) instanceof Symbol.Place p ->
            inner.put(d.variable().name(), p);
        case Statement.Registers r when copy && r.type() != Type.PRED -> {
          Symbol.Register register = (Symbol.Register) registers.declare(r.type());
          add(new Lanes.Move(register.row(), row(actual, r.type())));
          inner.put(r.name(), register);
        }
        case Statement.Registers r when actual instanceof Operand.Name n && scope.find(n.name()) instanceof Symbol.Register s ->
            inner.put(r.name(), s);
        default -> throw new Unsupported();
      }
    }
  }

  Flow.Label label(String name) {
    if (scope.find(name) instanceof Symbol.Code c) {
      return c.label();
    }
    throw error("the label " + name + " is not declared");
  }

  Flow.Label[] table(String name) {
    if (scope.find(name) instanceof Symbol.Table t) {
      return t.labels().stream().map(this::label).toArray(Flow.Label[]::new);
    }
    throw error("the table of branch targets " + name + " is not declared");
  }

  @Nullable Symbol find(String name) {
    Symbol s = scope.find(name);
    Variable shared = s == null ? moduleShared.get(name) : null;
    return shared == null ? s : layout.shared(shared);
  }

  /** The row of a source operand, which is a constant of some type where it is one. */
  int row(Operand operand, Type type) {
    return switch (operand) {
      case Operand.Int i -> registers.constant(Constants.bits(i, type));
      case Operand.Real r -> registers.constant(Constants.bits(r, type));
      case Operand.Name n -> named(n, type);
      default -> throw error("a register or a constant expected");
    };
  }

  private int named(Operand.Name n, Type type) {
    Symbol s = find(n.name());
    if (s instanceof Symbol.Register r && n.offset() == 0) {
      if (type != Type.PRED && r.type().bits < type.bits) {
        throw error("the register " + n.name() + " has " + r.type().bits + " bits, the instruction takes " + type.bits);
      }
      return r.row();
    } else if (s instanceof Symbol.Place p) {
      return n.offset() == 0 ? p.row() : sum(p.row(), n.offset());
    } else if (Registers.isSpecial(n.name())) {
      return registers.special(n.name());
    } else if (n.name().equals("WARP_SZ")) {
      return registers.constant(Lanes.WIDTH);
    } else if (s instanceof Symbol.Predicate) {
      throw error(n.name() + " is a predicate, where a register is needed");
    }
    throw error("the name " + n.name() + " is not declared");
  }

  private int sum(int row, long offset) {
    int d = registers.scratchRow();
    add(new Lanes.Unary(d, row, 0, -1, a -> a + offset));
    return d;
  }

  /** The row that a destination operand names; a row that nothing reads for {@code _}. */
  int destination(Operand operand) {
    if (operand instanceof Operand.Name n) {
      if (n.name().equals("_")) {
        return registers.scratchRow();
      } else if (scope.find(n.name()) instanceof Symbol.Register r) {
        return r.row();
      }
      throw error("the register " + n.name() + " is not declared");
    }
    throw error("a register expected");
  }

  /** The type that a destination register was declared with. */
  Type declaredType(Operand operand) {
    if (operand instanceof Operand.Name n && scope.find(n.name()) instanceof Symbol.Register r) {
      return r.type();
    }
    return Type.B64;
  }

  int predicate(Operand operand) {
    return switch (operand) {
      case Operand.Name n -> predicate(n.name());
      case Operand.Not n -> predicate(n.name());
      default -> throw error("a predicate expected");
    };
  }

  private int predicate(String name) {
    if (name.equals("_")) {
      return registers.scratchPredicate();
    } else if (scope.find(name) instanceof Symbol.Predicate p) {
      return p.index();
    }
    throw error("the predicate " + name + " is not declared");
  }

  PtxException error(String reason) {
    return text.error(line, reason);
  }

  /** A slot for where a memory instruction found its last address. */
  int access() {
    return accesses++;
  }

  /** Notes the size of an access to shared memory; see {@link SharedTracker}. */
  void sharedAccess(int bytes) {
    granule = Math.min(granule, bytes);
  }

  int accesses() {
    return accesses;
  }

  int granule() {
    return granule;
  }

  @Nullable Instruction unsupported() {
    return unsupported;
  }
}
