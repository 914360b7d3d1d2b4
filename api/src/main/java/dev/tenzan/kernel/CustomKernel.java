package dev.tenzan.kernel;

import dev.tenzan.error.DeviceException;
import dev.tenzan.error.TenzanException;
import dev.tenzan.ir.CustomBody;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * A user's own operation on dense row-major tensors. A backend runs it where it knows the {@link CustomBody}'s kind, and declares it
 * unsupported otherwise.
 *
 * @param name the name in messages and traces
 * @param inputs the storage types of the inputs
 * @param inputShapes the shapes of the inputs
 * @param output the storage type of the output
 * @param outputShape the shape of the output
 * @param body what is run
 */
public record CustomKernel(
    String name, List<DType> inputs, List<Shape> inputShapes, DType output, Shape outputShape, CustomBody body)
    implements KernelSpec {

  /** Copies the lists. */
  public CustomKernel {
    inputs = List.copyOf(inputs);
    inputShapes = List.copyOf(inputShapes);
  }

  @Override
  public List<DType> outputs() {
    return List.of(output);
  }

  /**
   * Runs a body in Java, as every host backend does it.
   *
   * @throws DeviceException with its cause where the body throws another exception than Tenzan's
   */
  public void run(CustomBody.Host host, List<MemorySegment> in, MemorySegment out) {
    try {
      host.run(in, out);
    } catch (TenzanException e) {
      throw e;
    } catch (RuntimeException e) {
      throw new DeviceException("custom " + name + ": the body failed with " + e + "; correct the operation's body", e);
    }
  }

  @Override
  public double operations() {
    return outputShape.size();
  }
}
