package dev.tenzan.cuda.program;

import dev.tenzan.cuda.driver.CudaDriver;
import dev.tenzan.cuda.driver.DeviceFacts;
import dev.tenzan.cuda.driver.DriverError;
import dev.tenzan.cuda.driver.ErrorCodes;
import dev.tenzan.spi.BinaryCache;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Kernels assembled by JCuda's {@link Assembler}, with a {@link BinaryCache} before it. Where the architecture is younger than the
 * assembler, or it is not there, the driver assembles the same PTX: it has a cache of its own.
 */
public final class AssembledPrograms implements ProgramSource {
  private static final System.Logger LOG = System.getLogger("dev.tenzan.cuda");

  private final CudaDriver driver;
  private final CudaDriver.Context context;
  private final DeviceFacts facts;
  private final @Nullable BinaryCache cache;
  private volatile boolean assembles;

  /** Kernels of one device; {@code cache} is null where binaries are not to be kept. */
  public AssembledPrograms(CudaDriver driver, CudaDriver.Context context, DeviceFacts facts, @Nullable BinaryCache cache) {
    this.driver = driver;
    this.context = context;
    this.facts = facts;
    this.cache = cache;
    this.assembles = !facts.simulated() && Assembler.ARCHITECTURES.contains(facts.architecture());
  }

  /** The name of a source's binary for this architecture in the cache. */
  String key(KernelSource source) {
    return KernelSource.sha256(source.target(facts.architecture()) + "\n" + source.code());
  }

  @Override
  public CudaDriver.Module load(KernelSource source) {
    if (!assembles) {
      return driver.load(context, source.bytes());
    }
    BinaryCache c = cache;
    String key = key(source);
    Optional<byte[]> kept = c == null ? Optional.empty() : c.read(key);
    if (kept.isPresent()) {
      try {
        return driver.load(context, kept.get());
      } catch (DriverError e) {
        if (e.code() != ErrorCodes.INVALID_IMAGE && e.code() != ErrorCodes.NO_BINARY_FOR_GPU) {
          throw e;
        }
        // The driver does not take what was kept. Assembling again is exact.
      }
    }
    byte[] binary;
    try {
      binary = Assembler.assemble(source, source.target(facts.architecture())).binary();
    } catch (LinkageError e) {
      assembles = false;
      LOG.log(System.Logger.Level.INFO, "JCuda''s PTX compiler is not there ({0}); the driver assembles", e.getMessage());
      return driver.load(context, source.bytes());
    }
    CudaDriver.Module module = driver.load(context, binary);
    if (c != null) {
      c.write(key, binary);
    }
    return module;
  }
}
