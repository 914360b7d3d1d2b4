package dev.tenzan.conformance;

/** A sum of products of doubles with about twice their precision: the compensated dot product of Ogita, Rump and Oishi (2005). */
final class DoubleDouble {
  private double sum;
  private double error;
  private double plain;

  /** Adds a product. */
  void add(double a, double b) {
    double p = a * b;
    double s = sum + p;
    double z = s - sum;
    error += (sum - (s - z)) + (p - z) + Math.fma(a, b, -p);
    sum = s;
    plain += p;
  }

  /** The sum; an infinity or NaN where the plain sum is one. */
  double value() {
    return Double.isFinite(plain) ? sum + error : plain;
  }
}
