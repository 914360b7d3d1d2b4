package dev.tenzan.bench.matherror;

import dev.tenzan.type.DType;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/**
 * The greatest error found of one function.
 *
 * @param function its name
 * @param dtype F32 or F64
 * @param inputs the number of inputs that were tried
 * @param limit the greatest error that is promised, in ULP
 * @param worst the input with the greatest error
 */
public record MathError(String function, DType dtype, long inputs, double limit, Worst worst) {
  /**
   * The input with the greatest error.
   *
   * @param ulp the error; infinite where a NaN, an infinity or a sign is wrong
   * @param x the first argument's bits
   * @param y the second argument's bits, 0 where there is none
   * @param arity the number of arguments
   * @param got the result
   * @param truth what is true, in double precision
   */
  public record Worst(double ulp, long x, long y, int arity, double got, double truth) {
    static Worst none(int arity) {
      return new Worst(-1, 0, 0, arity, 0, 0);
    }

    /** The greater of two; of equal ones the one with the lesser bits, whatever thread found it. */
    Worst or(Worst other) {
      if (ulp != other.ulp) {
        return ulp > other.ulp ? this : other;
      }
      int order = Long.compareUnsigned(x, other.x);
      order = order == 0 ? Long.compareUnsigned(y, other.y) : order;
      return order <= 0 ? this : other;
    }
  }

  /** Whether the error is within the limit. */
  public boolean ok() {
    return worst.ulp <= limit;
  }

  private String arguments(boolean hexadecimal) {
    String first = argument(worst.x, hexadecimal);
    return worst.arity == 1 ? first : first + ", " + argument(worst.y, hexadecimal);
  }

  private String argument(long bits, boolean hexadecimal) {
    if (dtype == DType.F32) {
      return hexadecimal ? "0x%08x".formatted((int) bits) : Float.toString(Float.intBitsToFloat((int) bits));
    }
    return hexadecimal ? "0x%016x".formatted(bits) : Double.toString(Double.longBitsToDouble(bits));
  }

  /** The worst input in decimal. */
  public String input() {
    return arguments(false);
  }

  /** The worst input's bits. */
  public String inputBits() {
    return arguments(true);
  }

  /** The greatest error as text. */
  public String ulp() {
    return Double.isInfinite(worst.ulp) ? "wrong" : String.format(Locale.ROOT, "%.4f", worst.ulp);
  }

  /** The fields for JSON. */
  public Map<String, Object> toMap() {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("function", function);
    map.put("dtype", dtype.toString().toLowerCase(Locale.ROOT));
    map.put("inputs", inputs);
    map.put("maxUlp", worst.ulp);
    map.put("input", input());
    map.put("inputBits", inputBits());
    map.put("got", worst.got);
    map.put("truth", worst.truth);
    map.put("limit", limit);
    map.put("ok", ok());
    return map;
  }
}
