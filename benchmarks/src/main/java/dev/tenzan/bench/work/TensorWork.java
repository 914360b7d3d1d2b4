package dev.tenzan.bench.work;

import dev.tenzan.Device;
import dev.tenzan.Tensor;
import dev.tenzan.TensorScope;
import dev.tenzan.bench.measure.OpenBlas;
import dev.tenzan.type.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * A workload that is one tensor expression.
 *
 * @param facts what it is
 * @param inputs what it reads
 * @param body the expression
 * @param oracle how its result is checked
 */
record TensorWork(
    Facts facts, List<Host.Spec> inputs, Function<List<Tensor>, Tensor> body, Oracle oracle) implements Workload {

  private List<Host> draw() {
    List<Host> drawn = new ArrayList<>();
    for (int i = 0; i < inputs.size(); i++) {
      drawn.add(inputs.get(i).draw(i));
    }
    return drawn;
  }

  @Override
  public Session open(Device device) {
    return new Running(device);
  }

  /** Only square matrix products have one. */
  @Override
  public Optional<Runnable> peer(OpenBlas openBlas) {
    if (!facts.group().equals(Workloads.MATMUL)) {
      return Optional.empty();
    }
    int n = facts.extent();
    boolean wide = inputs.getFirst().dtype() == DType.F64;
    // Freed by the collector together with the runnable.
    Arena arena = Arena.ofAuto();
    List<Host> drawn = draw();
    MemorySegment a = drawn.get(0).copy(arena);
    MemorySegment b = drawn.get(1).copy(arena);
    MemorySegment c = arena.allocate(a.byteSize(), 64);
    return Optional.of(wide ? () -> openBlas.dgemm(n, a, b, c) : () -> openBlas.sgemm(n, a, b, c));
  }

  private final class Running implements Session {
    private final Device device;
    private final List<Tensor> operands = new ArrayList<>();

    Running(Device device) {
      this.device = device;
      draw().forEach(h -> operands.add(h.on(device)));
      Tensor.eval(operands);
    }

    @Override
    public void run() {
      try (TensorScope _ = TensorScope.open()) {
        body.apply(operands).eval();
        device.synchronize();
      }
    }

    @Override
    public double[] results() {
      try (TensorScope _ = TensorScope.open()) {
        Tensor result = body.apply(operands);
        if (result.dtype() == DType.F64) {
          return result.toDoubles();
        }
        float[] narrow = result.toFloats();
        double[] wide = new double[narrow.length];
        for (int i = 0; i < wide.length; i++) {
          wide[i] = narrow[i];
        }
        return wide;
      }
    }

    @Override
    public String check() {
      return oracle.check(draw(), results());
    }

    @Override
    public void close() {
      operands.forEach(Tensor::close);
    }
  }
}
