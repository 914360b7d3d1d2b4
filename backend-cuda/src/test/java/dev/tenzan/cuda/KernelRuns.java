package dev.tenzan.cuda;

import dev.tenzan.kernel.KernelSpec;
import dev.tenzan.spi.Backend;
import dev.tenzan.spi.Buffer;
import dev.tenzan.type.DType;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Runs of single kernels on bytes. */
final class KernelRuns {
  private KernelRuns() {}

  /** Small whole numbers, whose products every mode adds exactly. */
  static byte[] numbers(Random random, DType t, long count) {
    ByteBuffer bytes = ByteBuffer.allocate((int) count * t.byteSize()).order(ByteOrder.nativeOrder());
    for (long i = 0; i < count; i++) {
      float v = random.nextInt(-2, 3);
      switch (t) {
        case F32 -> bytes.putFloat(v);
        case F16 -> bytes.putShort(Float.floatToFloat16(v));
        default -> bytes.putShort((short) (Float.floatToRawIntBits(v) >> 16));
      }
    }
    return bytes.array();
  }

  /** What a backend makes of a kernel with one result, over rubbish. */
  static byte[] run(Backend backend, KernelSpec k, List<byte[]> operands, int resultBytes) {
    List<Buffer> buffers = new ArrayList<>();
    for (byte[] o : operands) {
      Buffer b = backend.allocate(0, o.length);
      backend.copyIn(MemorySegment.ofArray(o), b, 0);
      buffers.add(b);
    }
    byte[] result = new byte[resultBytes];
    new Random(1).nextBytes(result);
    buffers.add(backend.allocate(0, result.length));
    backend.copyIn(MemorySegment.ofArray(result), buffers.getLast(), 0);
    backend.launch(backend.compile(0, k), buffers);
    backend.copyOut(buffers.getLast(), 0, MemorySegment.ofArray(result));
    buffers.forEach(backend::free);
    return result;
  }
}
