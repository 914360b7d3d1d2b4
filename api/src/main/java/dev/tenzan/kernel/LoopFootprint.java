package dev.tenzan.kernel;

import dev.tenzan.error.ShapeException;
import dev.tenzan.scalar.Instr;
import dev.tenzan.scalar.ScalarProgram;
import dev.tenzan.type.Affine;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;

/** The parts of its buffers that a loop kernel touches, found before it runs: what a backend checks its buffers against. */
public final class LoopFootprint {
  private final LoopKernel kernel;
  private final long[] elements;
  private final long[] bytes;

  private LoopFootprint(LoopKernel kernel) {
    this.kernel = kernel;
    this.bytes = new long[kernel.inputs().size() + kernel.outputs().size()];
    this.elements = new long[bytes.length];
  }

  /**
   * The footprint of a kernel.
   *
   * @throws ShapeException where an address lies before its buffer, whatever the size
   */
  public static LoopFootprint of(LoopKernel kernel) {
    LoopFootprint f = new LoopFootprint(kernel);
    if (!kernel.space().isEmpty()) {
      Shape all = kernel.space().concat(kernel.reduced());
      if (!all.isEmpty()) {
        f.visit(kernel.body(), all);
      }
      f.visit(kernel.epilogue(), kernel.space());
      for (LoopKernel.Store s : kernel.stores()) {
        int buffer = kernel.inputs().size() + s.slot();
        f.touch("store", buffer, kernel.outputs().get(s.slot()), s.address(), kernel.space(), 0, 0);
      }
    }
    return f;
  }

  /** The least size of each buffer in bytes, inputs first. */
  public long[] bytes() {
    return bytes.clone();
  }

  /** The greatest number of elements of a buffer that are touched, counted from its start. */
  public long reach() {
    long most = 0;
    for (long e : elements) {
      most = Math.max(most, e);
    }
    return most;
  }

  /** A bound of the magnitude of every number that the kernel's index arithmetic meets, {@link #reach} among them. */
  public long largestIndex() {
    Shape all = kernel.space().concat(kernel.reduced());
    long most = Math.max(kernel.space().size(), 1);
    if (!all.isEmpty()) {
      most = Math.max(most, all.size());
      most = Math.max(most, largest(kernel.body(), all));
    }
    most = Math.max(most, largest(kernel.epilogue(), kernel.space()));
    for (LoopKernel.Store s : kernel.stores()) {
      most = Math.max(most, magnitude(s.address(), kernel.space()));
    }
    return Math.max(most, reach());
  }

  private static long largest(ScalarProgram program, Shape space) {
    long most = 0;
    for (Instr i : program.code()) {
      long m =
          switch (i) {
            case Instr.Load l -> magnitude(l.address(), space);
            case Instr.Gather g -> magnitude(g.address(), space) + Math.abs(g.stride()) * Math.max(1, g.extent());
            case Instr.Index x -> magnitude(x.value(), space);
            case Instr.Const _, Instr.Reduced _, Instr.Unary _, Instr.Binary _, Instr.Ternary _ -> 0;
            case Instr.Convert _, Instr.Bitcast _, Instr.Narrow _ -> 0;
          };
      most = Math.max(most, m < 0 ? Long.MAX_VALUE : m);
    }
    return most;
  }

  private static long magnitude(Affine a, Shape space) {
    long sum = Math.abs(a.offset());
    for (int d = 0; d < a.rank(); d++) {
      sum += Math.abs(a.stride(d)) * Math.max(1, space.dim(d));
    }
    return sum < 0 ? Long.MAX_VALUE : sum;
  }

  private void visit(ScalarProgram program, Shape space) {
    for (Instr instr : program.code()) {
      if (instr instanceof Instr.Load l) {
        touch("load", l.slot(), l.storage(), l.address(), space, 0, 0);
      } else if (instr instanceof Instr.Gather g && g.extent() > 0) {
        long reach = (g.extent() - 1) * g.stride();
        touch("gather", g.slot(), g.storage(), g.address(), space, Math.min(0, reach), Math.max(0, reach));
      }
    }
  }

  private void touch(
      String what, int buffer, DType storage, Affine address, Shape space, long below, long above) {
    long min = address.min(space) + below;
    long max = address.max(space) + above;
    if (min < 0) {
      throw new ShapeException(
          kernel.name() + ": a " + what + " of buffer " + buffer + " reaches element " + min + ", before its start; "
              + "correct the address " + address + " over " + space);
    }
    elements[buffer] = Math.max(elements[buffer], max + 1);
    bytes[buffer] = Math.max(bytes[buffer], Math.multiplyExact(max + 1, storage.byteSize()));
  }
}
