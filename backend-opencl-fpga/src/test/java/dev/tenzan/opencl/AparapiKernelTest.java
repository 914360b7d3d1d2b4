package dev.tenzan.opencl;

import static dev.tenzan.opencl.AparapiSamples.AXPY;
import static dev.tenzan.opencl.AparapiSamples.LAPLACE;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.aparapi.Kernel;
import com.aparapi.device.OpenCLDevice;
import com.aparapi.internal.kernel.KernelManager;
import dev.tenzan.Device;
import dev.tenzan.Devices;
import dev.tenzan.Tensor;
import dev.tenzan.TensorScope;
import dev.tenzan.Tenzan;
import dev.tenzan.error.DTypeException;
import dev.tenzan.error.DeviceException;
import dev.tenzan.error.ShapeException;
import dev.tenzan.error.TenzanException;
import dev.tenzan.error.UnsupportedKernelException;
import dev.tenzan.ir.CustomBody;
import dev.tenzan.kernel.CustomKernel;
import dev.tenzan.opencl.aparapi.AparapiKernel;
import dev.tenzan.opencl.custom.DeviceBody;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.lang.classfile.ClassFile;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Kernels for Aparapi as operations on tensors, on a real OpenCL device. */
class AparapiKernelTest {
  @TempDir Path folder;

  private Device device;
  private Device reference;

  @BeforeEach
  void devices() {
    Runtimes.assumeAvailable();
    device = Devices.get("opencl:0");
    reference = Devices.get("reference");
  }

  private static void assertSays(TenzanException e, String... parts) {
    for (String part : parts) {
      assertTrue(e.getMessage().contains(part), "'" + part + "' is not in: " + e.getMessage());
    }
  }

  private static <T extends TenzanException> void fails(Class<T> type, Tensor t, String... parts) {
    assertSays(assertThrows(type, t::eval), parts);
  }

  private static Tensor ints(AparapiKernel<?> body, Tensor x) {
    return Tensor.custom("ints", DType.I32, x.shape(), body, x);
  }

  private static Tensor axpy(Tensor x, Tensor b) {
    return Tensor.custom("axpy", DType.F32, x.shape(), AXPY, x, b);
  }

  private static Tensor laplace(Tensor x) {
    return Tensor.custom("laplace", DType.F32, x.shape(), LAPLACE, x);
  }

  /** The same by plain loops. */
  private static Tensor laplaceByLoops(Tensor x) {
    long h = x.shape().dim(0);
    long w = x.shape().dim(1);
    float[] in = x.toFloats();
    float[] out = new float[in.length];
    for (int r = 1; r < h - 1; r++) {
      for (int c = 1; c < w - 1; c++) {
        int i = (int) (r * w + c);
        out[i] = in[i - 1] + in[i + 1] + in[(int) (i - w)] + in[(int) (i + w)] - 4 * in[i];
      }
    }
    return x.device().of(out, h, w);
  }

  private float[] whole(int n, int from) {
    float[] a = new float[n];
    for (int i = 0; i < n; i++) {
      a[i] = (i * 37 + from) % 101 - 50; // small whole numbers: sums and products are exact, however they are contracted
    }
    return a;
  }

  @Test
  void axpyEqualsTheReference() {
    for (int n : new int[] {1, 2, 255, 256, 257, 1009, 4096, 100_000}) {
      float[] x = whole(n, 5);
      float[] b = whole(n, 77);
      float[] expected = reference.of(x).mul(3).add(reference.of(b)).toFloats();
      assertArrayEquals(expected, axpy(device.of(x), device.of(b)).toFloats(), "n = " + n);
    }
  }

  /** OpenCL C may fuse the product and the sum, so an element is within one rounding of the product. */
  @Test
  void axpyOfAnyNumbersIsWithinARounding() {
    Tensor x = reference.randomNormal(DType.F32, 3, 5000);
    Tensor b = reference.randomNormal(DType.F32, 4, 5000);
    float[] actual = axpy(x.to(device), b.to(device)).toFloats();
    float[] xs = x.toFloats();
    float[] bs = b.toFloats();
    for (int i = 0; i < actual.length; i++) {
      double exact = 3.0 * xs[i] + bs[i];
      double allowed = Math.scalb(Math.abs(3.0 * xs[i]) + Math.abs(exact), -23);
      assertEquals(exact, actual[i], allowed, "element " + i + ", keys 3 and 4");
    }
  }

  @Test
  void aStencilInTwoDimensions() {
    for (long[] shape : new long[][] {{1, 1}, {3, 3}, {17, 23}, {64, 48}}) {
      Tensor x = reference.of(whole((int) (shape[0] * shape[1]), 11), shape);
      assertArrayEquals(laplaceByLoops(x).toFloats(), laplace(x.to(device)).toFloats());
    }
  }

  @Test
  void severalKernelsInOneProgramAmongOtherOperations() {
    Tensor x = reference.of(whole(600, 1), 20, 30);
    Tensor expected = laplaceByLoops(x.mul(2).mul(3).add(x)).sub(1).sum(0);
    Tensor y = x.to(device);
    try (TensorScope scope = TensorScope.open()) {
      Tensor z = laplace(axpy(y.mul(2), y)).sub(1).sum(0);
      assertArrayEquals(expected.toFloats(), z.toFloats());
      assertArrayEquals(expected.toFloats(), laplace(axpy(y.mul(2), y)).sub(1).sum(0).toFloats());
      assertNotNull(scope);
    }
    assertArrayEquals(x.toFloats(), y.toFloats(), "the operand was changed");
    Tenzan.Compiled f = Tenzan.compile(a -> List.of(axpy(a.getFirst(), a.getFirst()).add(1)));
    for (int k = 0; k < 3; k++) {
      Tensor in = device.of(whole(50, k));
      assertArrayEquals(in.mul(4).add(1).toFloats(), f.apply(in).getFirst().toFloats());
    }
  }

  @Test
  void theKernelRanOnTheDevice() {
    axpy(device.of(whole(10, 1)), device.of(whole(10, 2))).eval();
    var last = KernelManager.instance().getProfile(AparapiSamples.Axpy.class).getLastDeviceProfile();
    assertTrue(last.toString().contains("<CPU>") || last.toString().contains("<GPU>"), last.toString());
  }

  @Test
  void threadsShareAKernel() throws Exception {
    try (ExecutorService pool = Executors.newFixedThreadPool(4)) {
      List<Future<?>> all = new ArrayList<>();
      for (int t = 0; t < 4; t++) {
        int from = t;
        all.add(
            pool.submit(
                () -> {
                  for (int k = 0; k < 20; k++) {
                    float[] x = whole(300 + 10 * k, from);
                    float[] expected = new float[x.length];
                    for (int i = 0; i < x.length; i++) {
                      expected[i] = 4 * x[i];
                    }
                    Tensor y = device.of(x);
                    assertArrayEquals(expected, axpy(y, y).toFloats());
                  }
                }));
      }
      for (Future<?> f : all) {
        f.get();
      }
    }
  }

  @Test
  void localMemoryAndWorkGroups() {
    AparapiKernel<AparapiSamples.Reverse> reverse =
        AparapiKernel.of(
            AparapiSamples.Reverse::new,
            (k, a) -> {
              k.x = a.ints(0);
              k.y = a.outputInts();
              k.tile = new int[4];
              a.groups(4);
            });
    assertArrayEquals(new int[] {4, 3, 2, 1, 8, 7, 6, 5}, ints(reverse, device.of(new int[] {1, 2, 3, 4, 5, 6, 7, 8})).toInts());
    fails(ShapeException.class, ints(reverse, device.of(new int[6])), "work-groups of [4] do not fit a range of [6]");
  }

  private static <K extends Kernel> void addsOne(Tensor x, DType as, Supplier<K> make, AparapiKernel.Binding<K> binding) {
    Tensor y = Tensor.custom("plusOne", x.dtype(), x.shape(), AparapiKernel.of(make, binding), x);
    assertArrayEquals(x.cast(as).add(1).toDoubles(), y.cast(as).toDoubles(), x.dtype().toString());
  }

  @Test
  void everyElementType() {
    Tensor x = device.of(new double[] {0, 1, 2, 100, 41});
    addsOne(x.cast(DType.F32), DType.F64, AparapiSamples.Floats::new, (k, a) -> {
      k.x = a.floats(0);
      k.y = a.outputFloats();
    });
    addsOne(x, DType.F64, AparapiSamples.Doubles::new, (k, a) -> {
      k.x = a.doubles(0);
      k.y = a.outputDoubles();
    });
    addsOne(x.cast(DType.I64), DType.F64, AparapiSamples.Longs::new, (k, a) -> {
      k.x = a.longs(0);
      k.y = a.outputLongs();
    });
    addsOne(x.cast(DType.I32), DType.F64, AparapiSamples.Ints::new, (k, a) -> {
      k.x = a.ints(0);
      k.y = a.outputInts();
    });
    addsOne(x.cast(DType.I16), DType.F64, AparapiSamples.Shorts::new, (k, a) -> {
      k.x = a.shorts(0);
      k.y = a.outputShorts();
    });
    for (DType t : List.of(DType.I8, DType.U8)) {
      addsOne(x.cast(t), DType.F64, AparapiSamples.Bytes::new, (k, a) -> {
        k.x = a.bytes(0);
        k.y = a.outputBytes();
      });
    }
    for (DType t : List.of(DType.F16, DType.BF16)) { // plus one in the last place
      Tensor y = x.cast(t);
      Tensor next =
          Tensor.custom("next", t, y.shape(), AparapiKernel.of(AparapiSamples.Shorts::new, (k, a) -> {
            k.x = a.shorts(0);
            k.y = a.outputShorts();
          }), y);
      assertArrayEquals(y.bitcast(DType.I16).add(1).toInts(), next.bitcast(DType.I16).toInts());
    }
  }

  @Test
  void aBoolIsZeroOrOne() {
    AparapiKernel<AparapiSamples.Bytes> next =
        AparapiKernel.of(AparapiSamples.Bytes::new, (k, a) -> {
          k.x = a.bytes(0);
          k.y = a.outputBytes();
        });
    Tensor f = device.of(new boolean[] {false, false});
    assertArrayEquals(new int[] {1, 1}, Tensor.custom("not", DType.BOOL, f.shape(), next, f).cast(DType.I32).toInts());
    Tensor t = device.of(new boolean[] {false, true});
    fails(DTypeException.class, Tensor.custom("not", DType.BOOL, t.shape(), next, t), "element 1 of the output is 2", "0 or 1");
  }

  private static AparapiKernel<AparapiSamples.Ints> ints(AparapiKernel.Binding<AparapiSamples.Ints> binding) {
    return AparapiKernel.of(AparapiSamples.Ints::new, binding);
  }

  /** Each is asked twice: Aparapi itself gives another answer the second time, or builds an empty program. */
  private void refused(AparapiKernel<?> body, String... parts) {
    for (int k = 0; k < 2; k++) {
      fails(
          UnsupportedKernelException.class,
          ints(body, device.of(new int[] {0, 1, 2})),
          parts);
    }
  }

  @Test
  void whatAparapiDoesNotTranslateIsRefusedWithItsReason() {
    refused(
        AparapiKernel.of(AparapiSamples.Switch::new, (k, a) -> {
          k.x = a.ints(0);
          k.y = a.outputInts();
        }),
        "custom ints: Aparapi cannot run " + AparapiSamples.Switch.class.getName() + " on opencl:0",
        "would run it in Java threads",
        "We don't support lookupswitch or tableswitch",
        "rewrite the kernel");
    refused(
        AparapiKernel.of(AparapiSamples.Lambda::new, (k, a) -> {
          k.x = a.ints(0);
          k.y = a.outputInts();
        }),
        "We don't support invokeinterface");
    refused(
        AparapiKernel.of(AparapiSamples.Catches::new, (k, a) -> {
          k.x = a.ints(0);
          k.y = a.outputInts();
        }),
        "We don't support catch blocks");
    assertEquals(0, AparapiSamples.RUNS_IN_JAVA.get(), "the kernel ran in Java");
  }

  @Test
  void whatTheDevicesCompilerRefusesComesWithItsLog() {
    refused(
        AparapiKernel.of(AparapiSamples.Keyword::new, (k, a) -> {
          k.x = a.ints(0);
          k.half = a.outputInts();
        }),
        "OpenCL compile failed: ",
        "half");
  }

  @Test
  void kernelsWithoutTheNamesOfTheirVariablesAreRefused() throws Exception {
    ClassDesc kernel = ClassDesc.of(Kernel.class.getName());
    byte[] nameless = // public void run() { int i = 0; }
        ClassFile.of()
            .build(
                ClassDesc.of("Nameless"),
                c ->
                    c.withFlags(ClassFile.ACC_PUBLIC)
                        .withSuperclass(kernel)
                        .withMethodBody(
                            "<init>", ConstantDescs.MTD_void, ClassFile.ACC_PUBLIC,
                            b -> b.aload(0).invokespecial(kernel, "<init>", ConstantDescs.MTD_void).return_())
                        .withMethodBody(
                            "run", ConstantDescs.MTD_void, ClassFile.ACC_PUBLIC, b -> b.iconst_0().istore(1).return_()));
    Files.write(folder.resolve("Nameless.class"), nameless);
    try (URLClassLoader loader = new URLClassLoader(new URL[] {folder.toUri().toURL()})) {
      Class<? extends Kernel> type = loader.loadClass("Nameless").asSubclass(Kernel.class);
      refused(
          AparapiKernel.of(
              () -> {
                try {
                  return type.getConstructor().newInstance();
                } catch (ReflectiveOperationException e) {
                  throw new IllegalStateException(e);
                }
              },
              (k, a) -> {}),
          "Nameless.run has local variables without names and types; compile with -g");
    }
  }

  /** The launch fails, as OpenCL has no empty buffers; Aparapi would now compute in Java. */
  @Test
  void aFailedLaunchIsAnErrorAndTheNextOneWorks() {
    AtomicInteger calls = new AtomicInteger();
    AparapiKernel<AparapiSamples.Ints> body =
        ints(
            (k, a) -> {
              k.x = calls.getAndIncrement() == 1 ? new int[0] : a.ints(0);
              k.y = a.outputInts();
            });
    Tensor x = device.of(new int[] {1, 2});
    assertArrayEquals(new int[] {2, 3}, ints(body, x).toInts());
    fails(
        DeviceException.class,
        ints(body, x),
        "custom ints: Aparapi failed to run " + AparapiSamples.Ints.class.getName() + " on opencl:0",
        "whose results are not taken",
        "returned -61",
        "CL_INVALID_BUFFER_SIZE");
    assertArrayEquals(new int[] {2, 3}, ints(body, x).toInts());
    assertTrue(
        KernelManager.instance().getPreferences(new AparapiSamples.Ints()).getPreferredDevice(null) instanceof OpenCLDevice,
        "the preferences of the class were not put back");
  }

  @Test
  @SuppressWarnings("deprecation")
  void settingsThatLeaveTheDeviceAreRefused() {
    refused(
        AparapiKernel.of(
            () -> {
              Kernel k = new AparapiSamples.Ints();
              k.setExecutionMode(Kernel.EXECUTION_MODE.JTP);
              return k;
            },
            (k, a) -> {}),
        "has the execution mode JTP");
    refused(
        AparapiKernel.of(
            () -> {
              Kernel k = new AparapiSamples.Ints();
              k.setExplicit(true);
              return k;
            },
            (k, a) -> {}),
        "is explicit");
    refused(AparapiKernel.of(AparapiSamples.Picky::new, (k, a) -> {}), "does not allow the device opencl:0");
  }

  @Test
  void aDeviceThatAparapiDoesNotKnowIsRefused() {
    DeviceBody.Target unknown =
        new DeviceBody.Target() {
          @Override
          public String name() {
            return "opencl:7";
          }

          @Override
          public long handle() {
            return 0xdead;
          }

          @Override
          public String buildLog(String source) {
            return "";
          }
        };
    CustomKernel kernel =
        new CustomKernel("axpy", List.of(DType.F32, DType.F32), List.of(Shape.of(2), Shape.of(2)), DType.F32, Shape.of(2), AXPY);
    assertSays(
        assertThrows(UnsupportedKernelException.class, () -> AXPY.prepare(kernel, unknown)),
        "Aparapi does not know the device opencl:7, only [",
        "move the tensors");
  }

  @Test
  void mistakesInTheBindingAreTypedErrors() {
    Tensor x = device.of(new int[] {1, 2, 3});
    fails(DTypeException.class, ints(AXPY, x), "floats is for [f32], but input 0 is i32");
    fails(ShapeException.class, axpyOfOne(device.of(new float[] {1})), "asks for input 1 of 1");
    fails(ShapeException.class, ints(ints((k, a) -> k.x = a.ints(0)), x), "takes no array for the output");
    fails(
        ShapeException.class,
        ints(
            ints(
                (k, a) -> {
                  k.x = a.ints(0);
                  k.y = new int[a.outputInts().length];
                }),
            x),
        "no field of",
        "holds the output's array");
    fails(
        DeviceException.class,
        ints(
            ints(
                (k, a) -> {
                  k.x = null;
                  k.y = a.outputInts();
                }),
            x),
        "Aparapi failed to run",
        "Cannot send null refs to kernel");
    fails(DTypeException.class, ints(ints((k, a) -> k.y = a.outputFloats().length > 0 ? null : null), x), "the output is i32");
    fails(ShapeException.class, ints(ints((k, a) -> a.range(3, 0)), x), "a range of [3, 0]");
    fails(ShapeException.class, ints(ints((k, a) -> a.range(1, 1, 1, 1)), x), "1 to 3 extents");
    fails(ShapeException.class, ints(ints((k, a) -> a.groups(0)), x), "work-groups of [0]");
    fails(
        ShapeException.class,
        ints(
            ints(
                (k, a) -> {
                  k.x = a.ints(0);
                  k.y = a.outputInts();
                  a.groups(1, 3);
                }),
            x),
        "work-groups of [1, 3] do not fit a range of [3]");
    fails(
        DeviceException.class,
        ints(
            ints(
                (k, a) -> {
                  throw new IllegalStateException("mine");
                }),
            x),
        "the binding failed with java.lang.IllegalStateException: mine");
    fails(DeviceException.class, ints(AparapiKernel.of(() -> (AparapiSamples.Ints) null, (k, a) -> {}), x), "gave null");
  }

  @Test
  void aMistakeInTheBindingLeavesTheKernelUsable() {
    AtomicInteger calls = new AtomicInteger();
    AparapiKernel<AparapiSamples.Ints> body =
        ints(
            (k, a) -> {
              k.x = a.ints(calls.getAndIncrement() % 2 == 0 ? 1 : 0);
              k.y = a.outputInts();
            });
    Tensor x = device.of(new int[] {1, 2});
    for (int i = 0; i < 3; i++) {
      fails(ShapeException.class, ints(body, x), "asks for input 1 of 1");
      assertArrayEquals(new int[] {2, 3}, ints(body, x).toInts());
      System.gc(); // the arrays of the last launch are gone
    }
  }

  private static Tensor axpyOfOne(Tensor x) {
    return Tensor.custom("axpy", DType.F32, x.shape(), AXPY, x);
  }

  @Test
  void emptyTensors() {
    Tensor none = device.of(new float[0]);
    assertEquals(0, axpy(none, none).toFloats().length);
    fails(
        ShapeException.class,
        Tensor.custom("axpy", DType.F32, Shape.of(2), AXPY, none, none),
        "input 0 [0] is empty");
  }

  @Test
  void otherBackendsAndBodiesAreRefused() {
    Tensor x = reference.of(new float[] {1});
    fails(UnsupportedKernelException.class, axpy(x, x), "only a CustomBody.Host runs here, not " + AparapiKernel.class.getName());
    CustomBody.Host host = (in, out) -> {};
    fails(UnsupportedKernelException.class, Tensor.custom("mine", DType.F32, Shape.of(2), host, x.to(device)), "runs on the host");
  }

  @Test
  void theExampleInTheDocumentationIsTheOneThatIsTested() throws Exception {
    String source = Files.readString(Path.of("src/test/java/dev/tenzan/opencl/AparapiSamples.java"));
    String example =
        source.substring(source.indexOf("// begin example") + "// begin example".length(), source.indexOf("// end example")).stripIndent().strip();
    String text = Files.readString(Path.of("../docs/aparapi.md"));
    assertTrue(text.contains(example), "docs/aparapi.md does not contain:\n" + example);
  }
}
