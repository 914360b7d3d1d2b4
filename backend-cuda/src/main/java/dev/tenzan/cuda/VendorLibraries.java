package dev.tenzan.cuda;

import dev.tenzan.cuda.driver.CudaDriver;
import dev.tenzan.cuda.plan.FastWay;
import dev.tenzan.cuda.plan.LibraryConvolution;
import dev.tenzan.cuda.plan.LibraryProduct;
import dev.tenzan.cuda.plan.LibraryWork;
import dev.tenzan.cuda.vendor.CublasLt;
import dev.tenzan.cuda.vendor.Cudnn;
import dev.tenzan.cuda.vendor.Found;
import dev.tenzan.cuda.vendor.Libraries;
import dev.tenzan.cuda.vendor.LibraryError;
import dev.tenzan.error.DeviceMemoryException;
import java.util.Objects;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What NVIDIA's libraries do for one device: products by cuBLASLt, convolutions by cuDNN. A library is looked for when work could be its, and
 * opened with the first that is. The device's lock is held in all calls.
 */
final class VendorLibraries {
  private static final System.Logger LOG = System.getLogger("dev.tenzan.cuda");

  private final CudaDriver driver;
  private final CudaDriver.Stream stream;
  private final BufferPool pool;
  private final Library<CublasLt> products;
  private final Library<Cudnn> convolutions;

  /** One library: not looked for, there or not, opened, or refused because it does not start. */
  private final class Library<O extends AutoCloseable> {
    private final Supplier<? extends Found<?>> search;
    private final Supplier<O> opener;
    private @Nullable O opened;
    private boolean refused;

    <L> Library(Supplier<Found<L>> search, Function<L, O> opener) {
      this.search = search;
      this.opener = () -> opener.apply(Objects.requireNonNull(search.get().library()));
    }

    boolean isThere() {
      return !refused && search.get().library() != null;
    }

    /** The library on this device, or null where it is not there or does not start, as with a driver older than it. */
    @Nullable O get() {
      if (opened == null && isThere()) {
        try {
          opened = opener.get();
        } catch (DeviceMemoryException e) { // for its workspace; there may be some the next time
          LOG.log(System.Logger.Level.DEBUG, "{0} is left out once: {1}", search.get().text(), e.getMessage());
        } catch (LibraryError e) {
          refused = true;
          LOG.log(
              System.Logger.Level.WARNING, "{0} does not start: {1}; what it would do takes other kernels. {2}", search.get().text(),
              e.getMessage(), e.remedy());
        }
      }
      return opened;
    }

    void close() {
      O it = opened;
      opened = null;
      refused = true;
      if (it != null) {
        try {
          driver.handle(stream); // makes the context current
          it.close();
        } catch (Exception e) {
          LOG.log(System.Logger.Level.DEBUG, "{0} is left open: {1}", search.get().text(), e.getMessage());
        }
      }
    }
  }

  VendorLibraries(CudaDriver driver, CudaDriver.Stream stream, BufferPool pool, Libraries libraries) {
    this.driver = driver;
    this.stream = stream;
    this.pool = pool;
    this.products =
        new Library<>(
            libraries.products(),
            found -> {
              CudaBuffer workspace = pool.reserve(CublasLt.WORKSPACE_BYTES);
              try {
                return new CublasLt(found, workspace.address);
              } catch (LibraryError e) {
                pool.free(workspace);
                throw e;
              }
            });
    this.convolutions = new Library<>(libraries.convolutions(), found -> new Cudnn(found, () -> driver.synchronize(stream)));
  }

  /** Whether cuBLASLt is there. */
  boolean multiplies(String property) {
    return !FastWay.isOwn(property) && products.isThere();
  }

  /** Whether cuDNN is there. */
  boolean convolves(String property) {
    return !FastWay.isOwn(property) && convolutions.isThere();
  }

  /** Whether a library did the work; the results are as before where not. */
  boolean run(LibraryWork work, long[] addresses) {
    long s = driver.handle(stream); // and the context is current
    return switch (work) {
      case LibraryProduct p -> {
        CublasLt lt = products.get();
        yield lt != null && lt.matmul(p.shape(), addresses[0] + p.a(), addresses[1] + p.b(), addresses[2], s);
      }
      case LibraryConvolution c -> convolve(c, addresses, s);
    };
  }

  private boolean convolve(LibraryConvolution c, long[] addresses, long queue) {
    Cudnn dnn = convolutions.get();
    long x = addresses[0] + c.first();
    long w = addresses[1] + c.second();
    Cudnn.Plan plan = dnn == null ? null : dnn.plan(c.shape(), x, w);
    if (plan == null) {
      return false;
    }
    CudaBuffer workspace;
    try {
      workspace = pool.allocate(Math.max(1, plan.workspace()));
    } catch (DeviceMemoryException e) { // up to a gigabyte, which our own kernels do without
      LOG.log(System.Logger.Level.DEBUG, "a convolution goes without cuDNN: {0}", e.getMessage());
      return false;
    }
    try {
      plan.run(x, w, addresses[c.result()], workspace.address, queue);
    } finally {
      pool.free(workspace); // what takes it next is queued behind
    }
    return true;
  }

  /** To be called when the stream is done. */
  void close() {
    products.close();
    convolutions.close();
  }
}
