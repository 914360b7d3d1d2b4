package dev.tenzan;

import dev.tenzan.ir.Node;
import dev.tenzan.spi.Backend;
import dev.tenzan.spi.Buffer;
import dev.tenzan.type.Layout;
import java.lang.ref.Cleaner;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A buffer that tensors share. It is freed when the last claim on it is given up, or by a {@link Cleaner} when it was forgotten.
 */
final class Storage {
  private static final Cleaner CLEANER = Cleaner.create();
  private static final boolean TRACE = "trace".equals(System.getProperty("tenzan.leaks"));

  private final Buffer buffer;
  /** Begins with the claim of the first view. */
  private final AtomicInteger claims = new AtomicInteger(1);
  private final Release release;
  private final Cleaner.Cleanable cleanable;

  /** A buffer seen under a layout: what an evaluated node holds. It has a claim on the storage: {@link #first} and {@link #view} make it. */
  record View(Storage storage, Layout layout) implements Node.Value {
    @Override
    public void release() {
      storage.unclaim();
    }
  }

  private Storage(Backend backend, Buffer buffer) {
    this.buffer = buffer;
    this.release = new Release(backend, buffer);
    this.cleanable = CLEANER.register(this, release);
  }

  /** The first view of a buffer that is shared from now on. */
  static View first(Backend backend, Buffer buffer, Layout layout) {
    return new View(new Storage(backend, buffer), layout);
  }

  /** One more view, while there is a claim. */
  View view(Layout layout) {
    claims.incrementAndGet();
    return new View(this, layout);
  }

  Buffer buffer() {
    return buffer;
  }

  /** Takes a claim, so that the buffer is there until {@link #unclaim}; false where it was freed before. */
  boolean claim() {
    int now = claims.get();
    while (now > 0) {
      int found = claims.compareAndExchange(now, now + 1);
      if (found == now) {
        return true;
      }
      now = found;
    }
    return false;
  }

  /** Gives a claim up; the buffer is freed with the last one. */
  void unclaim() {
    if (claims.decrementAndGet() == 0) {
      release.closed = true;
      cleanable.clean();
    }
  }

  /** Whether the buffer was given back. */
  boolean isFreed() {
    return claims.get() == 0;
  }

  /** Frees the buffer; the cleaner runs it once. Holds no reference to the storage. */
  private static final class Release implements Runnable {
    private final Backend backend;
    private final Buffer buffer;
    private final Throwable site = TRACE ? new Throwable("allocated here") : NO_SITE;
    /** Written by the thread that runs this, or never. */
    boolean closed;

    Release(Backend backend, Buffer buffer) {
      this.backend = backend;
      this.buffer = buffer;
    }

    @Override
    public void run() {
      backend.free(buffer);
      if (TRACE && !closed) {
        System.getLogger("dev.tenzan.leaks")
            .log(
                System.Logger.Level.WARNING,
                "a tensor of " + buffer.byteSize() + " bytes was forgotten and freed by the garbage collector; "
                    + "close it or make it in a TensorScope",
                site);
      }
    }
  }

  private static final Throwable NO_SITE = new Throwable("start with -Dtenzan.leaks=trace");
}
