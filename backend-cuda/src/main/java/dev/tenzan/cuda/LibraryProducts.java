package dev.tenzan.cuda;

import dev.tenzan.cuda.driver.CudaDriver;
import dev.tenzan.cuda.driver.DriverError;
import dev.tenzan.cuda.plan.FastWay;
import dev.tenzan.cuda.plan.LibraryProduct;
import dev.tenzan.cuda.vendor.CublasLt;
import dev.tenzan.cuda.vendor.CublasLtError;
import dev.tenzan.cuda.vendor.LtLibrary;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The products of one device that cuBLASLt does. The library is looked for when a product could be its, and opened with the first that is.
 * The device's lock is held in all calls.
 */
final class LibraryProducts {
  private static final System.Logger LOG = System.getLogger("dev.tenzan.cuda");

  private final CudaDriver driver;
  private final CudaDriver.Stream stream;
  private final BufferPool pool;
  private final Supplier<LtLibrary.Found> search;
  private @Nullable CublasLt opened;
  private boolean refused;

  LibraryProducts(CudaDriver driver, CudaDriver.Stream stream, BufferPool pool, Supplier<LtLibrary.Found> search) {
    this.driver = driver;
    this.stream = stream;
    this.pool = pool;
    this.search = search;
  }

  /** Whether a library is there. */
  boolean isThere(String property) {
    return !FastWay.isOwn(property) && !refused && search.get().library() != null;
  }

  /** Whether the library did a product; the results are as before where not. */
  boolean multiply(LibraryProduct product, long[] addresses) {
    long s = driver.handle(stream); // and the context is current
    CublasLt lt = opened == null ? open() : opened;
    return lt != null && lt.matmul(product.shape(), addresses[0] + product.a(), addresses[1] + product.b(), addresses[2], s);
  }

  /** A library that does not start, as with a driver older than it, is left out. */
  private @Nullable CublasLt open() {
    LtLibrary.Found found = search.get();
    if (refused || found.library() == null) {
      return null;
    }
    CudaBuffer workspace = pool.reserve(CublasLt.WORKSPACE_BYTES);
    try {
      opened = new CublasLt(found.library(), workspace.address);
    } catch (CublasLtError e) {
      refused = true;
      pool.free(workspace);
      LOG.log(
          System.Logger.Level.WARNING, "{0} does not start: {1}; fast products take other kernels. -D{2}=off leaves it out", found.text(),
          e.getMessage(), LtLibrary.PROPERTY);
    }
    return opened;
  }

  /** To be called when the stream is done. */
  void close() {
    CublasLt lt = opened;
    opened = null;
    refused = true;
    if (lt != null) {
      try {
        driver.handle(stream); // makes the context current
        lt.close();
      } catch (DriverError e) {
        LOG.log(System.Logger.Level.DEBUG, "cuBLASLt is left open: {0}", e.getMessage());
      }
    }
  }
}
