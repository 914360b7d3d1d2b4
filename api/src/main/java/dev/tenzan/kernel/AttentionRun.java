package dev.tenzan.kernel;

import dev.tenzan.scalar.Instr;
import dev.tenzan.scalar.ScalarProgram;
import dev.tenzan.type.Affine;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Attention as a program has it: a product of queries and keys, loops along the rows of the scores, and a product of what the loops leave, the
 * weights, and values. Row i of every buffer in between depends on row i of the queries alone, so a device can take some rows through all of
 * it, and neither scores nor weights need be in its memory.
 *
 * <p>Buffers are numbered: {@link #QUERIES}, {@link #KEYS}, {@link #VALUES} and {@link #OUTPUT}, then what loops read besides, then what
 * lives only inside. Rows are counted over the products' batch and their m: a local buffer has one row after the other.
 *
 * @param scores queries by keys
 * @param loops the loops in order; the first dimensions of each are the batch and m
 * @param result weights by values, of the same batch and m
 * @param buffers how many buffers a launch is given
 * @param scoresAt the local buffer of the scores
 * @param weightsAt that of the weights
 * @param localRowBytes the bytes of a row of each local buffer; entry i is buffer {@code buffers + i}
 */
public record AttentionRun(
    MatMulKernel scores, List<Loop> loops, MatMulKernel result, int buffers, int scoresAt, int weightsAt, List<Long> localRowBytes) {
  /** The first operand of the scores. */
  public static final int QUERIES = 0;

  /** The second one. */
  public static final int KEYS = 1;

  /** The second operand of the result. */
  public static final int VALUES = 2;

  /** The result. */
  public static final int OUTPUT = 3;

  /**
   * A loop along the rows.
   *
   * @param kernel the loop, over all rows
   * @param buffers the numbers of its buffers, inputs in slot order and then outputs
   */
  public record Loop(LoopKernel kernel, List<Integer> buffers) {
    /** Copies the list. */
    public Loop {
      buffers = List.copyOf(buffers);
    }

    /** The loop over one row: {@code dims} dimensions, which are the rows, have the extent 1. */
    public LoopKernel row(int dims) {
      long[] extents = kernel.space().dims();
      Arrays.fill(extents, 0, dims, 1);
      return kernel.over(Shape.of(extents));
    }
  }

  /** Copies the lists. */
  public AttentionRun {
    loops = List.copyOf(loops);
    localRowBytes = List.copyOf(localRowBytes);
  }

  /** How many dimensions of a loop are the rows: the batch, and m. */
  public int dims() {
    return scores.batch().rank() + 1;
  }

  /**
   * How far a loop's accesses to a slot move along each of the first dimensions, in bytes; null where it has several, which move
   * differently, or none. Inputs come first, then outputs.
   */
  public static long @Nullable [] steps(LoopKernel kernel, int slot, int dims) {
    int inputs = kernel.inputs().size();
    List<Affine> addresses = new ArrayList<>();
    if (slot < inputs) {
      for (ScalarProgram program : List.of(kernel.body(), kernel.epilogue())) {
        for (Instr i : program.code()) {
          if (i instanceof Instr.Load l && l.slot() == slot) {
            addresses.add(l.address());
          }
        }
      }
    } else {
      kernel.stores().stream().filter(s -> s.slot() == slot - inputs).forEach(s -> addresses.add(s.address()));
    }
    DType type = slot < inputs ? kernel.inputs().get(slot) : kernel.outputs().get(slot - inputs);
    long[] steps = null;
    for (Affine a : addresses) {
      long[] own = steps(a, dims, type);
      if (steps != null && !Arrays.equals(steps, own)) {
        return null;
      }
      steps = own;
    }
    return steps;
  }

  private static long[] steps(Affine address, int dims, DType type) {
    long[] steps = new long[dims];
    for (int d = 0; d < dims; d++) {
      steps[d] = Math.multiplyExact(address.stride(d), type.byteSize());
    }
    return steps;
  }

  /** The least size in bytes of each buffer that a launch is given: what a backend checks them against. */
  public long[] bytes() {
    long[] bytes = new long[buffers];
    Shape batch = scores.batch();
    DType type = scores.input();
    bytes[QUERIES] = OperandFootprint.bytes("attention", scores.a(), batch.concat(Shape.of(scores.m(), scores.k())), type);
    bytes[KEYS] = OperandFootprint.bytes("attention", scores.b(), batch.concat(Shape.of(scores.k(), scores.n())), type);
    bytes[VALUES] = OperandFootprint.bytes("attention", result.b(), batch.concat(Shape.of(result.k(), result.n())), type);
    bytes[OUTPUT] = Math.multiplyExact(batch.size() * result.m() * result.n(), result.output().byteSize());
    for (Loop loop : loops) {
      long[] touched = LoopFootprint.of(loop.kernel).bytes();
      for (int slot = 0; slot < touched.length; slot++) {
        int b = loop.buffers.get(slot);
        if (b < buffers) {
          bytes[b] = Math.max(bytes[b], touched[slot]);
        }
      }
    }
    return bytes;
  }
}
