package dev.tenzan.bench.compare;

import dev.tenzan.type.DType;
import java.util.List;

/** What the parts of networks should give; the rest is in {@link Expectation}. */
final class Networks {
  private Networks() {}

  static String convolution(Convolution w, List<HostArray> inputs, double[] result) {
    int side = w.resultSide();
    return Samples.sampled(w.batch() * w.filters() * side * side, result, index -> {
      int x = index % side * w.stride() - w.padding();
      int y = index / side % side * w.stride() - w.padding();
      int filter = index / side / side % w.filters();
      int image = index / side / side / w.filters();
      int channels = w.channels() / w.groups();
      int first = filter / (w.filters() / w.groups()) * channels;
      Samples.Products p = new Samples.Products();
      for (int c = 0; c < channels; c++) {
        for (int i = 0; i < w.kernel() * w.kernel(); i++) {
          int row = y + i / w.kernel();
          int column = x + i % w.kernel();
          if (row >= 0 && row < w.side() && column >= 0 && column < w.side()) {
            long plane = (long) image * w.channels() + first + c;
            double pixel = inputs.get(0).at((plane * w.side() + row) * w.side() + column);
            p.add(pixel, inputs.get(1).at(((long) filter * channels + c) * w.kernel() * w.kernel() + i));
          }
        }
      }
      return p.expected(DType.F32);
    });
  }

  static String maxPool(MaxPool w, HostArray input, double[] result) {
    int side = w.resultSide();
    return Samples.sampled(w.batch() * w.channels() * side * side, result, index -> {
      int x = index % side * MaxPool.STRIDE - MaxPool.PADDING;
      int y = index / side % side * MaxPool.STRIDE - MaxPool.PADDING;
      long plane = index / side / side;
      double greatest = Double.NEGATIVE_INFINITY;
      for (int row = Math.max(0, y); row < Math.min(w.side(), y + MaxPool.WINDOW); row++) {
        for (int column = Math.max(0, x); column < Math.min(w.side(), x + MaxPool.WINDOW); column++) {
          greatest = Math.max(greatest, input.at((plane * w.side() + row) * w.side() + column));
        }
      }
      return new Samples.Element(greatest, 0);
    });
  }

  static String attention(Attention w, List<HostArray> inputs, double[] result) {
    return Samples.sampled(w.heads() * w.tokens() * w.width(), result, index -> {
      int column = index % w.width();
      int query = index / w.width();
      long head = (long) (query / w.tokens()) * w.tokens();
      double sum = 0;
      double mixed = 0;
      double absolute = 0;
      for (long key = head; key < head + w.tokens(); key++) {
        double score = 0;
        for (int i = 0; i < w.width(); i++) {
          score += inputs.get(0).at((long) query * w.width() + i) * inputs.get(1).at(key * w.width() + i);
        }
        double weight = Math.exp(score * w.scale());
        double value = inputs.get(2).at(key * w.width() + column);
        sum += weight;
        mixed += weight * value;
        absolute += weight * Math.abs(value);
      }
      // The scores' errors, those of sums of width products, become relative ones of the weights.
      return new Samples.Element(mixed / sum, (2 * w.width() + 64) * Samples.EPS_F32 * absolute / sum);
    });
  }
}
