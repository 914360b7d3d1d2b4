package dev.tenzan.bench.compare;

import dev.tenzan.bench.compare.Elementwise.Function;
import dev.tenzan.bench.compare.Normalise.Norm;
import dev.tenzan.bench.compare.Reduce.Over;
import dev.tenzan.bench.compare.Reduce.Reduction;
import dev.tenzan.type.DType;
import java.util.ArrayList;
import java.util.List;

/** The list of what {@code tenzan bench --peers} compares. */
public final class Suite {
  private static final int ROWS = 4096;
  private static final int COLUMNS = 1024;

  private Suite() {}

  /** All of it, in the order of the report. */
  public static List<Work> all() {
    List<Work> all = new ArrayList<>();
    products(all);
    elementwise(all);
    reductions(all);
    for (Norm norm : Norm.values()) {
      all.add(new Normalise(norm, ROWS, COLUMNS));
    }
    return List.copyOf(all);
  }

  private static void products(List<Work> all) {
    for (int n : new int[] {32, 64, 128, 256, 512, 1024, 2048}) {
      all.add(MatMul.of(DType.F32, n, n, n));
    }
    all.add(MatMul.of(DType.F32, 1, 4096, 4096));
    all.add(MatMul.of(DType.F32, 4096, 64, 4096));
    all.add(new MatMul(DType.F32, 64, 128, 128, 128, false, false));
    all.add(new MatMul(DType.F32, 1, 1024, 1024, 1024, true, false));
    all.add(new MatMul(DType.F32, 1, 1024, 1024, 1024, false, true));
    all.add(MatMul.of(DType.F64, 1024, 1024, 1024));
    all.add(MatMul.of(DType.BF16, 1024, 1024, 1024));
    all.add(MatMul.of(DType.I8, 1024, 1024, 1024));
  }

  private static void elementwise(List<Work> all) {
    for (Function f : Function.values()) {
      for (int length : new int[] {1_000, 100_000, 10_000_000}) {
        all.add(new Elementwise(f, length));
      }
    }
    all.add(new BroadcastAdd(BroadcastAdd.Along.ROW, ROWS, COLUMNS));
    all.add(new BroadcastAdd(BroadcastAdd.Along.COLUMN, ROWS, COLUMNS));
  }

  private static void reductions(List<Work> all) {
    for (Reduction r : Reduction.values()) {
      all.add(new Reduce(r, Over.ALL, 1, 1_000));
      all.add(new Reduce(r, Over.ALL, 1, 10_000_000));
      all.add(new Reduce(r, Over.ROWS, ROWS, COLUMNS));
      all.add(new Reduce(r, Over.COLUMNS, ROWS, COLUMNS));
    }
  }
}
