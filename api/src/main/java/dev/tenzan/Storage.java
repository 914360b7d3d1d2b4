package dev.tenzan;

import dev.tenzan.ir.Node;
import dev.tenzan.spi.Backend;
import dev.tenzan.spi.Buffer;
import dev.tenzan.type.Layout;
import java.lang.ref.Cleaner;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A buffer that tensors share. It is freed when the last claim on it is given up, or by a {@link Cleaner} when it was forgotten.
 */
final class Storage {
  private static final Cleaner CLEANER = Cleaner.create();
  private static final boolean TRACE = "trace".equals(System.getProperty("tenzan.leaks"));

  private final Buffer buffer;
  private final AtomicInteger claims = new AtomicInteger();
  private final Release release;
  private final Cleaner.Cleanable cleanable;

  /** A buffer seen under a layout: what an evaluated node holds. */
  record View(Storage storage, Layout layout) implements Node.Value {
    View {
      storage.claim();
    }

    @Override
    public void release() {
      storage.unclaim();
    }
  }

  Storage(Backend backend, Buffer buffer) {
    this.buffer = buffer;
    this.release = new Release(backend, buffer);
    this.cleanable = CLEANER.register(this, release);
  }

  Buffer buffer() {
    return buffer;
  }

  private void claim() {
    claims.incrementAndGet();
  }

  /** Gives a claim up; the buffer is freed with the last one. */
  private void unclaim() {
    if (claims.decrementAndGet() == 0) {
      release.closed = true;
      cleanable.clean();
    }
  }

  /** Whether the buffer was given back. */
  boolean isFreed() {
    return release.done.get();
  }

  /** Frees the buffer once. Holds no reference to the storage. */
  private static final class Release implements Runnable {
    private final Backend backend;
    private final Buffer buffer;
    private final AtomicBoolean done = new AtomicBoolean();
    private final Throwable site = TRACE ? new Throwable("allocated here") : NO_SITE;
    /** Written by the thread that runs this, or never. */
    boolean closed;

    Release(Backend backend, Buffer buffer) {
      this.backend = backend;
      this.buffer = buffer;
    }

    @Override
    public void run() {
      if (done.compareAndSet(false, true)) {
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
  }

  private static final Throwable NO_SITE = new Throwable("start with -Dtenzan.leaks=trace");
}
