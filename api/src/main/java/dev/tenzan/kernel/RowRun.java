package dev.tenzan.kernel;

import dev.tenzan.scalar.Instr;
import dev.tenzan.scalar.ScalarProgram;
import dev.tenzan.type.Affine;
import dev.tenzan.type.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Loop kernels in order that can be walked together, some rows at a time: the first dimension of each kernel's space is the rows, and row i
 * of a kernel reads, of all that the run writes, row i alone. So a device with caches can take a few rows through all kernels before it
 * takes the next ones, and what lives only in between never leaves the cache.
 *
 * @param rows the number of rows
 * @param parts the kernels
 * @param buffers how many buffers a launch is given
 * @param localRowBytes the bytes of a row of each buffer that lives only inside; entry i is buffer {@code buffers + i}
 */
public record RowRun(long rows, List<Part> parts, int buffers, List<Long> localRowBytes) {
  /**
   * One kernel.
   *
   * @param kernel the kernel, over all rows
   * @param buffers the numbers of its buffers, inputs in slot order and then outputs
   */
  public record Part(LoopKernel kernel, List<Integer> buffers) {
    /** Copies the list. */
    public Part {
      buffers = List.copyOf(buffers);
    }

    /** The kernel over the first rows. */
    public LoopKernel first(long rows) {
      long[] extents = kernel.space().dims();
      extents[0] = rows;
      return kernel.over(Shape.of(extents));
    }

    /** The bytes from one row of a slot to the next, 0 where all rows share it; inputs come first, then outputs. */
    public long rowBytes(int slot) {
      Access access = accesses(kernel, slot);
      return access == null ? 0 : access.rowBytes;
    }
  }

  /**
   * What a kernel touches of a buffer.
   *
   * @param rowBytes the distance of rows
   * @param least the least byte of row 0 that is touched
   * @param end the end of those bytes
   */
  public record Access(long rowBytes, long least, long end) {
    /** Whether rows keep apart. */
    public boolean isWithinRow() {
      return rowBytes > 0 && least >= 0 && end <= rowBytes;
    }
  }

  /** Copies the lists. */
  public RowRun {
    parts = List.copyOf(parts);
    localRowBytes = List.copyOf(localRowBytes);
  }

  /**
   * A kernel with its first dimension split, so that it has so many rows; null where that cannot be, or where the kernel gathers or computes
   * with the place of a result; places in what is reduced, as of the greatest element, are the same in every row.
   */
  public static @Nullable LoopKernel withRows(LoopKernel kernel, long rows) {
    if (kernel.space().rank() == 0 || rows < 1 || kernel.space().dim(0) % rows != 0 || gathers(kernel) || usesPlaces(kernel)) {
      return null;
    }
    long inRow = kernel.space().dim(0) / rows;
    if (inRow == 1) {
      return kernel;
    }
    List<LoopKernel.Store> stores = new ArrayList<>();
    for (LoopKernel.Store s : kernel.stores()) {
      stores.add(new LoopKernel.Store(s.slot(), split(s.address(), inRow), s.value()));
    }
    long[] rest = kernel.space().dims();
    rest[0] = inRow;
    return new LoopKernel(
        Shape.of(rows).concat(Shape.of(rest)), kernel.reduced(), kernel.inputs(), kernel.outputs(), split(kernel.body(), inRow),
        kernel.reduction(), split(kernel.epilogue(), inRow), stores);
  }

  /**
   * Kernels whose first two dimensions are one, so that they have more rows of less each; null where those differ, or an address does not
   * walk them as one.
   */
  public static @Nullable List<LoopKernel> withFinerRows(List<LoopKernel> kernels) {
    List<LoopKernel> finer = new ArrayList<>();
    for (LoopKernel k : kernels) {
      if (k.space().rank() < 2 || k.space().dim(1) != kernels.getFirst().space().dim(1)) {
        return null;
      }
      long inner = k.space().dim(1);
      ScalarProgram body = merged(k.body(), inner);
      ScalarProgram epilogue = merged(k.epilogue(), inner);
      List<LoopKernel.Store> stores = new ArrayList<>();
      for (LoopKernel.Store s : k.stores()) {
        Affine address = merged(s.address(), inner);
        if (address != null) {
          stores.add(new LoopKernel.Store(s.slot(), address, s.value()));
        }
      }
      if (body == null || epilogue == null || stores.size() < k.stores().size()) {
        return null;
      }
      long[] dims = k.space().dims();
      long[] rest = Arrays.copyOfRange(dims, 1, dims.length);
      rest[0] *= dims[0];
      finer.add(new LoopKernel(Shape.of(rest), k.reduced(), k.inputs(), k.outputs(), body, k.reduction(), epilogue, stores));
    }
    return finer;
  }

  private static @Nullable ScalarProgram merged(ScalarProgram program, long inner) {
    List<Instr> code = new ArrayList<>();
    for (Instr i : program.code()) {
      Affine of = indices(i);
      Affine one = of == null ? null : merged(of, inner);
      if (of != null && one == null) {
        return null;
      }
      code.add(one == null ? i : over(i, one));
    }
    return new ScalarProgram(code);
  }

  private static @Nullable Affine merged(Affine address, long inner) {
    if (address.rank() < 2 || address.stride(0) != address.stride(1) * inner) {
      return null;
    }
    long[] strides = new long[address.rank() - 1];
    for (int d = 0; d < strides.length; d++) {
      strides[d] = address.stride(d + 1);
    }
    return new Affine(address.offset(), strides);
  }

  /** Whether a kernel gathers, or computes with its indices. */
  public static boolean usesIndices(LoopKernel kernel) {
    return any(kernel, i -> i instanceof Instr.Gather || i instanceof Instr.Index);
  }

  private static boolean gathers(LoopKernel kernel) {
    return any(kernel, Instr.Gather.class::isInstance);
  }

  private static boolean usesPlaces(LoopKernel kernel) {
    int parallel = kernel.space().rank();
    return any(kernel, i -> i instanceof Instr.Index x && Arrays.stream(x.value().strides()).limit(parallel).anyMatch(s -> s != 0));
  }

  private static boolean any(LoopKernel kernel, Predicate<Instr> test) {
    return kernel.body().code().stream().anyMatch(test) || kernel.epilogue().code().stream().anyMatch(test);
  }

  /** What an instruction takes of the loop's indices, or null where it takes nothing. */
  private static @Nullable Affine indices(Instr instr) {
    return switch (instr) {
      case Instr.Load l -> l.address();
      case Instr.Index x -> x.value();
      default -> null;
    };
  }

  /** The same instruction over other indices. */
  private static Instr over(Instr instr, Affine indices) {
    return instr instanceof Instr.Load l ? new Instr.Load(l.storage(), l.slot(), indices) : new Instr.Index(indices);
  }

  private static ScalarProgram split(ScalarProgram program, long inRow) {
    List<Instr> code = new ArrayList<>();
    for (Instr i : program.code()) {
      Affine of = indices(i);
      code.add(of == null ? i : over(i, split(of, inRow)));
    }
    return new ScalarProgram(code);
  }

  private static Affine split(Affine address, long inRow) {
    long[] strides = new long[address.rank() + 1];
    strides[0] = inRow * address.stride(0);
    for (int d = 0; d < address.rank(); d++) {
      strides[d + 1] = address.stride(d);
    }
    return new Affine(address.offset(), strides);
  }

  /**
   * What a kernel touches of a slot; null where its accesses have rows of different distances, or rows that run backwards. A slot that is
   * not touched has rows of 0 bytes.
   */
  public static @Nullable Access accesses(LoopKernel kernel, int slot) {
    int inputs = kernel.inputs().size();
    Shape points = kernel.space().concat(kernel.reduced());
    List<Access> found = new ArrayList<>();
    if (slot < inputs) {
      long bytes = kernel.inputs().get(slot).byteSize();
      for (Instr i : kernel.body().code()) {
        if (i instanceof Instr.Load l && l.slot() == slot) {
          found.add(access(l.address(), points, bytes));
        }
      }
      for (Instr i : kernel.epilogue().code()) {
        if (i instanceof Instr.Load l && l.slot() == slot) {
          found.add(access(l.address(), kernel.space(), bytes));
        }
      }
    } else {
      long bytes = kernel.outputs().get(slot - inputs).byteSize();
      for (LoopKernel.Store s : kernel.stores()) {
        if (s.slot() == slot - inputs) {
          found.add(access(s.address(), kernel.space(), bytes));
        }
      }
    }
    return union(found);
  }

  /** All accesses in one; null where their rows have different distances. */
  public static @Nullable Access union(List<Access> accesses) {
    if (accesses.isEmpty()) {
      return new Access(0, 0, 0);
    }
    Access all = accesses.getFirst();
    for (Access a : accesses) {
      if (a.rowBytes != all.rowBytes || a.rowBytes < 0) {
        return null;
      }
      all = new Access(a.rowBytes, Math.min(a.least, all.least), Math.max(a.end, all.end));
    }
    return all;
  }

  private static Access access(Affine address, Shape points, long bytes) {
    long[] row = points.dims();
    row[0] = 1;
    Shape first = Shape.of(row);
    long rowStride = address.rank() == 0 ? 0 : address.stride(0);
    return new Access(rowStride * bytes, address.min(first) * bytes, (address.max(first) + 1) * bytes);
  }

  /** The least size in bytes of each buffer that a launch is given: what a backend checks them against. */
  public long[] bytes() {
    long[] bytes = new long[buffers];
    for (Part p : parts) {
      long[] touched = LoopFootprint.of(p.kernel).bytes();
      for (int slot = 0; slot < touched.length; slot++) {
        int b = p.buffers.get(slot);
        if (b < buffers) {
          bytes[b] = Math.max(bytes[b], touched[slot]);
        }
      }
    }
    return bytes;
  }

  /** The bytes that need not go through memory once more where rows stay near. */
  public long savedBytes() {
    long touched = 0;
    for (Part p : parts) {
      for (int slot = 0; slot < p.buffers.size(); slot++) {
        touched += p.rowBytes(slot);
      }
    }
    long local = localRowBytes.stream().mapToLong(Long::longValue).sum();
    return rows * (touched - rowBytes() + local);
  }

  /** The bytes of a row of all buffers that the run touches, each counted once. */
  public long rowBytes() {
    long[] bytes = new long[buffers + localRowBytes.size()];
    for (Part p : parts) {
      for (int slot = 0; slot < p.buffers.size(); slot++) {
        int b = p.buffers.get(slot);
        bytes[b] = Math.max(bytes[b], p.rowBytes(slot));
      }
    }
    return Arrays.stream(bytes).sum();
  }
}
