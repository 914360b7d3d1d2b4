package dev.tenzan.cuda.plan;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tenzan.Device;
import dev.tenzan.Devices;
import dev.tenzan.conformance.ConformanceKit;
import dev.tenzan.conformance.SupportTable;
import dev.tenzan.cuda.Convolutions;
import dev.tenzan.cuda.Convolutions.Geometry;
import dev.tenzan.cuda.Convolutions.Kind;
import dev.tenzan.kernel.ConvolutionKernel;
import dev.tenzan.kernel.KernelSpec;
import dev.tenzan.spi.Support;
import dev.tenzan.type.Affine;
import dev.tenzan.type.DType;
import dev.tenzan.type.Numerics;
import dev.tenzan.type.Shape;
import java.util.EnumMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Convolutions of the fast mode on tensor cores, on a simulated device against the reference. */
class MmaConvolutionTest {
  private static final long SEED = Long.getLong("tenzan.test.seed", 20261128);
  private static final List<DType> TYPES = List.of(DType.F32, DType.F16, DType.BF16);

  private static Style style(int processors) {
    return new Style(processors, 80, List.of(FastWay.MMA));
  }

  private static Plan plan(ConvolutionKernel k, List<byte[]> operands, Style style) {
    return MmaConvolution.of(new Windows(k), style).orElseThrow().plan(bytes(k, operands));
  }

  private static List<Long> bytes(ConvolutionKernel k, List<byte[]> operands) {
    return List.of((long) operands.get(0).length, (long) operands.get(1).length, (long) Convolutions.resultBytes(k));
  }

  /** The launches of the plan, which has the results of the reference. */
  private static List<Step> check(ConvolutionKernel k, Style style) {
    List<byte[]> operands = Convolutions.operands(k);
    Plan plan = plan(k, operands, style);
    assertArrayEquals(Convolutions.expected(k, operands), PlanRuns.run(plan, operands), "seed " + SEED + ": " + k);
    return plan.steps();
  }

  private static Geometry random(Random random) {
    List<long[]> axes = Geometry.axes(random, 4, 3, 9);
    return new Geometry(random.nextInt(1, 5), random.nextInt(1, 41), random.nextInt(9, 140), random.nextInt(1, 3), axes);
  }

  @Test
  void randomGeometries() {
    Random random = new Random(SEED);
    int checked = 0;
    for (int i = 0; i < 24; i++) {
      Geometry g = random(random);
      for (Kind kind : Kind.values()) {
        ConvolutionKernel k = g.kernel(kind, TYPES.get(i % 3), Numerics.FAST, random);
        if (MmaConvolution.of(new Windows(k), style(2)).isPresent()) {
          check(k, style(random.nextInt(1, 20)));
          checked++;
        }
      }
    }
    assertTrue(checked > 60, checked + " checked");
  }

  private static Geometry plane(long batch, long channels, long outputs, long groups, long side, long window, long stride, long pad) {
    long[] axis = {side, window, stride, pad, pad, 1};
    return new Geometry(batch, channels, outputs, groups, List.of(axis, axis));
  }

  private static ConvolutionKernel kernel(Geometry g, Kind kind, DType t) {
    return g.kernel(kind, t, Numerics.FAST, new Random(SEED));
  }

  private static List<String> entries(List<Step> steps) {
    return steps.stream().map(s -> s.source().code().startsWith("// ") ? s.entry() : "copy").toList();
  }

  /** Two groups; images, rows and columns are apart by more than they take. */
  @Test
  void channelsSideBySideAreNotCopied() {
    for (DType t : TYPES) {
      Affine x = new Affine(8, 13 * 320, 1, 320, 32);
      Affine w = new Affine(16, 80, 1, 24, 24);
      List<Long> two = List.of(2L, 2L);
      List<Long> one = List.of(1L, 1L);
      Shape out = Shape.of(5, 4);
      for (long window = 1; window <= 2; window++) {
        ConvolutionKernel k =
            new ConvolutionKernel(
                t, 3, 32, 20, 2, Shape.of(12, 9), Shape.of(window, window), out, two, one, one, one, x, w, Numerics.FAST);
        assertEquals(List.of("tz_convolution"), entries(check(k, style(1))));
      }
      ConvolutionKernel odd =
          new ConvolutionKernel(
              t, 3, 26, 20, 2, Shape.of(12, 9), Shape.of(1, 1), out, two, one, one, one, x, new Affine(17, 80, 1, 24, 24), Numerics.FAST);
      assertEquals(List.of("copy", "copy", "tz_convolution"), entries(check(odd, style(1)))); // groups and weights begin anywhere
    }
  }

  @Test
  void fewTilesSplitTheirProducts() {
    for (DType t : TYPES) {
      ConvolutionKernel k = kernel(plane(2, 3, 20, 1, 20, 3, 1, 1), Kind.BY_WEIGHTS, t);
      List<Step> steps = check(k, style(20));
      assertEquals(List.of("copy", "copy", "tz_convolution", "tz_add_blocks"), entries(steps));
      assertTrue(steps.get(2).grid() > 4, steps.toString());
      assertEquals(List.of("copy", "copy", "tz_convolution"), entries(check(k, style(1))));
    }
  }

  /** Of outputs that are three apart a window of two reaches only some: the others are zeros. */
  @Test
  void gapsAreTakenApart() {
    for (DType t : TYPES) {
      List<String> entries = entries(check(kernel(plane(2, 12, 10, 1, 11, 2, 3, 0), Kind.BY_INPUT, t), style(2)));
      assertEquals(2 + 9, entries.size(), entries.toString());
      entries = entries(check(kernel(plane(2, 17, 9, 2, 9, 3, 2, 1), Kind.FORWARD, t), style(2)));
      assertEquals(2 + 1, entries.size(), entries.toString());
    }
    ConvolutionKernel wide = kernel(plane(1, 12, 10, 1, 40, 2, 9, 0), Kind.BY_INPUT, DType.F32); // 81 launches
    assertEquals(Optional.empty(), MmaConvolution.of(new Windows(wide), style(2)).map(Object::toString));
  }

  /** Both are one launch; of the first the two last axes of all are channels, of the other none is copied. */
  @Test
  void windowsOfOneElement() {
    for (DType t : TYPES) {
      for (Geometry g : List.of(plane(3, 24, 32, 1, 8, 1, 1, 0), plane(2, 40, 72, 1, 16, 1, 1, 0))) {
        assertEquals(List.of("tz_product"), entries(fast(kernel(g, Kind.FORWARD, t))), t + " forward " + g);
        assertEquals(List.of("tz_product"), entries(fast(kernel(g, Kind.BY_INPUT, t))), t + " by input " + g);
        List<String> byWeights = entries(fast(kernel(g, Kind.BY_WEIGHTS, t)));
        assertEquals(List.of("tz_convolution"), byWeights.subList(0, 1), t + " by weights " + g);
      }
      List<Step> turned = fast(kernel(plane(3, 20, 24, 1, 7, 1, 1, 0), Kind.FORWARD, t)); // 49 elements are no whole pieces
      assertEquals(List.of("copy", "copy", "tz_convolution"), entries(turned).subList(0, 3));
      assertTrue(entries(fast(kernel(plane(3, 20, 24, 1, 8, 1, 2, 0), Kind.FORWARD, t))).contains("tz_convolution"));
    }
  }

  private static ConvolutionKernel square(DType t, long side, long window, long out, long pad, long gap, long dilation, Affine x) {
    Affine w = Convolutions.dense(8, Shape.of(24, 16, window, window));
    return new ConvolutionKernel(
        t, 3, 16, 24, 1, Shape.of(side, side), Shape.of(window, window), Shape.of(out, out), List.of(1L, 1L), List.of(pad, pad), List.of(gap, gap),
        List.of(dilation, dilation), x, w, Numerics.FAST);
  }

  /** They look like those that need no copies, and are none of them. */
  @Test
  void almostWindowsOfOneElement() {
    for (DType t : TYPES) {
      Affine four = Convolutions.dense(0, Shape.of(3, 16, 4, 4));
      Affine eight = Convolutions.dense(0, Shape.of(3, 16, 8, 8));
      fast(square(t, 4, 4, 1, 0, 1, 1, four));
      fast(square(t, 4, 4, 1, 1, 1, 1, four));
      fast(square(t, 4, 4, 1, 0, 2, 1, four));
      fast(square(t, 4, 4, 1, 0, 1, 2, four));
      fast(square(t, 4, 4, 1, 0, 1, 1, new Affine(0, 16 * 32, 32, 8, 1)));
      fast(square(t, 8, 1, 8, 1, 1, 1, eight));
      fast(square(t, 8, 1, 8, 0, 2, 1, eight));
      fast(square(t, 8, 1, 8, 0, 1, 1, new Affine(0, 16 * 128, 128, 16, 1)));
    }
  }

  private static List<Step> fast(ConvolutionKernel k) {
    List<byte[]> operands = Convolutions.operands(k);
    Plan plan = FastConvolution.of(new Windows(k), style(20)).orElseThrow().plan().apply(bytes(k, operands));
    assertArrayEquals(Convolutions.expected(k, operands), PlanRuns.run(plan, operands), k.toString());
    return plan.steps();
  }

  /** Padding alone: there is nothing to copy, and all results are zeros. */
  @Test
  void emptyInputs() {
    for (DType t : TYPES) {
      List<Long> one = List.of(1L, 1L);
      ConvolutionKernel k =
          new ConvolutionKernel(
              t, 2, 64, 32, 1, Shape.of(0, 5), Shape.of(3, 3), Shape.of(4, 5), one, List.of(3L, 1L), one, one,
              Convolutions.dense(0, Shape.of(2, 64, 0, 5)), Convolutions.dense(0, Shape.of(32, 64, 3, 3)), Numerics.FAST);
      List<byte[]> operands = List.of(new byte[16], new byte[32 * 64 * 9 * t.byteSize()]);
      Plan plan = MmaConvolution.of(new Windows(k), style(2)).orElseThrow().plan(bytes(k, operands));
      assertArrayEquals(new byte[Convolutions.resultBytes(k)], PlanRuns.run(plan, operands));
    }
  }

  @Test
  void weightsAndSumsTakeNoMoreThanTheyMay() {
    ConvolutionKernel k = kernel(plane(2, 16, 64, 1, 40, 3, 1, 1), Kind.BY_WEIGHTS, DType.F32); // whose window is the incoming gradient
    assertTrue(MmaConvolution.of(new Windows(k), style(20), 64 * 1600 * 4 * 4).isPresent());
    assertTrue(MmaConvolution.of(new Windows(k), style(20), 64 * 1600 * 4 * 4 - 1).isEmpty());
    assertEquals(Optional.empty(), MmaConvolution.of(new Windows(k), style(20).frugal()).map(Object::toString));
    Style some = new Style(20, 80, List.of(FastWay.MMA), 20L << 20);
    long temps = MmaConvolution.of(new Windows(k), some).orElseThrow().plan(List.of(0L, 0L, 0L)).temps().stream().mapToLong(b -> b).sum();
    assertTrue(temps <= 3 * some.scratch(), "temps of " + temps);
  }

  @Test
  void largeInputsAreCopiedInParts() {
    for (DType t : TYPES) {
      ConvolutionKernel k = kernel(plane(5, 10, 12, 1, 9, 3, 1, 1), Kind.FORWARD, t);
      List<byte[]> operands = Convolutions.operands(k);
      long image = 81 * (t == DType.F32 ? 12 * 4 : 16 * 2);
      for (int processors : new int[] {1, 40}) { // also with split products
        Plan plan = MmaConvolution.of(new Windows(k), style(processors), 2 * image).orElseThrow().plan(bytes(k, operands));
        assertEquals(3, entries(plan.steps()).stream().filter("tz_convolution"::equals).count());
        assertArrayEquals(Convolutions.expected(k, operands), PlanRuns.run(plan, operands));
      }
      assertTrue(MmaConvolution.of(new Windows(k), style(1), image - 1).isEmpty());
    }
  }

  private static String source(ConvolutionKernel k, Style style) {
    return Planner.plan(k, style).steps().stream()
        .map(s -> s.source().code())
        .filter(code -> code.startsWith("// "))
        .map(code -> code.substring(3, code.indexOf(".cu")))
        .findFirst()
        .orElse("a library");
  }

  @Test
  void whoConvolves() {
    Style h100 = new Style(132, 90, FastWay.of(90, true, false, "auto"));
    Geometry layer = plane(16, 64, 64, 1, 56, 3, 1, 1);
    for (DType t : TYPES) {
      for (Kind kind : Kind.values()) {
        assertEquals("convolution_mma", source(kernel(layer, kind, t), h100), kind + " " + t);
        assertEquals("a library", source(kernel(layer, kind, t), h100.with(FastWay.of(90, true, true, "auto"))));
        assertEquals("convolution_mma", source(kernel(layer, kind, t), h100.with(FastWay.of(90, true, true, "own"))));
        String plain = source(Convolutions.reproducible(kernel(layer, kind, t)), h100);
        assertTrue(!plain.equals("convolution_mma"), plain);
        assertEquals(plain, source(kernel(layer, kind, t), new Style(132, 90)));
      }
    }
    assertTrue(!source(kernel(layer, Kind.FORWARD, DType.F64), h100).equals("convolution_mma"));
    assertEquals("convolution_direct", source(kernel(plane(16, 1, 1, 64, 56, 3, 1, 1), Kind.FORWARD, DType.F32), h100)); // a group for each channel
    assertEquals("convolution_mma", source(kernel(plane(32, 3, 64, 1, 224, 7, 2, 3), Kind.FORWARD, DType.BF16), h100));
    assertEquals("convolution_mma", source(kernel(plane(64, 512, 512, 1, 7, 3, 1, 1), Kind.FORWARD, DType.F32), h100));
  }

  /** So that the kit, where it runs on a GPU, runs these kernels too. */
  @Test
  void theKitHasConvolutionsForThem() {
    Style h100 = new Style(132, 90, FastWay.of(90, true, false, "auto"));
    Set<KernelSpec> asked = new LinkedHashSet<>();
    Device device =
        SupportTable.declared(Devices.get("reference"), k -> {
          asked.add(k);
          return Support.yes();
        });
    ConformanceKit kit = new ConformanceKit(device);
    ConformanceKit.groups(name -> name.contains("conv") && name.contains("fast-")).forEach(kit::run);
    assertEquals(List.of(), kit.failures());
    EnumMap<DType, Integer> found = new EnumMap<>(DType.class);
    for (KernelSpec k : asked) {
      if (k instanceof ConvolutionKernel c && source(c, h100).equals("convolution_mma")) {
        found.merge(c.dtype(), 1, Integer::sum);
      }
    }
    System.out.println("by convolution_mma: " + found);
    TYPES.forEach(t -> assertTrue(found.getOrDefault(t, 0) >= 2, t + ": " + found));
  }
}
