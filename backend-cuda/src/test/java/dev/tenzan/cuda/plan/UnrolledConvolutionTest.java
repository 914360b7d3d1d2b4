package dev.tenzan.cuda.plan;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tenzan.cuda.driver.CudaDriver;
import dev.tenzan.cuda.driver.SimulatedDriver;
import dev.tenzan.kernel.ConvolutionKernel;
import dev.tenzan.type.Affine;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Convolutions whose unrolled input is made one part after the other. */
class UnrolledConvolutionTest {
  private static final Style STYLE = new Style(2, 80);

  /** As the gradient of weights of two groups. */
  private static ConvolutionKernel kernel(DType dtype) {
    return new ConvolutionKernel(
        dtype, 5, 4, 6, 2, Shape.of(13, 12), Shape.of(11, 12), Shape.of(3, 3), List.of(1L, 1L), List.of(0L, 1L), List.of(1L, 1L),
        List.of(1L, 1L), new Affine(3, 624, 156, 12, 1), new Affine(0, 132, 792, 12, 1));
  }

  private static long copied(SimulatedDriver driver, CudaDriver.Context context, CudaDriver.Stream stream, long bytes, Arena arena, long seed) {
    MemorySegment host = arena.allocate(bytes, 8);
    Random random = new Random(seed);
    for (long at = 0; at < bytes; at += Short.BYTES) {
      host.set(ValueLayout.JAVA_SHORT, at, (short) (random.nextInt(0x3c00, 0x4000) | random.nextInt(2) << 15)); // about 1 in f16, f32 and bf16
    }
    long address = driver.allocate(context, bytes);
    driver.copyIn(stream, host, address);
    return address;
  }

  private static byte[] run(Plan plan) {
    SimulatedDriver driver = new SimulatedDriver(1);
    CudaDriver.Context context = driver.retain(0);
    CudaDriver.Stream stream = driver.createStream(context);
    try (Arena arena = Arena.ofConfined()) {
      long[] slots = new long[3];
      for (int i = 0; i < slots.length; i++) {
        slots[i] = copied(driver, context, stream, plan.bytes().get(i), arena, i);
      }
      long[] temps = plan.temps().stream().mapToLong(bytes -> driver.allocate(context, bytes)).toArray();
      for (Step s : plan.steps()) {
        CudaDriver.Function function = driver.function(driver.load(context, s.source().bytes()), s.entry());
        driver.allowShared(function, s.shared());
        long[] arguments =
            s.args().stream()
                .mapToLong(
                    arg ->
                        switch (arg) {
                          case Arg.Slot slot -> slots[slot.index()] + slot.offset();
                          case Arg.Temp temp -> temps[temp.index()];
                          case Arg.Table table -> {
                            long[] values = plan.tables().get(table.index());
                            long address = driver.allocate(context, (long) values.length * Long.BYTES);
                            driver.copyIn(stream, arena.allocateFrom(ValueLayout.JAVA_LONG, values), address);
                            yield address;
                          }
                          case Arg.Number number -> number.value();
                          default -> throw new IllegalArgumentException(arg.toString());
                        })
                .toArray();
        driver.launch(stream, function, s.grid(), s.block(), s.shared(), arguments);
      }
      MemorySegment result = arena.allocate(plan.bytes().get(2), 8);
      driver.copyOut(stream, slots[2], result);
      return result.toArray(ValueLayout.JAVA_BYTE);
    }
  }

  /** A last part may be too small a product for tensor cores of f64: then there is another way for all. */
  @Test
  void aLastPartIsAProductOrThereIsNone() {
    ConvolutionKernel k =
        new ConvolutionKernel(
            DType.F64, 9, 2, 8, 1, Shape.of(12, 12), Shape.of(11, 12), Shape.of(2, 1), List.of(1L, 1L), List.of(0L, 0L), List.of(1L, 1L),
            List.of(1L, 1L), new Affine(0, 288, 144, 12, 1), new Affine(0, 264, 132, 12, 1));
    int planned = 0;
    for (long images = 1; images <= 9; images++) {
      Optional<UnrolledConvolution> way = UnrolledConvolution.of(new Windows(k), new Style(132, 90), images * 2 * 264 * Double.BYTES);
      if (way.isPresent()) {
        planned++;
        way.get().plan(List.of(9L * 288 * 8, 8L * 264 * 8, 9L * 16 * 8));
      }
    }
    assertTrue(planned > 1 && planned < 9, planned + " of 9");
  }

  @Test
  void partsGiveTheWholeResult() {
    for (DType dtype : List.of(DType.F32, DType.BF16)) {
      ConvolutionKernel k = kernel(dtype);
      List<Long> bytes = List.of(4000L * dtype.byteSize(), 2000L * dtype.byteSize(), 5L * 6 * 9 * dtype.byteSize());
      Plan whole = UnrolledConvolution.of(new Windows(k), STYLE).orElseThrow().plan(bytes);
      Plan parts = UnrolledConvolution.of(new Windows(k), STYLE, 2 * 9 * 264 * 2 * Float.BYTES).orElseThrow().plan(bytes); // two images
      assertEquals(whole.temps().size(), parts.temps().size());
      assertEquals(3, parts.steps().stream().filter(s -> s.entry().equals("tz_unroll")).count());
      assertArrayEquals(run(whole), run(parts));
    }
  }
}
