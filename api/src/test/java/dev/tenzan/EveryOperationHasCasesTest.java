package dev.tenzan;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.tenzan.conformance.OpCase;
import dev.tenzan.conformance.OpCases;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** What users can call on a tensor or a device is in the conformance kit, under its own name. */
class EveryOperationHasCasesTest {
  /** What is no operation: access, evaluation, and the ways for library authors to apply operations of their own. */
  private static final Set<String> OTHER = Set.of("self", "device", "reduce", "ofNode", "apply", "custom");

  @Test
  void operations() {
    Set<String> covered = new TreeSet<>();
    for (OpCase c : OpCases.all()) {
      covered.add(c.op());
      if (c.variant().endsWith("keep")) {
        covered.add(c.op() + "Keep");
      }
    }
    Set<String> callable = new TreeSet<>();
    addOperations(Tensor.class, callable);
    addOperations(Device.class, callable);
    Set<String> missing = new TreeSet<>(callable);
    missing.removeAll(covered);
    assertEquals(Set.of(), missing, "operations without cases");
    covered.removeAll(callable);
    assertEquals(Set.of(), covered, "cases of what nobody can call");
  }

  /** The methods of the interfaces that hold the operations by family, and static ones that make a tensor of others. */
  private static void addOperations(Class<?> type, Set<String> names) {
    for (Class<?> family : type.getInterfaces()) {
      if (family.getPackage() == type.getPackage()) {
        for (Method m : family.getDeclaredMethods()) {
          addPublic(m, names);
        }
      }
    }
    for (Method m : type.getDeclaredMethods()) {
      if (Modifier.isStatic(m.getModifiers()) && m.getReturnType() == Tensor.class) {
        addPublic(m, names);
      }
    }
  }

  private static void addPublic(Method m, Set<String> names) {
    if (Modifier.isPublic(m.getModifiers()) && !m.isSynthetic() && !OTHER.contains(m.getName())) {
      names.add(m.getName());
    }
  }
}
