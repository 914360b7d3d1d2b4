package dev.tenzan.cpu.loop;

import dev.tenzan.cpu.OffHeap;
import dev.tenzan.type.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Moves runs of elements between buffers and arrays of their compute type: the loads and stores that vectors do not do. Dense runs are
 * copied as they are and then converted from array to array, in loops that C2 vectorises.
 */
public final class Stage {
  /** The elements that are converted at a time. */
  private static final int RAW = 512;

  private Stage() {}

  /** Room for narrow elements on their way; of one thread. */
  public static final class Raw {
    final short[] shorts = new short[RAW];
    final byte[] bytes = new byte[RAW];
    final float[] floats = new float[RAW];
  }

  /** Elements up to so many apart are taken out of a copy of all that lies between them: loops over arrays need no checks of bounds. */
  private static final int NEAR = 4;

  /** Loads {@code n} elements from {@code at}, {@code stride} bytes apart, into the array of their compute type. */
  public static void load(DType storage, MemorySegment s, long at, long stride, Values to, int pos, int n, Raw raw) {
    switch (storage) {
      case F32, F16, BF16 -> load(storage, s, at, stride, to.f, pos, n, raw);
      case F64 -> load(s, at, stride, to.d, pos, n);
      case I64 -> load(s, at, stride, to.l, pos, n);
      case I32, I16, I8, U8, BOOL -> load(storage, s, at, stride, to.i, pos, n, raw);
    }
  }

  /** Stores {@code n} values; F16 rounds, all others must fit or have their low bits taken. */
  public static void store(DType storage, MemorySegment s, long at, long stride, Values from, int pos, int n, Raw raw) {
    switch (storage) {
      case F32, F16, BF16 -> store(storage, s, at, stride, from.f, pos, n, raw);
      case F64 -> store(s, at, stride, from.d, pos, n);
      case I64 -> store(s, at, stride, from.l, pos, n);
      case I32, I16, I8, U8, BOOL -> store(storage, s, at, stride, from.i, pos, n, raw);
    }
  }

  private static IllegalArgumentException wrong(DType storage) {
    return new IllegalArgumentException("not stored so: " + storage);
  }

  /** Loads F32, F16 or BF16 elements from {@code at}, {@code stride} bytes apart. */
  static void load(DType storage, MemorySegment segment, long at, long stride, float[] to, int pos, int n, Raw raw) {
    MemorySegment s = OffHeap.NATIVE.cast(segment);
    if (storage == DType.F32) {
      if (stride == Float.BYTES) {
        MemorySegment.copy(s, LoopMath.F32, at, to, pos, n);
      } else if (stride > 0 && stride <= NEAR * Float.BYTES && stride % Float.BYTES == 0) {
        loadNear(s, at, (int) stride / Float.BYTES, to, pos, n, raw.floats);
      } else {
        for (int x = 0; x < n; x++) {
          to[pos + x] = s.get(LoopMath.F32, at + x * stride);
        }
      }
      return;
    }
    short[] shorts = raw.shorts;
    for (int done = 0; done < n; done += RAW) {
      int m = Math.min(RAW, n - done);
      loadShorts(s, at + done * stride, stride, shorts, m);
      if (storage == DType.F16) {
        for (int x = 0; x < m; x++) {
          to[pos + done + x] = Float.float16ToFloat(shorts[x]);
        }
      } else if (storage == DType.BF16) {
        for (int x = 0; x < m; x++) {
          to[pos + done + x] = Float.intBitsToFloat(shorts[x] << 16);
        }
      } else {
        throw wrong(storage);
      }
    }
  }

  private static void loadNear(MemorySegment s, long at, int apart, float[] to, int pos, int n, float[] between) {
    int most = (RAW - 1) / apart + 1;
    for (int done = 0; done < n; done += most) {
      int m = Math.min(most, n - done);
      MemorySegment.copy(s, LoopMath.F32, at + (long) done * apart * Float.BYTES, between, 0, (m - 1) * apart + 1);
      if (apart == 2) {
        for (int x = 0; x < m; x++) {
          to[pos + done + x] = between[2 * x];
        }
      } else {
        for (int x = 0; x < m; x++) {
          to[pos + done + x] = between[apart * x];
        }
      }
    }
  }

  /** Loads F64 elements. */
  static void load(MemorySegment segment, long at, long stride, double[] to, int pos, int n) {
    MemorySegment s = OffHeap.NATIVE.cast(segment);
    if (stride == Double.BYTES) {
      MemorySegment.copy(s, LoopMath.F64, at, to, pos, n);
    } else {
      for (int x = 0; x < n; x++) {
        to[pos + x] = s.get(LoopMath.F64, at + x * stride);
      }
    }
  }

  /** Loads I64 elements. */
  static void load(MemorySegment segment, long at, long stride, long[] to, int pos, int n) {
    MemorySegment s = OffHeap.NATIVE.cast(segment);
    if (stride == Long.BYTES) {
      MemorySegment.copy(s, LoopMath.I64, at, to, pos, n);
    } else {
      for (int x = 0; x < n; x++) {
        to[pos + x] = s.get(LoopMath.I64, at + x * stride);
      }
    }
  }

  /** Loads I32, I16, I8, U8 or BOOL elements. */
  static void load(
      DType storage, MemorySegment segment, long at, long stride, int[] to, int pos, int n, Raw raw) {
    MemorySegment s = OffHeap.NATIVE.cast(segment);
    switch (storage) {
      case I32 -> {
        if (stride == Integer.BYTES) {
          MemorySegment.copy(s, LoopMath.I32, at, to, pos, n);
        } else {
          for (int x = 0; x < n; x++) {
            to[pos + x] = s.get(LoopMath.I32, at + x * stride);
          }
        }
      }
      case I16 -> {
        short[] shorts = raw.shorts;
        for (int done = 0; done < n; done += RAW) {
          int m = Math.min(RAW, n - done);
          loadShorts(s, at + done * stride, stride, shorts, m);
          for (int x = 0; x < m; x++) {
            to[pos + done + x] = shorts[x];
          }
        }
      }
      case I8, U8, BOOL -> {
        byte[] bytes = raw.bytes;
        for (int done = 0; done < n; done += RAW) {
          int m = Math.min(RAW, n - done);
          loadBytes(s, at + done * stride, stride, bytes, m);
          if (storage == DType.U8) {
            for (int x = 0; x < m; x++) {
              to[pos + done + x] = bytes[x] & 0xff;
            }
          } else {
            for (int x = 0; x < m; x++) {
              to[pos + done + x] = bytes[x];
            }
          }
        }
      }
      case F64, F32, F16, BF16, I64 -> throw wrong(storage);
    }
  }

  private static void loadShorts(MemorySegment segment, long at, long stride, short[] to, int n) {
    MemorySegment s = OffHeap.NATIVE.cast(segment);
    if (stride == Short.BYTES) {
      MemorySegment.copy(s, LoopMath.I16, at, to, 0, n);
    } else {
      for (int x = 0; x < n; x++) {
        to[x] = s.get(LoopMath.I16, at + x * stride);
      }
    }
  }

  private static void loadBytes(MemorySegment segment, long at, long stride, byte[] to, int n) {
    MemorySegment s = OffHeap.NATIVE.cast(segment);
    if (stride == 1) {
      MemorySegment.copy(s, ValueLayout.JAVA_BYTE, at, to, 0, n);
    } else {
      for (int x = 0; x < n; x++) {
        to[x] = s.get(ValueLayout.JAVA_BYTE, at + x * stride);
      }
    }
  }

  /** Stores floats that fit the storage type F32, F16 (rounded) or BF16. */
  static void store(DType storage, MemorySegment segment, long at, long stride, float[] from, int pos, int n, Raw raw) {
    MemorySegment s = OffHeap.NATIVE.cast(segment);
    if (storage == DType.F32) {
      if (stride == Float.BYTES) {
        MemorySegment.copy(from, pos, s, LoopMath.F32, at, n);
      } else {
        for (int x = 0; x < n; x++) {
          s.set(LoopMath.F32, at + x * stride, from[pos + x]);
        }
      }
      return;
    }
    short[] shorts = raw.shorts;
    for (int done = 0; done < n; done += RAW) {
      int m = Math.min(RAW, n - done);
      if (storage == DType.F16) {
        for (int x = 0; x < m; x++) {
          shorts[x] = Float.floatToFloat16(from[pos + done + x]);
        }
      } else if (storage == DType.BF16) {
        for (int x = 0; x < m; x++) {
          shorts[x] = (short) (Float.floatToRawIntBits(from[pos + done + x]) >>> 16);
        }
      } else {
        throw wrong(storage);
      }
      storeShorts(s, at + done * stride, stride, shorts, m);
    }
  }

  /** Stores F64 elements. */
  static void store(MemorySegment segment, long at, long stride, double[] from, int pos, int n) {
    MemorySegment s = OffHeap.NATIVE.cast(segment);
    if (stride == Double.BYTES) {
      MemorySegment.copy(from, pos, s, LoopMath.F64, at, n);
    } else {
      for (int x = 0; x < n; x++) {
        s.set(LoopMath.F64, at + x * stride, from[pos + x]);
      }
    }
  }

  /** Stores I64 elements. */
  static void store(MemorySegment segment, long at, long stride, long[] from, int pos, int n) {
    MemorySegment s = OffHeap.NATIVE.cast(segment);
    if (stride == Long.BYTES) {
      MemorySegment.copy(from, pos, s, LoopMath.I64, at, n);
    } else {
      for (int x = 0; x < n; x++) {
        s.set(LoopMath.I64, at + x * stride, from[pos + x]);
      }
    }
  }

  /** Stores the low bits of ints as I32, I16, I8, U8 or BOOL. */
  static void store(
      DType storage, MemorySegment segment, long at, long stride, int[] from, int pos, int n, Raw raw) {
    MemorySegment s = OffHeap.NATIVE.cast(segment);
    switch (storage) {
      case I32 -> {
        if (stride == Integer.BYTES) {
          MemorySegment.copy(from, pos, s, LoopMath.I32, at, n);
        } else {
          for (int x = 0; x < n; x++) {
            s.set(LoopMath.I32, at + x * stride, from[pos + x]);
          }
        }
      }
      case I16 -> {
        short[] shorts = raw.shorts;
        for (int done = 0; done < n; done += RAW) {
          int m = Math.min(RAW, n - done);
          for (int x = 0; x < m; x++) {
            shorts[x] = (short) from[pos + done + x];
          }
          storeShorts(s, at + done * stride, stride, shorts, m);
        }
      }
      case I8, U8, BOOL -> {
        byte[] bytes = raw.bytes;
        for (int done = 0; done < n; done += RAW) {
          int m = Math.min(RAW, n - done);
          for (int x = 0; x < m; x++) {
            bytes[x] = (byte) from[pos + done + x];
          }
          storeBytes(s, at + done * stride, stride, bytes, m);
        }
      }
      case F64, F32, F16, BF16, I64 -> throw wrong(storage);
    }
  }

  private static void storeShorts(MemorySegment segment, long at, long stride, short[] from, int n) {
    MemorySegment s = OffHeap.NATIVE.cast(segment);
    if (stride == Short.BYTES) {
      MemorySegment.copy(from, 0, s, LoopMath.I16, at, n);
    } else {
      for (int x = 0; x < n; x++) {
        s.set(LoopMath.I16, at + x * stride, from[x]);
      }
    }
  }

  private static void storeBytes(MemorySegment segment, long at, long stride, byte[] from, int n) {
    MemorySegment s = OffHeap.NATIVE.cast(segment);
    if (stride == 1) {
      MemorySegment.copy(from, 0, s, ValueLayout.JAVA_BYTE, at, n);
    } else {
      for (int x = 0; x < n; x++) {
        s.set(ValueLayout.JAVA_BYTE, at + x * stride, from[x]);
      }
    }
  }
}
