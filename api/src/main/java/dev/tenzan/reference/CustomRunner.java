package dev.tenzan.reference;

import dev.tenzan.ir.CustomBody;
import dev.tenzan.kernel.CustomKernel;
import dev.tenzan.type.DType;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** Runs a {@link CustomKernel} whose body is Java: hands it exactly its tensors. */
final class CustomRunner implements Runner {
  private final CustomKernel kernel;
  private final CustomBody.Host body;

  CustomRunner(CustomKernel kernel, CustomBody.Host body) {
    this.kernel = kernel;
    this.body = body;
  }

  @Override
  public List<Access> accesses() {
    List<Access> all = new ArrayList<>();
    for (int i = 0; i < kernel.inputs().size(); i++) {
      all.add(Access.dense(i, kernel.inputs().get(i), kernel.inputShapes().get(i).size()));
    }
    all.add(Access.dense(kernel.inputs().size(), kernel.output(), kernel.outputShape().size()));
    return all;
  }

  @Override
  public void run(List<MemorySegment> inputs, List<MemorySegment> outputs) {
    List<MemorySegment> tensors = new ArrayList<>();
    for (int i = 0; i < inputs.size(); i++) {
      DType dtype = kernel.inputs().get(i);
      long elements = kernel.inputShapes().get(i).size();
      tensors.add(inputs.get(i).asSlice(0, elements * dtype.byteSize()).asReadOnly());
    }
    long bytes = kernel.outputShape().size() * kernel.output().byteSize();
    kernel.run(body, List.copyOf(tensors), outputs.get(0).asSlice(0, bytes));
  }
}
