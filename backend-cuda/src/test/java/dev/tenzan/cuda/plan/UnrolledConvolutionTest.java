package dev.tenzan.cuda.plan;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tenzan.kernel.ConvolutionKernel;
import dev.tenzan.type.Affine;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
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

  private static byte[] numbers(long bytes, long seed) {
    ByteBuffer all = ByteBuffer.allocate(Math.toIntExact(bytes)).order(ByteOrder.nativeOrder());
    Random random = new Random(seed);
    while (all.hasRemaining()) {
      all.putShort((short) (random.nextInt(0x3c00, 0x4000) | random.nextInt(2) << 15)); // about 1 in f16, f32 and bf16
    }
    return all.array();
  }

  private static byte[] run(Plan plan) {
    return PlanRuns.run(plan, List.of(numbers(plan.bytes().get(0), 0), numbers(plan.bytes().get(1), 1)));
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
