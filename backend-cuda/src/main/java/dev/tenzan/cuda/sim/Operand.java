package dev.tenzan.cuda.sim;

import java.util.List;

/** An operand as it is written (PTX ISA, "Instruction Operands"), before names are resolved. */
sealed interface Operand {
  /** A register, a special register, a variable, a label or a function; {@code offset} is added to a variable's address. */
  record Name(String name, long offset) implements Operand {}

  /** An integer constant. */
  record Int(long value) implements Operand {}

  /** A floating-point constant: its value, and its bits where it was written as {@code 0f…}. */
  record Real(double value, boolean single) implements Operand {}

  /** A memory operand {@code [base + offset]}; the base is a name or, where there is none, empty. */
  record Address(String base, long offset) implements Operand {}

  /** {@code {a, b}}. */
  record Vector(List<Operand> items) implements Operand {}

  /** {@code (a, b)}, as a call has it. */
  record Group(List<Operand> items) implements Operand {}

  /** {@code p|q}. */
  record Pair(Operand first, Operand second) implements Operand {}

  /** {@code !p}. */
  record Not(String name) implements Operand {}
}
