package dev.tenzan.opencl;

import com.aparapi.Kernel;
import com.aparapi.device.Device;
import dev.tenzan.opencl.aparapi.AparapiKernel;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntUnaryOperator;

/** Kernels for the tests of Aparapi. Aparapi reads their class files, so they are compiled with {@code -g}, as Maven does it. */
final class AparapiSamples {
  /** How often the body of a kernel that no device takes has run in Java. */
  static final AtomicInteger RUNS_IN_JAVA = new AtomicInteger();

  private AparapiSamples() {}

  // begin example
  /** y = a x + b. */
  static final class Axpy extends Kernel {
    float a;
    float[] x;
    float[] b;
    float[] y;

    @Override
    public void run() {
      int i = getGlobalId();
      y[i] = a * x[i] + b[i];
    }
  }

  static final AparapiKernel<Axpy> AXPY =
      AparapiKernel.of(
          Axpy::new,
          (kernel, arrays) -> {
            kernel.a = 3;
            kernel.x = arrays.floats(0);
            kernel.b = arrays.floats(1);
            kernel.y = arrays.outputFloats();
          });

  // end example

  /** The sum of the four neighbours less four times the element, zero at the borders. */
  static final class Laplace extends Kernel {
    int width;
    int height;
    float[] in;
    float[] out;

    @Override
    public void run() {
      int column = getGlobalId(0);
      int row = getGlobalId(1);
      if (column > 0 && row > 0 && column < width - 1 && row < height - 1) {
        int i = row * width + column;
        out[i] = in[i - 1] + in[i + 1] + in[i - width] + in[i + width] - 4 * in[i];
      }
    }
  }

  static final AparapiKernel<Laplace> LAPLACE =
      AparapiKernel.of(
          Laplace::new,
          (kernel, arrays) -> {
            kernel.height = (int) arrays.shape(0).dim(0);
            kernel.width = (int) arrays.shape(0).dim(1);
            kernel.in = arrays.floats(0);
            kernel.out = arrays.outputFloats();
            arrays.range(kernel.width, kernel.height);
          });

  /** Reverses each work-group through local memory. */
  static final class Reverse extends Kernel {
    int[] x;
    int[] y;
    @Local int[] tile;

    @Override
    public void run() {
      int l = getLocalId();
      tile[l] = x[getGlobalId()];
      localBarrier();
      y[getGlobalId()] = tile[getLocalSize() - 1 - l];
    }
  }

  /** Adds one to every kind of array. */
  static final class Floats extends Kernel {
    float[] x;
    float[] y;

    @Override
    public void run() {
      y[getGlobalId()] = x[getGlobalId()] + 1;
    }
  }

  static final class Doubles extends Kernel {
    double[] x;
    double[] y;

    @Override
    public void run() {
      y[getGlobalId()] = x[getGlobalId()] + 1;
    }
  }

  static final class Longs extends Kernel {
    long[] x;
    long[] y;

    @Override
    public void run() {
      y[getGlobalId()] = x[getGlobalId()] + 1;
    }
  }

  static final class Ints extends Kernel {
    int[] x;
    int[] y;

    @Override
    public void run() {
      y[getGlobalId()] = x[getGlobalId()] + 1;
    }
  }

  static final class Shorts extends Kernel {
    short[] x;
    short[] y;

    @Override
    public void run() {
      y[getGlobalId()] = (short) (x[getGlobalId()] + 1);
    }
  }

  static final class Bytes extends Kernel {
    byte[] x;
    byte[] y;

    @Override
    public void run() {
      y[getGlobalId()] = (byte) (x[getGlobalId()] + 1);
    }
  }

  /** Aparapi does not translate a switch. */
  static final class Switch extends Kernel {
    int[] x;
    int[] y;

    @Override
    public void run() {
      int i = getGlobalId();
      switch (x[i]) {
        case 0:
          y[i] = 5;
          break;
        case 1:
          y[i] = 7;
          break;
        default:
          y[i] = 9;
      }
    }
  }

  /** Nor a call of a lambda. */
  static final class Lambda extends Kernel {
    int[] x;
    int[] y;

    @Override
    public void run() {
      int i = getGlobalId();
      IntUnaryOperator next = v -> v + 1;
      y[i] = next.applyAsInt(x[i]);
    }
  }

  /** Nor a handler of exceptions. */
  static final class Catches extends Kernel {
    int[] x;
    int[] y;

    @Override
    public void run() {
      int i = getGlobalId();
      RUNS_IN_JAVA.incrementAndGet();
      try {
        y[i] = x[i];
      } catch (RuntimeException e) {
        y[i] = 1;
      }
    }
  }

  /** Aparapi translates this one, but {@code half} is a word of OpenCL C. */
  static final class Keyword extends Kernel {
    int[] x;
    int[] half;

    @Override
    public void run() {
      int i = getGlobalId();
      half[i] = x[i];
    }
  }

  /** Refuses every device. */
  static final class Picky extends Kernel {
    int[] x;
    int[] y;

    @Override
    public boolean isAllowDevice(Device device) {
      return false;
    }

    @Override
    public void run() {
      y[getGlobalId()] = x[getGlobalId()];
    }
  }
}
