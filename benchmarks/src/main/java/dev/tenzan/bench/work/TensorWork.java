package dev.tenzan.bench.work;

import dev.tenzan.Device;
import dev.tenzan.Tensor;
import dev.tenzan.TensorScope;
import dev.tenzan.Tenzan;
import dev.tenzan.bench.measure.Gemm;
import dev.tenzan.type.DType;
import dev.tenzan.type.Numerics;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
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
  public Optional<Rival> rival(Gemm library) {
    return facts.group().equals(Workloads.MATMUL) ? Optional.of(new Multiplication(library)) : Optional.empty();
  }

  private final class Multiplication implements Rival {
    private final Arena arena = Arena.ofShared();
    private final List<Host> drawn = draw();
    private final boolean wide = inputs.getFirst().dtype() == DType.F64;
    private final Gemm.Product product;
    private final String name;

    Multiplication(Gemm library) {
      this.name = library.name();
      this.product = library.open(facts.extent(), wide, drawn.get(0).copy(arena), drawn.get(1).copy(arena));
    }

    @Override
    public String name() {
      return name;
    }

    @Override
    public void run() {
      product.run();
    }

    @Override
    public void check() {
      run();
      MemorySegment found = product.result();
      double[] values = new double[facts.extent() * facts.extent()];
      for (int i = 0; i < values.length; i++) {
        values[i] = wide ? found.getAtIndex(ValueLayout.JAVA_DOUBLE, i) : found.getAtIndex(ValueLayout.JAVA_FLOAT, i);
      }
      try {
        Tenzan.with(Numerics.REPRODUCIBLE, () -> oracle.check(drawn, values)); // it rounds nothing to a shorter type
      } catch (CheckFailedException e) {
        throw new CheckFailedException(name + ": " + e.getMessage());
      }
    }

    @Override
    public void close() {
      product.close();
      arena.close();
    }
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
