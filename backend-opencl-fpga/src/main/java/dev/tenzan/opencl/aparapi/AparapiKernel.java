package dev.tenzan.opencl.aparapi;

import com.aparapi.Kernel;
import dev.tenzan.error.DeviceException;
import dev.tenzan.kernel.CustomKernel;
import dev.tenzan.opencl.custom.DeviceBody;
import java.lang.ref.Cleaner;
import java.util.function.Supplier;

/**
 * A kernel written in Java for <a href="https://aparapi.com">Aparapi</a>, as the body of a user's own operation on an OpenCL device:
 *
 * <pre>{@code
 * static final AparapiKernel<Axpy> AXPY =
 *     AparapiKernel.of(
 *         Axpy::new,
 *         (kernel, arrays) -> {
 *           kernel.x = arrays.floats(0);
 *           kernel.b = arrays.floats(1);
 *           kernel.y = arrays.outputFloats();
 *         });
 *
 * Tensor y = Tensor.custom("axpy", DType.F32, x.shape(), AXPY, x, b);
 * }</pre>
 *
 * <p>It runs on the device that the tensors are on, or not at all: where Aparapi would run the kernel in Java threads, that is an
 * {@link dev.tenzan.error.UnsupportedKernelException} with Aparapi's reason.
 *
 * <p>Make one and keep it: it holds the kernel that Aparapi has compiled, and a tensor program is found again by it.
 *
 * @param <K> the class of the kernel
 */
public final class AparapiKernel<K extends Kernel> implements DeviceBody {
  private static final Cleaner CLEANER = Cleaner.create();

  private final Instances<K> instances;
  private final Binding<K> binding;

  /** Hands the contents of tensors to a kernel. */
  @FunctionalInterface
  public interface Binding<K> {
    /** Sets the fields of the kernel, the output's among them, before each launch. */
    void bind(K kernel, AparapiArrays arrays);
  }

  private AparapiKernel(Instances<K> instances, Binding<K> binding) {
    this.instances = instances;
    this.binding = binding;
  }

  /**
   * A body that runs a kernel.
   *
   * @param factory makes the kernel, once for each device
   * @param binding sets its fields before each launch
   * @throws DeviceException where a jar of Aparapi is missing
   */
  public static <K extends Kernel> AparapiKernel<K> of(Supplier<? extends K> factory, Binding<K> binding) {
    Jars.check(AparapiKernel.class.getClassLoader());
    Instances<K> instances = new Instances<>(factory);
    AparapiKernel<K> made = new AparapiKernel<>(instances, binding);
    CLEANER.register(made, instances::dispose);
    return made;
  }

  @Override
  public Prepared prepare(CustomKernel kernel, Target target) {
    instances.on(kernel.name(), target); // compiled now, so that what it lacks is known before anything runs
    return contents -> {
      if (kernel.outputShape().size() > 0) {
        instances.on(kernel.name(), target).run(kernel, target, binding, contents);
      }
    };
  }
}
