package dev.tenzan.opencl.custom;

import dev.tenzan.error.UnsupportedKernelException;
import dev.tenzan.ir.CustomBody;
import dev.tenzan.kernel.CustomKernel;
import java.lang.foreign.MemorySegment;

/**
 * The body of a user's own operation that drives an OpenCL device by its own means. The backend chooses the device, which is the
 * tensors', and moves their contents through host memory.
 */
public interface DeviceBody extends CustomBody {
  /** The device that the tensors are on. */
  interface Target {
    /** Its name in Tenzan: {@code opencl:0}. */
    String name();

    /** The address of its {@code cl_device_id}, which all users of OpenCL in this process share. */
    long handle();

    /** What the device's compiler says to a program; empty where it compiles. */
    String buildLog(String source);
  }

  /** The tensors of one launch: dense, row-major, native byte order. */
  interface Contents {
    /** Copies an input into host memory of exactly its size. */
    void read(int input, MemorySegment target);

    /** Copies host memory of exactly the output's size into the output. */
    void write(MemorySegment source);
  }

  /** A body made ready for one device and one kind of operands; several threads may run it. */
  @FunctionalInterface
  interface Prepared {
    /** Computes the output; it has been written when this returns. */
    void run(Contents contents);
  }

  /**
   * Makes the body ready.
   *
   * @throws UnsupportedKernelException where the device cannot run it
   */
  Prepared prepare(CustomKernel kernel, Target target);
}
