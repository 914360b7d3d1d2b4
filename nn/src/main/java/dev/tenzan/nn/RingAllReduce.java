package dev.tenzan.nn;

import dev.tenzan.Slice;
import dev.tenzan.Tensor;
import dev.tenzan.error.ShapeException;
import java.util.ArrayList;
import java.util.List;

/**
 * The sum of tensors that lie on several devices, on each of them: how gradients of parts of a batch become those of the batch.
 *
 * <p>The devices form a ring, and the tensors are cut into as many pieces as there are devices. Each piece goes round once and takes up
 * what the devices add to it, then round again as it is; so every device sends and receives at every step, and nothing is sent twice. The
 * sum of piece p begins at device p and goes on round the ring: the order is fixed by the number of devices, and all have the same bits.
 */
public final class RingAllReduce {
  private RingAllReduce() {}

  /**
   * Sums tensors of one shape and dtype.
   *
   * @param parts one tensor for each device, in the order of the ring
   * @return the sum on each of the devices
   * @throws ShapeException where shapes differ
   */
  public static List<Tensor> sum(List<Tensor> parts) {
    int n = parts.size();
    for (Tensor t : parts) {
      if (!t.shape().equals(parts.getFirst().shape())) {
        throw new ShapeException(
            "allReduce: shapes differ: " + parts.getFirst().shape() + " and " + t.shape() + "; give tensors of one shape");
      }
    }
    if (n == 1) {
      return List.copyOf(parts);
    }
    List<List<Tensor>> pieces = new ArrayList<>();
    for (Tensor t : parts) {
      pieces.add(cut(t, n));
    }
    for (int step = 0; step < n - 1; step++) {
      List<Tensor> sent = send(pieces, step, 0);
      for (int d = 0; d < n; d++) {
        int piece = Math.floorMod(d - 1 - step, n);
        pieces.get(d).set(piece, sent.get(d).add(pieces.get(d).get(piece)));
      }
    }
    for (int step = 0; step < n - 1; step++) {
      List<Tensor> sent = send(pieces, step, 1);
      for (int d = 0; d < n; d++) {
        pieces.get(d).set(Math.floorMod(d - step, n), sent.get(d));
      }
    }
    List<Tensor> sums = new ArrayList<>();
    for (int d = 0; d < n; d++) {
      Tensor whole = Tensor.concat(0, pieces.get(d));
      sums.add(whole.reshape(parts.get(d).shape().dims()));
    }
    return sums;
  }

  private static List<Tensor> cut(Tensor t, int n) {
    Tensor flat = t.reshape(t.size());
    List<Tensor> pieces = new ArrayList<>();
    for (int p = 0; p < n; p++) {
      pieces.add(flat.slice(Slice.of(t.size() * p / n, t.size() * (p + 1) / n)));
    }
    return pieces;
  }

  /** What each device receives from the one before it: piece {@code sender + ahead - step}. */
  private static List<Tensor> send(List<List<Tensor>> pieces, int step, int ahead) {
    int n = pieces.size();
    List<Tensor> sent = new ArrayList<>();
    for (int d = 0; d < n; d++) {
      int sender = Math.floorMod(d - 1, n);
      Tensor piece = pieces.get(sender).get(Math.floorMod(sender + ahead - step, n));
      sent.add(piece.to(pieces.get(d).getFirst().device()));
    }
    return sent;
  }
}
