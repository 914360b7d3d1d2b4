package dev.tenzan.bench.compare;

import dev.tenzan.bench.compare.Elementwise.Function;
import dev.tenzan.bench.compare.Normalise.Norm;
import dev.tenzan.bench.compare.Reduce.Over;
import dev.tenzan.bench.compare.Reduce.Reduction;
import dev.tenzan.type.DType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

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
    movement(all);
    networks(all);
    for (TrainingStep.Model model : TrainingStep.Model.values()) {
      all.add(new TrainingStep(model, model == TrainingStep.Model.TRANSFORMER ? 4 : 128));
    }
    all.add(new FirstProduct());
    return List.copyOf(all);
  }

  /** The titles of all of it, and of the plots over sizes, by which users choose. */
  public static List<String> titles() {
    Stream<String> plots = Arrays.stream(Scaling.Kind.values()).map(Scaling.Kind::title);
    return Stream.concat(all().stream().map(Work::title), plots).toList();
  }

  /** Every kind of work at sizes that take no time, for tests. */
  public static List<Work> small() {
    List<Work> all = new ArrayList<>();
    for (DType dtype : new DType[] {DType.F32, DType.F64, DType.BF16, DType.I8}) {
      all.add(MatMul.of(dtype, 16, 24, 40));
    }
    all.add(MatMul.of(DType.F32, 1, 24, 40));
    all.add(new MatMul(DType.F32, 3, 16, 24, 8, false, false));
    all.add(new MatMul(DType.F32, 1, 16, 24, 8, true, false));
    all.add(new MatMul(DType.F32, 1, 16, 24, 8, false, true));
    for (Function f : Function.values()) {
      all.add(new Elementwise(f, 1000));
    }
    for (BroadcastAdd.Along along : BroadcastAdd.Along.values()) {
      all.add(new BroadcastAdd(along, 20, 30));
    }
    for (Reduction r : Reduction.values()) {
      all.add(new Reduce(r, Over.ALL, 1, 1000));
      for (Over over : Over.values()) {
        all.add(new Reduce(r, over, 20, 30));
      }
    }
    for (Norm norm : Norm.values()) {
      all.add(new Normalise(norm, 20, 32));
    }
    all.add(new Transpose(20, 30));
    all.add(new Gather(50, 8, 20));
    all.add(new CumulativeSum(1, 1000));
    all.add(new CumulativeSum(20, 30));
    all.add(new Sort(1000));
    all.add(new TopK(10, 1000));
    all.add(new Convolution(2, 3, 20, 8, 7, 2, 1));
    all.add(new Convolution(2, 16, 7, 8, 3, 1, 1));
    all.add(new Convolution(1, 16, 8, 8, 1, 2, 1));
    all.add(new Convolution(2, 16, 8, 16, 3, 1, 16));
    all.add(new MaxPool(2, 3, 12));
    all.add(new Attention(2, 16, 8));
    for (TrainingStep.Model model : TrainingStep.Model.values()) {
      all.add(new TrainingStep(model, 2));
    }
    return List.copyOf(all);
  }

  private static void products(List<Work> all) {
    for (int n : new int[] {32, 64, 128, 256, 512, 1024, 2048}) {
      all.add(MatMul.of(DType.F32, n, n, n));
    }
    for (int m : new int[] {1, 8}) {
      all.add(MatMul.of(DType.F32, m, 4096, 4096));
      all.add(new MatMul(DType.F32, 1, m, 4096, 4096, false, true));
    }
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

  private static void movement(List<Work> all) {
    all.add(new Transpose(ROWS, ROWS));
    all.add(new Gather(30_522, 384, 4096));
    all.add(new CumulativeSum(1, 1_000_000));
    all.add(new CumulativeSum(ROWS, COLUMNS));
    all.add(new Sort(1_000_000));
    all.add(new TopK(100, 1_000_000));
  }

  /** The convolutions of ResNet-50 whose shapes differ, for images of 224 x 224, with its strides in the 3 x 3 ones. */
  private static void networks(List<Work> all) {
    int batch = 4;
    all.add(new Convolution(batch, 3, 224, 64, 7, 2, 1));
    int side = 56;
    int in = 64;
    for (int width = 64; width <= 512; width *= 2) {
      int stride = width == 64 ? 1 : 2;
      all.add(new Convolution(batch, in, side, width, 1, 1, 1));
      all.add(new Convolution(batch, width, side, width, 3, stride, 1));
      if (stride > 1) {
        all.add(new Convolution(batch, in, side, 4 * width, 1, stride, 1));
        side /= stride;
        all.add(new Convolution(batch, width, side, width, 3, 1, 1));
      }
      all.add(new Convolution(batch, width, side, 4 * width, 1, 1, 1));
      in = 4 * width;
      all.add(new Convolution(batch, in, side, width, 1, 1, 1));
    }
    all.add(new Convolution(1, 64, 56, 64, 3, 1, 1));
    all.add(new Convolution(1, 1024, 14, 256, 1, 1, 1));
    all.add(new Convolution(batch, 128, 56, 128, 3, 1, 128));
    all.add(new Convolution(batch, 256, 28, 256, 3, 2, 256));
    all.add(new MaxPool(batch, 64, 112));
    all.add(new Attention(8, 512, 64));
  }
}
