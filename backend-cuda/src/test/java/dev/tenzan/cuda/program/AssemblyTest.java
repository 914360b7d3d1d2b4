package dev.tenzan.cuda.program;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.tenzan.Device;
import dev.tenzan.Devices;
import dev.tenzan.Tensor;
import dev.tenzan.conformance.ConformanceKit;
import dev.tenzan.conformance.RandomLoop;
import dev.tenzan.conformance.SupportTable;
import dev.tenzan.cuda.WatchedRuns;
import dev.tenzan.cuda.driver.DriverError;
import dev.tenzan.cuda.plan.Abilities;
import dev.tenzan.cuda.plan.Plan;
import dev.tenzan.cuda.plan.Planner;
import dev.tenzan.cuda.plan.Step;
import dev.tenzan.cuda.plan.Style;
import dev.tenzan.cuda.ptx.LoopPlanner;
import dev.tenzan.kernel.AttentionRun;
import dev.tenzan.kernel.KernelSpec;
import dev.tenzan.kernel.RowRun;
import dev.tenzan.spi.Support;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The PTX of every kind of kernel is assembled by NVIDIA's own assembler, which needs no device, for each architecture. */
class AssemblyTest {
  private static final List<String> ARCHITECTURES = List.of("sm_75", "sm_80", "sm_86", "sm_89", "sm_90");
  private static final Style STYLE = new Style(80, 75);
  private static final Path PAGE = Path.of("..", "docs", "cuda-kernels.md");

  /** Assembling all of the kit's kernels takes minutes; so one of so many is, save where all are asked for. */
  private static final int EVERY = System.getProperty("tenzan.conformance", "").equals("full") ? 1 : 48;

  private static final String HEAD =
      """
      # CUDA kernels

      Generated; do not edit. A test fails where this page is stale: `mvn verify -Dtenzan.update=docs` writes it.

      What kernels take on each architecture, as JCuda's PTX compiler says: registers of a thread, and behind a plus the bytes that do \
      not fit them (there should be none). A multiprocessor has 65536 registers. `shared` is the shared memory of a block in bytes, without what a launch adds. Kernels for sm_90a \
      stand below sm_90.
      """;

  @TempDir Path folder;

  private static Set<KernelSource> texts(KernelSpec kernel) {
    Set<KernelSource> texts = new LinkedHashSet<>();
    for (Step s : Planner.plan(kernel, STYLE).steps()) {
      texts.add(s.source());
    }
    return texts;
  }

  /** Each shipped module is assembled once for each architecture: it takes a second. */
  private static final Map<String, Map<String, Usage>> SHIPPED = new ConcurrentHashMap<>();

  private static Map<String, Usage> usage(KernelSource source, String architecture) {
    return SHIPPED.computeIfAbsent(source.hash() + architecture, _ -> Usage.of(source, architecture));
  }

  /** The architectures that have what a module is written for. */
  private static List<String> architectures(String module) {
    String least = ShippedKernelsTest.architectureOf(module);
    return least.endsWith("a") ? List.of("sm_" + least) : ARCHITECTURES.stream().filter(a -> a.compareTo("sm_" + least) >= 0).toList();
  }

  /** Modules of whose kind the page shows another one. */
  private static boolean isShown(String module) {
    String source = ShippedKernelsTest.sourceOf(module);
    if (source.equals("axis") || source.equals("sort")) {
      return module.equals(source + "_f32");
    }
    return !source.endsWith("mma") || !module.startsWith(source + "_f16"); // bf16 differs by the name of an instruction's type
  }

  /** Modules on an architecture each: those that the page shows on all, the others on one. */
  private record Work(String module, String architecture) {}

  /** Assembles all that is shipped, by all processors: it takes a minute of one. */
  private static List<Work> assembled() throws IOException {
    List<Work> all = new ArrayList<>();
    for (String module : ShippedKernelsTest.modules()) {
      List<String> architectures = architectures(module);
      (isShown(module) || EVERY == 1 ? architectures : architectures.subList(0, 1)).forEach(a -> all.add(new Work(module, a)));
    }
    all.parallelStream().forEach(w -> usage(Shipped.named(w.module), w.architecture));
    return all;
  }

  @Test
  void everyShippedKernelAssemblesWithoutSpilling() throws IOException {
    for (Work w : assembled()) {
      usage(Shipped.named(w.module), w.architecture)
          .forEach((entry, u) -> assertEquals(0, u.spillBytes(), w.module + " " + entry + " on " + w.architecture));
    }
  }

  @Test
  void kernelsOfTheKitAssemble() {
    Set<KernelSource> rendered = new LinkedHashSet<>();
    int kernels = 0;
    for (KernelSpec k : ConformanceKit.kernels(Devices.get("reference"), _ -> true)) {
      if (Abilities.declared(k).supported()) {
        kernels++;
        rendered.addAll(texts(k));
      }
    }
    assertTrue(kernels > 1000, "the kit asks for " + kernels + " kernels only");
    List<KernelSource> all = rendered.stream().filter(s -> !s.code().startsWith("// ")).toList();
    int assembled = 0;
    for (int i = 0; i < all.size(); i += EVERY) {
      for (String architecture : ARCHITECTURES) {
        KernelSource source = all.get(i);
        Usage.of(source, architecture)
            .forEach((entry, u) -> assertEquals(0, u.spillBytes(), entry + " on " + architecture + "\n" + source.code()));
        assembled++;
      }
    }
    System.out.println(kernels + " kernels, " + all.size() + " rendered texts, " + assembled + " assembled");
  }

  @Test
  void runsOfRowsAssembleWithoutSpilling() {
    List<RowRun> runs = new ArrayList<>();
    Device watched = WatchedRuns.of(Devices.get("reference"), RowRun.class, runs);
    Devices.with(watched, () -> {
      for (DType t : List.of(DType.F32, DType.F64, DType.F16, DType.BF16)) {
        for (long n : new long[] {64, 1000, 1024, 5000}) {
          Tensor x = watched.zeros(t, 33, n);
          Tensor w = watched.ones(t, n);
          Tensor.eval(x.softmax(-1));
          Tensor.eval(x.layerNorm(w, w, 1e-5, 1));
          Tensor.eval(x.rmsNorm(w, 1e-5));
        }
      }
      return null;
    });
    int assembled = 0;
    for (RowRun run : runs) {
      Plan plan = LoopPlanner.plan(run, STYLE);
      for (String architecture : plan == null ? List.<String>of() : ARCHITECTURES) {
        KernelSource source = Objects.requireNonNull(plan).steps().getFirst().source();
        Usage.of(source, architecture)
            .forEach((entry, u) -> assertEquals(0, u.spillBytes(), entry + " on " + architecture + "\n" + source.code()));
        assembled++;
      }
    }
    assertTrue(assembled >= 40 * ARCHITECTURES.size(), assembled + " assembled of " + runs.size() + " runs");
  }

  /** Attention without a mask of so many queries and keys, as one kernel of a device with so many processors. */
  private static KernelSource attention(Style style, long queries, long keys, long width, long valueWidth) {
    List<AttentionRun> runs = new ArrayList<>();
    Device watched = WatchedRuns.of(Devices.get("reference"), AttentionRun.class, runs);
    Devices.with(watched, () -> {
      Tensor q = watched.zeros(DType.F32, 8, queries, width).eval();
      Tensor k = watched.zeros(DType.F32, 8, width, keys).eval();
      Tensor v = watched.zeros(DType.F32, 8, keys, valueWidth).eval();
      return q.matmul(k).mul(0.125).softmax(-1).matmul(v).eval();
    });
    return Objects.requireNonNull(LoopPlanner.plan(runs.getFirst(), style)).steps().getFirst().source();
  }

  @Test
  void attentionAssemblesWithoutSpilling() {
    long[][] sizes = {{64, 512, 64, 64}, {64, 1024, 128, 128}, {64, 300, 40, 200}, {33, 65, 5, 7}, {64, 512, 200, 56}};
    for (long[] s : sizes) {
      for (Style style : List.of(new Style(1, 80), new Style(16, 90))) { // of 32 rows, and of 16
        KernelSource source = attention(style, s[0], s[1], s[2], s[3]);
        for (String architecture : ARCHITECTURES) {
          Usage.of(source, architecture).forEach((entry, u) -> assertEquals(0, u.spillBytes(), entry + " on " + architecture + "\n" + source.code()));
        }
      }
    }
  }

  @Test
  void randomLoopsAssemble() {
    for (int seed = 0; seed < 40; seed++) {
      for (KernelSource s : texts(new RandomLoop(new Random(seed), 9000, 10).next(seed % 2 == 0))) {
        Usage.of(s, ARCHITECTURES.get(seed % ARCHITECTURES.size()));
      }
    }
  }

  @Test
  void textsAreTheSameEachTime() {
    for (int seed = 0; seed < 40; seed++) {
      KernelSpec k = new RandomLoop(new Random(seed), 9000, 10).next(seed % 2 == 0);
      assertEquals(texts(k), texts(new RandomLoop(new Random(seed), 9000, 10).next(seed % 2 == 0)));
    }
  }

  @Test
  void theAssemblersLogReachesTheError() {
    DriverError e =
        assertThrows(
            DriverError.class,
            () -> Assembler.assemble(new KernelSource(".version 7.0\n.target sm_75\n.address_size 64\nno such line;\n"), "sm_75"));
    assertTrue(e.detail().contains("line 4"), e.detail());
  }

  /** What a computation asks a device for; {@code last} of it, as its inputs are kernels too. */
  private static List<KernelSpec> kernels(Function<Device, Tensor> computation) {
    List<KernelSpec> kernels = new ArrayList<>();
    Device device =
        SupportTable.declared(Devices.get("reference"), k -> {
          kernels.add(k);
          return Support.yes();
        });
    try (Tensor t = computation.apply(device)) {
      Tensor.eval(t);
    }
    return kernels;
  }

  private static void rendered(Map<String, KernelSource> rows, String name, Function<Device, Tensor> computation) {
    int n = 0;
    for (KernelSpec k : kernels(computation)) {
      for (Step s : Planner.plan(k, STYLE).steps()) {
        rows.put(name + (n++ == 0 ? "" : ", kernel " + n), s.source());
      }
    }
  }

  private static Tensor values(Device d, DType dtype, long... shape) {
    return d.fromFloats(dtype, new float[Math.toIntExact(Shape.of(shape).size())], shape);
  }

  /** The rendered kernels of the table. Inputs are made before, so that only the named work is rendered. */
  private static Map<String, KernelSource> renderedRows() {
    Map<String, KernelSource> rows = new LinkedHashMap<>();
    rendered(rows, "x + y, f32", d -> values(d, DType.F32, 1000).add(values(d, DType.F32, 1000)));
    rendered(rows, "tanh(x * y) + x, f32", d -> {
      Tensor x = values(d, DType.F32, 1000);
      return x.mul(values(d, DType.F32, 1000)).tanh().add(x);
    });
    rendered(rows, "gelu, f32", d -> values(d, DType.F32, 1000).gelu());
    rendered(rows, "transposed x + y, f32", d -> values(d, DType.F32, 1000, 900).permuteDims(1, 0).add(values(d, DType.F32, 900, 1000)));
    rendered(rows, "transposed x + 1, bf16", d -> values(d, DType.BF16, 2000, 2000).permuteDims(1, 0).add(1f));
    rendered(rows, "sum of all, f32", d -> values(d, DType.F32, 10_000).sum());
    rendered(rows, "sum of rows, f32", d -> values(d, DType.F32, 10, 1000).sum(1));
    rendered(rows, "sum of columns, f32", d -> values(d, DType.F32, 100, 1000).sum(0));
    rendered(rows, "softmax, f32", d -> values(d, DType.F32, 10, 1000).softmax(1));
    rows.put("attention of 512 keys, heads of 64, 32 rows, f32", attention(new Style(1, 90), 512, 512, 64, 64));
    return rows;
  }

  @Test
  void thePageIsUpToDate() throws IOException {
    assembled();
    StringBuilder page = new StringBuilder(HEAD);
    page.append("\n## Rendered\n").append(tableHead("kernel"));
    renderedRows().forEach((name, source) -> rows(page, source, ARCHITECTURES, _ -> name));
    String before = "";
    for (String module : ShippedKernelsTest.modules().stream().sorted(AssemblyTest::bySource).toList()) {
      String source = ShippedKernelsTest.sourceOf(module);
      if (!source.equals(before)) {
        page.append("\n## ").append(source).append(".cu\n").append(tableHead("kernel"));
        before = source;
      }
      if (isShown(module)) {
        rows(page, Shipped.named(module), architectures(module), entry -> "`" + entry + "`, " + module.substring(source.length() + 1).replace('_', ' '));
      }
    }
    if (System.getProperty("tenzan.update", "").equals("docs")) {
      Files.writeString(PAGE, page);
    }
    assertTrue(Files.exists(PAGE), PAGE + " is missing; run mvn verify -Dtenzan.update=docs");
    assertEquals(Files.readString(PAGE), page.toString(), PAGE + " is stale; run mvn verify -Dtenzan.update=docs");
  }

  private static String tableHead(String what) {
    return "\n| " + what + " | shared | " + String.join(" | ", ARCHITECTURES) + " |\n|---|--:|" + "--:|".repeat(ARCHITECTURES.size()) + "\n";
  }

  /** By source, and then by name. */
  private static int bySource(String a, String b) {
    int c = ShippedKernelsTest.sourceOf(a).compareTo(ShippedKernelsTest.sourceOf(b));
    return c != 0 ? c : a.compareTo(b);
  }

  private static void rows(StringBuilder page, KernelSource source, List<String> architectures, Function<String, String> name) {
    Map<String, List<Usage>> usage = new LinkedHashMap<>();
    for (String architecture : architectures) {
      usage(source, architecture).forEach((entry, u) -> usage.computeIfAbsent(entry, _ -> new ArrayList<>()).add(u));
    }
    usage.keySet().stream().sorted().forEach(entry -> {
      List<Usage> all = usage.get(entry);
      page.append("| ").append(name.apply(entry)).append(" | ").append(all.getFirst().sharedBytes()).append(" |");
      page.append(" |".repeat(ARCHITECTURES.size() - architectures.size()));
      for (Usage u : all) {
        assertEquals(0, u.spillBytes(), name.apply(entry));
        page.append(' ').append(u.registers()).append(u.spillBytes() == 0 ? "" : " + " + u.spillBytes()).append(" |");
      }
      page.append('\n');
    });
  }

  @Test
  void anotherAssemblerTakesTheSameTexts() throws Exception {
    assumeTrue(hasPtxas(), "there is no ptxas on the PATH; the toolkit has it");
    List<KernelSource> some = new ArrayList<>(renderedRows().values());
    some.add(Shipped.module("matmul", DType.F32));
    some.add(Shipped.module("axis", DType.F16));
    some.add(Shipped.module("convolution", DType.F64));
    for (KernelSource s : some) {
      Path file = Files.write(folder.resolve("kernel.ptx"), s.bytes());
      Process p =
          new ProcessBuilder("ptxas", "-arch=sm_90", "-o", folder.resolve("out").toString(), file.toString())
              .redirectErrorStream(true)
              .start();
      String log = new String(p.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
      assertEquals(0, p.waitFor(), log);
    }
  }

  private static boolean hasPtxas() throws InterruptedException {
    try {
      Process p = new ProcessBuilder("ptxas", "--version").redirectErrorStream(true).start();
      p.getInputStream().readAllBytes();
      return p.waitFor() == 0;
    } catch (IOException e) {
      return false;
    }
  }
}
