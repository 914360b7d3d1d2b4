package dev.tenzan.cuda.sim;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** PTX text that has been read and decoded: its kernels, ready for a {@link Simulator}. */
public final class PtxModule {
  private final String target;
  private final Map<String, Kernel> kernels;
  private final List<Variable> variables;

  private PtxModule(String target, Map<String, Kernel> kernels, List<Variable> variables) {
    this.target = target;
    this.kernels = kernels;
    this.variables = variables;
  }

  /** Reads a module's text; throws a {@link PtxException} where it is not understood. */
  public static PtxModule parse(String ptx) {
    Cursor in = new Cursor(ptx);
    Parser.Parsed parsed = Parser.parse(in);
    Map<String, Function> functions = new HashMap<>();
    for (Function f : parsed.functions()) {
      if (f.body() != null || !functions.containsKey(f.name())) {
        functions.put(f.name(), f);
      }
    }
    Map<String, Kernel> kernels = new LinkedHashMap<>();
    List<Variable> device = new ArrayList<>();
    for (Variable v : parsed.variables()) {
      if (v.space().equals("global") || v.space().equals("const")) {
        device.add(v);
      }
    }
    for (Function f : parsed.functions()) {
      if (f.entry() && f.body() != null) {
        kernels.put(f.name(), kernel(in, parsed, functions, f));
      }
    }
    return new PtxModule(parsed.target(), kernels, List.copyOf(device));
  }

  private static Kernel kernel(Cursor in, Parser.Parsed parsed, Map<String, Function> functions, Function f) {
    Lowering lowering = new Lowering(in, parsed.variables(), functions);
    Program program = lowering.lower(f);
    List<Parameter> parameters = lowering.layout.parameters();
    return new Kernel(
        f, program, parameters, lowering.layout.parameterBytes(), lowering.registers.declared(), lowering.unsupported());
  }

  /** The first target that the text names, such as {@code sm_75}. */
  public String target() {
    return target;
  }

  /** The kernels, in the order of the text. */
  public List<Kernel> kernels() {
    return List.copyOf(kernels.values());
  }

  /** A kernel by name. */
  public Kernel kernel(String name) {
    Kernel k = kernels.get(name);
    if (k == null) {
      throw new IllegalArgumentException("the module has no kernel " + name + "; it has " + kernels.keySet());
    }
    return k;
  }

  /** The module's variables in global and constant memory. */
  List<Variable> variables() {
    return variables;
  }

  /** A kernel's parameter: where it lies among the launch's parameters. */
  public record Parameter(String name, int offset, int size, int align) {}

  /** A kernel: what a launch must know of it. */
  public static final class Kernel {
    private final Function function;
    private final Program program;
    private final List<Parameter> parameters;
    private final int parameterBytes;
    private final Map<String, Integer> registers;
    private final @Nullable Instruction unsupported;

    Kernel(Function function, Program program, List<Parameter> parameters, int parameterBytes, Map<String, Integer> registers,
        @Nullable Instruction unsupported) {
      this.function = function;
      this.program = program;
      this.parameters = parameters;
      this.parameterBytes = parameterBytes;
      this.registers = registers;
      this.unsupported = unsupported;
    }

    /** Its name. */
    public String name() {
      return function.name();
    }

    /** Its parameters, in order. */
    public List<Parameter> parameters() {
      return parameters;
    }

    /** The bytes of all parameters. */
    public int parameterBytes() {
      return parameterBytes;
    }

    /** The bytes of shared memory that it declares itself. */
    public int sharedBytes() {
      return program.sharedBytes;
    }

    /** The virtual registers that it declares, by type; those of the functions that it calls are among them. */
    public Map<String, Integer> registers() {
      return registers;
    }

    /** {@code .reqntid}: the block that it must be launched with; zeros where any will do. */
    public int[] requiredThreads() {
      return function.required().clone();
    }

    /** {@code .maxntid}: the largest block that it may be launched with; zeros where it does not say. */
    public int[] maximumThreads() {
      return function.maximum().clone();
    }

    Program program() {
      return program;
    }

    @Nullable Instruction unsupported() {
      return unsupported;
    }
  }
}
