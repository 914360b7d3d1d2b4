package dev.tenzan.cuda.sim;

import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/** Where a kernel's variables lie: its parameters, the block's shared memory, each thread's local memory. */
final class MemoryLayout {
  private final Registers registers;
  private final Map<Variable, Symbol.Place> shared = new IdentityHashMap<>();
  private final Map<Variable, Integer> dynamic = new IdentityHashMap<>();
  private final List<PtxModule.Parameter> parameters = new ArrayList<>();
  private int parameterBytes;
  private int sharedBytes;
  private int localBytes;
  private int dynamicAlign = 1;

  MemoryLayout(Registers registers) {
    this.registers = registers;
  }

  private static int align(int offset, int alignment) {
    return (offset + alignment - 1) / alignment * alignment;
  }

  Symbol.Place parameter(Variable v) {
    int offset = align(parameterBytes, v.align());
    parameterBytes = Math.toIntExact(offset + v.bytes());
    parameters.add(new PtxModule.Parameter(v.name(), offset, (int) v.bytes(), v.align()));
    return new Symbol.Place("param", registers.constant(offset));
  }

  /** A variable of a thread: also a parameter of a call, which devices keep on the thread's stack. */
  Symbol.Place local(Variable v) {
    int offset = align(localBytes, v.align());
    localBytes = Math.toIntExact(offset + v.bytes());
    return new Symbol.Place("local", registers.constant(offset));
  }

  /** A variable of the block; one that is external is the launch's dynamic shared memory. */
  Symbol.Place shared(Variable v) {
    return shared.computeIfAbsent(v, k -> {
      if (v.external() || v.elements() == 0) {
        int row = registers.later();
        dynamic.put(v, row);
        dynamicAlign = Math.max(dynamicAlign, v.align());
        return new Symbol.Place("shared", row);
      }
      int offset = align(sharedBytes, v.align());
      sharedBytes = Math.toIntExact(offset + v.bytes());
      return new Symbol.Place("shared", registers.constant(offset));
    });
  }

  /** All variables are known: dynamic shared memory begins behind the others. */
  void settle() {
    if (!dynamic.isEmpty()) {
      sharedBytes = align(sharedBytes, dynamicAlign);
      dynamic.values().forEach(row -> registers.settle(row, sharedBytes));
    }
    localBytes = align(localBytes, 16);
  }

  List<PtxModule.Parameter> parameters() {
    return List.copyOf(parameters);
  }

  int parameterBytes() {
    return parameterBytes;
  }

  int sharedBytes() {
    return sharedBytes;
  }

  int localBytes() {
    return localBytes;
  }
}
