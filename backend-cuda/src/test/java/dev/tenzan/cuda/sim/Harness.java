package dev.tenzan.cuda.sim;

import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** A module, a memory and a simulator, and short ways to use them. */
final class Harness {
  private static final String HEADER = ".version 8.0\n.target sm_80\n.address_size 64\n";

  final SimMemory memory = new SimMemory(true);
  final Simulator simulator;
  final PtxModule module;

  Harness(String ptx) {
    this(ptx, new Simulator(2, Simulator.Limits.DEFAULT));
  }

  Harness(String ptx, Simulator simulator) {
    this.module = PtxModule.parse(ptx);
    this.simulator = simulator;
  }

  static Harness ofResource(String name) {
    try (InputStream in = Harness.class.getResourceAsStream(name)) {
      return new Harness(new String(in.readAllBytes(), StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A module with one kernel, {@code k}, of one parameter, an address that is in {@code %out}; {@code %t} is the thread's number. */
  static Harness ofBody(String body) {
    return new Harness(kernel(body));
  }

  static String kernel(String body) {
    return HEADER + """
        .visible .entry k(.param .u64 k_out) {
        .reg .b64 %out, %mine;
        .reg .b32 %t;
        ld.param.u64 %out, [k_out];
        mov.u32 %t, %tid.x;
        mad.wide.u32 %mine, %t, 4, %out;
        """ + body + "\nret;\n}\n";
  }

  /** Runs {@link #ofBody a body} in one block, and gives what its threads wrote, one int each. */
  static int[] ints(int threads, String body) {
    Harness h = ofBody(body);
    long out = h.upload(new int[threads]);
    h.launch("k", 1, threads, 0, out);
    return h.ints(out, threads);
  }

  /** Runs a body that goes wrong. */
  static SimException finding(int threads, String body) {
    Harness h = ofBody(body);
    long out = h.upload(new int[threads]);
    return assertThrows(SimException.class, () -> h.launch("k", 1, threads, 0, out));
  }

  /**
   * Runs an instruction on {@code %a}, {@code %b}, {@code %c} into {@code %d} for each element of the inputs; {@code in} and {@code out}
   * are the registers' bits.
   */
  static long[] each(String instruction, int in, int out, long[]... inputs) {
    return each(instruction, in, in, in, out, inputs);
  }

  /** The same with registers of different widths. */
  static long[] each(String instruction, int inA, int inB, int inC, int out, long[]... inputs) {
    int n = inputs[0].length;
    StringBuilder ptx = new StringBuilder(HEADER).append(".visible .entry k(.param .u64 p0, .param .u64 p1, .param .u64 p2, .param .u64 p3,"
        + " .param .u32 p4) {\n.reg .pred %p, %q;\n.reg .b32 %i, %n, %x, %y;\n.reg .b64 %base, %at, %w;\n");
    ptx.append(".reg .b").append(inA).append(" %a; .reg .b").append(inB).append(" %b; .reg .b").append(inC).append(" %c;\n");
    ptx.append(".reg .b").append(out).append(" %d;\n");
    ptx.append("mov.u32 %i, %ctaid.x; mov.u32 %x, %ntid.x; mov.u32 %y, %tid.x; mad.lo.u32 %i, %i, %x, %y;\n"
        + "ld.param.u32 %n, [p4]; setp.ge.u32 %p, %i, %n; @%p exit;\n");
    String names = "abc";
    int[] widths = {inA, inB, inC};
    for (int k = 0; k < inputs.length; k++) {
      ptx.append("ld.param.u64 %base, [p").append(k).append("]; mad.wide.u32 %at, %i, 8, %base; ld.global.b").append(widths[k]);
      ptx.append(" %").append(names.charAt(k)).append(", [%at];\n");
    }
    ptx.append(instruction).append("\nld.param.u64 %base, [p3]; mad.wide.u32 %at, %i, 8, %base; st.global.b").append(out);
    ptx.append(" [%at], %d;\nret;\n}\n");
    Harness h = new Harness(ptx.toString());
    long[] addresses = new long[4];
    for (int k = 0; k < 3; k++) {
      addresses[k] = h.upload(inputs[Math.min(k, inputs.length - 1)]);
    }
    addresses[3] = h.upload(new long[n]);
    h.launch("k", (n + 127) / 128, 128, 0, addresses[0], addresses[1], addresses[2], addresses[3], n);
    long[] result = new long[n];
    h.memory.read(addresses[3], MemorySegment.ofArray(result));
    return result;
  }

  long upload(int[] values) {
    return upload(MemorySegment.ofArray(values));
  }

  long upload(long[] values) {
    return upload(MemorySegment.ofArray(values));
  }

  long upload(float[] values) {
    return upload(MemorySegment.ofArray(values));
  }

  long upload(MemorySegment values) {
    long address = memory.allocate(values.byteSize());
    memory.write(address, values);
    return address;
  }

  int[] ints(long address, int count) {
    int[] result = new int[count];
    memory.read(address, MemorySegment.ofArray(result));
    return result;
  }

  float[] floats(long address, int count) {
    float[] result = new float[count];
    memory.read(address, MemorySegment.ofArray(result));
    return result;
  }

  /** Launches blocks in a row; each parameter is cut to the size that the kernel declares. */
  void launch(String kernel, int blocks, int threads, int shared, long... parameters) {
    simulator.launch(module, kernel, blocks, 1, 1, threads, 1, 1, shared, pack(kernel, parameters), memory);
  }

  byte[] pack(String kernel, long... values) {
    PtxModule.Kernel k = module.kernel(kernel);
    ByteBuffer buffer = ByteBuffer.allocate(k.parameterBytes()).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < values.length; i++) {
      PtxModule.Parameter p = k.parameters().get(i);
      if (p.size() == 8) {
        buffer.putLong(p.offset(), values[i]);
      } else {
        buffer.putInt(p.offset(), (int) values[i]);
      }
    }
    return buffer.array();
  }
}
