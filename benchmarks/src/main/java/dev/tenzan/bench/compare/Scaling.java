package dev.tenzan.bench.compare;

import dev.tenzan.Device;
import dev.tenzan.Devices;
import dev.tenzan.Tensor;
import dev.tenzan.TensorScope;
import dev.tenzan.bench.measure.Timing;
import dev.tenzan.bench.output.Units;
import dev.tenzan.error.DeviceMemoryException;
import dev.tenzan.type.DType;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * How Tenzan's time grows with the work: one kind of work at many sizes. A point far off what its neighbours let expect is a cliff.
 *
 * @param name what is computed
 * @param points the sizes in rising order
 */
public record Scaling(String name, List<Point> points) {
  /** How far a point may be off its neighbours' trend, as a factor. */
  public static final double CLIFF = 1.5;

  private static final Timing.Plan PLAN = new Timing.Plan(0.5, 3, 0.3, 5, 101, 100e-6);
  private static final int[] EDGES = {64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048, 3072, 4096};
  private static final long LEAST = 1_000;
  private static final long MOST = 100_000_000;

  /**
   * One size.
   *
   * @param size elements, or rows and columns of matrices
   * @param work elements, or multiply-adds
   * @param timing how long it took
   */
  public record Point(long size, double work, Timing timing) {
    /** Seconds of a unit of the work. */
    public double cost() {
      return timing.median() / work;
    }
  }

  /** A kind of work that is measured at many sizes. */
  enum Kind {
    /** x + y. */
    ADD,
    /** e to the power of x. */
    EXP,
    /** The sum of all. */
    SUM,
    /** Square matrices. */
    MATMUL;

    private String label() {
      return Work.lower(this);
    }

    /** The name by which users choose. */
    String title() {
      return "scaling " + label();
    }

    private Tensor of(List<Tensor> in) {
      return switch (this) {
        case ADD -> in.get(0).add(in.get(1));
        case EXP -> in.getFirst().exp();
        case SUM -> in.getFirst().sum();
        case MATMUL -> in.get(0).matmul(in.get(1));
      };
    }

    private List<Long> sizes() {
      List<Long> sizes = new ArrayList<>();
      if (this == MATMUL) {
        for (int edge : EDGES) {
          sizes.add((long) edge);
        }
      } else {
        for (long power = LEAST; power <= MOST; power *= 10) {
          sizes.add(power);
          if (power < MOST) {
            sizes.add(3 * power);
          }
        }
      }
      return sizes;
    }
  }

  /** Measures a kind of work; the sizes end where the memory does. */
  static Scaling measure(Kind kind) {
    List<Point> points = new ArrayList<>();
    for (long size : kind.sizes()) {
      try {
        points.add(point(kind, size));
      } catch (DeviceMemoryException e) {
        break; // what was measured tells its own extent
      }
    }
    return new Scaling(kind.label(), points);
  }

  private static Point point(Kind kind, long size) {
    Device device = Devices.get(TenzanLibrary.DEVICE);
    boolean square = kind == Kind.MATMUL;
    long[] shape = square ? new long[] {size, size} : new long[] {size};
    List<Tensor> inputs = new ArrayList<>();
    try {
      int arity = kind == Kind.ADD || square ? 2 : 1;
      for (int i = 0; i < arity; i++) {
        inputs.add(device.randomUniform(DType.F32, HostArray.SEED + i, shape).eval());
      }
      Timing timing = Timing.interleaved(PLAN, List.<Runnable>of(() -> run(kind, device, inputs))).getFirst();
      return new Point(size, square ? Math.pow(size, 3) : size, timing);
    } finally {
      inputs.forEach(Tensor::close);
    }
  }

  private static void run(Kind kind, Device device, List<Tensor> inputs) {
    try (TensorScope _ = TensorScope.open()) {
      kind.of(inputs).eval();
      device.synchronize();
    }
  }

  /**
   * How many times as long as its neighbours let expect a point took, on a straight line between them over logarithms; 1 at the ends.
   */
  public double offTrend(int index) {
    if (index == 0 || index == points.size() - 1) {
      return 1;
    }
    Point before = points.get(index - 1);
    Point at = points.get(index);
    Point after = points.get(index + 1);
    double share = Math.log(at.work() / before.work()) / Math.log(after.work() / before.work());
    double expected =
        Math.exp((1 - share) * Math.log(before.timing().median()) + share * Math.log(after.timing().median()));
    return at.timing().median() / expected;
  }

  /** The sizes that are further off the trend than {@link #CLIFF}, to either side. */
  public List<String> cliffs() {
    List<String> cliffs = new ArrayList<>();
    for (int i = 0; i < points.size(); i++) {
      double off = offTrend(i);
      if (off > CLIFF || off < 1 / CLIFF) {
        cliffs.add(name + " at " + Units.count(points.get(i).size()) + " takes " + Units.number(off) + " x its neighbours' trend");
      }
    }
    return cliffs;
  }

  /** The fields in display order, for JSON. */
  Map<String, Object> toMap() {
    List<Map<String, Object>> all = new ArrayList<>();
    for (int i = 0; i < points.size(); i++) {
      Map<String, Object> point = new LinkedHashMap<>();
      point.put("size", points.get(i).size());
      point.put("work", points.get(i).work());
      point.put("seconds_median", points.get(i).timing().median());
      point.put("spread", points.get(i).timing().spread());
      point.put("off_trend", offTrend(i));
      all.add(point);
    }
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("name", name);
    map.put("points", all);
    return map;
  }
}
