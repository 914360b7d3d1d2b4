package dev.tenzan.ir;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.tenzan.error.DTypeException;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Operands and values are given back once, whoever comes first. */
class NodeTest {
  private static final class Counted implements Node.Value {
    final AtomicInteger releases = new AtomicInteger();

    @Override
    public void release() {
      releases.incrementAndGet();
    }
  }

  private static Node leaf(DType dtype, Node.Value value) {
    Node n = Node.ofValue(dtype, Shape.of(2), value);
    n.retain();
    return n;
  }

  private static Node negated(Node n) {
    Node r = Node.of(new Op.Unary(UnaryOp.NEG), n);
    r.retain();
    return r;
  }

  @Test
  void failedInferenceHoldsNothing() {
    Counted value = new Counted();
    Node x = leaf(DType.BOOL, value);
    assertThrows(
        DTypeException.class,
        () -> Node.of(new Op.Unary(UnaryOp.NEG), Node.of(new Op.Broadcast(Shape.of(3, 2)), x)));
    x.release();
    assertEquals(1, value.releases.get());
  }

  @Test
  void valueThatComesTooLateIsReleased() {
    Counted operand = new Counted();
    Counted late = new Counted();
    Node x = leaf(DType.F32, operand);
    Node y = negated(x);
    y.release();
    y.resolve(late);
    assertEquals(1, late.releases.get());
    assertEquals(0, operand.releases.get());
    x.release();
    assertEquals(1, operand.releases.get());
  }

  @Test
  void releaseRacesWithResolve() throws Exception {
    CyclicBarrier barrier = new CyclicBarrier(2);
    try (ExecutorService pool = Executors.newSingleThreadExecutor()) {
      long end = System.nanoTime() + 500_000_000;
      while (System.nanoTime() < end) {
        int n = 256;
        Counted[] operands = new Counted[n];
        Counted[] values = new Counted[n];
        Node[] xs = new Node[n];
        Node[] ys = new Node[n];
        for (int i = 0; i < n; i++) {
          operands[i] = new Counted();
          values[i] = new Counted();
          xs[i] = leaf(DType.F32, operands[i]);
          ys[i] = negated(xs[i]);
        }
        Future<?> closing =
            pool.submit(
                () -> {
                  barrier.await();
                  for (Node y : ys) {
                    y.release();
                  }
                  return null;
                });
        barrier.await();
        for (int i = 0; i < n; i++) {
          ys[i].resolve(values[i]);
        }
        closing.get();
        for (int i = 0; i < n; i++) {
          assertEquals(0, operands[i].releases.get(), "another holder is left");
          xs[i].release();
          assertEquals(1, operands[i].releases.get());
          assertEquals(1, values[i].releases.get());
        }
      }
    }
  }
}
