package dev.tenzan.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tenzan.error.TenzanException;
import dev.tenzan.kernel.LoopKernel;
import dev.tenzan.kernel.LoopKernel.Store;
import dev.tenzan.scalar.Instr;
import dev.tenzan.scalar.ScalarProgram;
import dev.tenzan.spi.Buffer;
import dev.tenzan.spi.Executable;
import dev.tenzan.type.Affine;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A backend that is closed while other threads launch: each launch runs to its end or says that it is closed. */
class CloseWhileRunningTest {
  private static final int N = 1 << 20;
  private static final int ROUNDS = 20;

  @Test
  @Timeout(60)
  void launchesEndOrSayThatItIsClosed() throws InterruptedException {
    LoopKernel copy =
        new LoopKernel(
            Shape.of(N), Shape.SCALAR, List.of(DType.F32), List.of(DType.F32),
            new ScalarProgram(List.of(new Instr.Load(DType.F32, 0, new Affine(0, 1)))), null, ScalarProgram.EMPTY,
            List.of(new Store(0, new Affine(0, 1), 0)));
    AtomicInteger done = new AtomicInteger();
    for (int round = 0; round < ROUNDS; round++) {
      CpuBackend backend = Backends.vector(2);
      Buffer in = backend.allocate(0, 4L * N);
      Buffer out = backend.allocate(0, 4L * N);
      Executable code = backend.compile(0, copy);
      int before = done.get();
      AtomicReference<String> said = new AtomicReference<>();
      Thread launcher =
          Thread.ofPlatform()
              .start(
                  () -> {
                    try {
                      while (true) {
                        backend.launch(code, List.of(in, out));
                        done.incrementAndGet();
                      }
                    } catch (TenzanException closed) {
                      said.set(closed.getMessage());
                    }
                  });
      while (done.get() < before + 3) {
        Thread.onSpinWait();
      }
      backend.close();
      launcher.join();
      assertEquals("launch: the cpu backend is closed; open it again", said.get());
    }
    assertTrue(done.get() >= 3 * ROUNDS);
  }
}
