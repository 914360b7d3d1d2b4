package dev.tenzan.cpu.axis;

import dev.tenzan.cpu.loop.Values;
import dev.tenzan.scalar.ScalarEval;
import dev.tenzan.type.DType;

/** Rounds arrays of compute values to what a narrow storage type can hold. */
final class Rounding {
  private Rounding() {}

  /** Rounds in place; F16 and the integers are narrowed by the store itself. */
  static void round(DType storage, Values values, int at, int n) {
    if (storage == DType.BF16) {
      for (int x = at; x < at + n; x++) {
        values.f[x] = ScalarEval.roundToBf16(values.f[x]);
      }
    }
  }
}
