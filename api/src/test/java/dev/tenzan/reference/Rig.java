package dev.tenzan.reference;

import dev.tenzan.kernel.KernelSpec;
import dev.tenzan.spi.Buffer;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** A reference backend that runs one kernel on heap arrays and frees what it allocated. */
final class Rig implements AutoCloseable {
  final ReferenceBackend backend = new ReferenceBackend(1L << 26);

  /** Runs a kernel; each operand is a segment on a heap array, inputs first, outputs overwritten. */
  void run(KernelSpec kernel, MemorySegment... operands) {
    List<Buffer> buffers = new ArrayList<>();
    try {
      for (MemorySegment operand : operands) {
        Buffer b = backend.allocate(0, operand.byteSize());
        buffers.add(b);
        backend.copyIn(operand, b, 0);
      }
      backend.launch(backend.compile(0, kernel), buffers);
      for (int i = kernel.inputs().size(); i < operands.length; i++) {
        backend.copyOut(buffers.get(i), 0, operands[i]);
      }
    } finally {
      buffers.forEach(backend::free);
    }
  }

  static MemorySegment of(float... v) {
    return MemorySegment.ofArray(v);
  }

  static MemorySegment of(double... v) {
    return MemorySegment.ofArray(v);
  }

  static MemorySegment of(int... v) {
    return MemorySegment.ofArray(v);
  }

  static MemorySegment of(long... v) {
    return MemorySegment.ofArray(v);
  }

  static MemorySegment of(short... v) {
    return MemorySegment.ofArray(v);
  }

  static MemorySegment of(byte... v) {
    return MemorySegment.ofArray(v);
  }

  @Override
  public void close() {
    backend.close();
  }
}
