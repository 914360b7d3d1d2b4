package dev.tenzan.cpu.axis;

import dev.tenzan.cpu.loop.Stage;
import dev.tenzan.cpu.loop.Values;
import dev.tenzan.kernel.SortKernel;
import dev.tenzan.type.DType;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * Elements as integers that rise in the order of a sort, so that the least comes first. The loops are flat, so that C2 vectorises them.
 *
 * <p>The bits of a float, those below the sign inverted where it is negative, rise as the numbers do, but a NaN with a sign comes first.
 * Less so much that -infinity becomes the least integer, they wrap around there, and every NaN comes last; all are made one.
 */
abstract sealed class LineKeys {
  /** The type as which the elements are loaded: integers of their size. */
  private final DType bits;

  /** The keys whose least are found at a time: they stay in the first cache. */
  static final int CHUNK = 1024;

  private final Stage.Raw raw = new Stage.Raw();
  final Values values = new Values();
  final int[] found = new int[CHUNK];

  private LineKeys(DType bits, int size) {
    this.bits = bits;
    values.reserve(bits.compute(), size);
  }

  /** The keys of a kernel's elements, with room for {@code size}. */
  static LineKeys of(SortKernel kernel, int size) {
    boolean descending = kernel.descending();
    return switch (kernel.dtype()) {
      case F64 -> new Wide(true, descending, size);
      case I64 -> new Wide(false, descending, size);
      case F32 -> new Narrow(DType.I32, 0, 0x7f800000, descending, size);
      case BF16 -> new Narrow(DType.I16, 16, 0x7f800000, descending, size);
      case F16 -> new Narrow(DType.I16, 16, 0x7c000000, descending, size);
      case I32, I16, I8, U8, BOOL -> new Narrow(kernel.dtype(), 0, 0, descending, size);
    };
  }

  /** Loads {@code n} elements from {@code at}, {@code stride} bytes apart, to {@code pos} and behind it. They are no keys yet. */
  final void load(MemorySegment s, long at, long stride, int pos, int n) {
    Stage.load(bits, s, at, stride, values, pos, n, raw);
  }

  /** Turns the {@code n} loaded elements at {@code pos} into keys. */
  abstract void toKeys(int pos, int n);

  /** Moves {@code n} elements from the beginning to {@code pos}, {@code pos + apart} and so on of another's. */
  abstract void spread(LineKeys to, int pos, int apart, int n);

  /**
   * Deals the {@code n} keys at {@code pos}, {@value #CHUNK} at most, round {@code groups} groups, and writes the least of each to {@code
   * least} from {@code to} on. The places behind the keys up to a multiple of the groups are overwritten.
   */
  abstract void least(int pos, int n, int groups, long[] least, int to);

  /** Adds those of the {@code n} keys at {@code pos} that are not above the threshold; the first stands at {@code place} of its line. */
  abstract void select(int pos, int n, int place, Survivors to);

  /** Keys of up to 32 bits. */
  private static final class Narrow extends LineKeys {
    private final int shift;
    private final int infinity;
    private final int flip;
    private final int[] first = new int[CHUNK];
    private final int[] second = new int[CHUNK / 2];

    /**
     * Keys of one type.
     *
     * @param shift what brings the sign of a float to bit 31
     * @param infinity the bits of infinity after that; 0 for integers
     */
    Narrow(DType bits, int shift, int infinity, boolean descending, int size) {
      super(bits, size);
      this.shift = shift;
      this.infinity = infinity;
      this.flip = descending ? -1 : 0;
    }

    @Override
    void toKeys(int pos, int n) {
      int[] v = values.i;
      int f = flip;
      if (infinity == 0) {
        for (int x = pos; x < pos + n; x++) {
          v[x] ^= f;
        }
        return;
      }
      int up = shift;
      int below = Integer.MAX_VALUE - infinity;
      int nan = infinity - below + 1;
      for (int x = pos; x < pos + n; x++) {
        int b = v[x] << up;
        v[x] = Math.min((b ^ (b >> 31) & Integer.MAX_VALUE) - below, nan) ^ f;
      }
    }

    @Override
    void spread(LineKeys to, int pos, int apart, int n) {
      int[] v = values.i;
      int[] t = to.values.i;
      for (int x = 0; x < n; x++) {
        t[pos + x * apart] = v[x];
      }
    }

    @Override
    void least(int pos, int n, int groups, long[] least, int to) {
      int[] v = values.i;
      int rows = (n + groups - 1) / groups;
      Arrays.fill(v, pos + n, pos + rows * groups, Integer.MAX_VALUE);
      int half = (rows + 1) / 2;
      System.arraycopy(v, pos, first, 0, half * groups);
      System.arraycopy(v, pos + half * groups, second, 0, (rows - half) * groups);
      fold(first, second, (rows - half) * groups);
      while (half > 1) {
        int m = half;
        half = (m + 1) / 2;
        System.arraycopy(first, half * groups, second, 0, (m - half) * groups);
        fold(first, second, (m - half) * groups);
      }
      for (int x = 0; x < groups; x++) {
        least[to + x] = first[x];
      }
    }

    /** The lesser ones of each pair. Equal indices tell C2 that no iteration needs another's result, so it uses vectors. */
    private static void fold(int[] v, int[] s, int n) {
      for (int x = 0; x < n; x++) {
        v[x] = Math.min(v[x], s[x]);
      }
    }

    @Override
    void select(int pos, int n, int place, Survivors to) {
      int[] v = values.i;
      int threshold = (int) to.threshold();
      int[] at = found;
      int size = 0;
      for (int x = pos; x < pos + n; x++) {
        if (v[x] <= threshold) {
          at[size++] = x;
        }
      }
      for (int x = 0; x < size; x++) {
        to.add(v[at[x]], place + at[x] - pos);
      }
    }
  }

  /** Keys of 64 bits. */
  private static final class Wide extends LineKeys {
    private static final long INFINITY = 0x7ff0000000000000L;
    private static final long BELOW = Long.MAX_VALUE - INFINITY;

    private final boolean floats;
    private final long flip;
    private final long[] first = new long[CHUNK];
    private final long[] second = new long[CHUNK / 2];

    Wide(boolean floats, boolean descending, int size) {
      super(DType.I64, size);
      this.floats = floats;
      this.flip = descending ? -1 : 0;
    }

    @Override
    void toKeys(int pos, int n) {
      long[] v = values.l;
      long f = flip;
      if (floats) {
        for (int x = pos; x < pos + n; x++) {
          long b = v[x];
          v[x] = Math.min((b ^ (b >> 63) & Long.MAX_VALUE) - BELOW, INFINITY - BELOW + 1) ^ f;
        }
      } else {
        for (int x = pos; x < pos + n; x++) {
          v[x] ^= f;
        }
      }
    }

    @Override
    void spread(LineKeys to, int pos, int apart, int n) {
      long[] v = values.l;
      long[] t = to.values.l;
      for (int x = 0; x < n; x++) {
        t[pos + x * apart] = v[x];
      }
    }

    @Override
    void least(int pos, int n, int groups, long[] least, int to) {
      long[] v = values.l;
      int rows = (n + groups - 1) / groups;
      Arrays.fill(v, pos + n, pos + rows * groups, Long.MAX_VALUE);
      int half = (rows + 1) / 2;
      System.arraycopy(v, pos, first, 0, half * groups);
      System.arraycopy(v, pos + half * groups, second, 0, (rows - half) * groups);
      fold(first, second, (rows - half) * groups);
      while (half > 1) {
        int m = half;
        half = (m + 1) / 2;
        System.arraycopy(first, half * groups, second, 0, (m - half) * groups);
        fold(first, second, (m - half) * groups);
      }
      for (int x = 0; x < groups; x++) {
        least[to + x] = first[x];
      }
    }

    /** The lesser ones of each pair. Equal indices tell C2 that no iteration needs another's result, so it uses vectors. */
    private static void fold(long[] v, long[] s, int n) {
      for (int x = 0; x < n; x++) {
        v[x] = Math.min(v[x], s[x]);
      }
    }

    @Override
    void select(int pos, int n, int place, Survivors to) {
      long[] v = values.l;
      long threshold = to.threshold();
      int[] at = found;
      int size = 0;
      for (int x = pos; x < pos + n; x++) {
        if (v[x] <= threshold) {
          at[size++] = x;
        }
      }
      for (int x = 0; x < size; x++) {
        to.add(v[at[x]], place + at[x] - pos);
      }
    }
  }
}
