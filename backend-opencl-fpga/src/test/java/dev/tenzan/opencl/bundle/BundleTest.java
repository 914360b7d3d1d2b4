package dev.tenzan.opencl.bundle;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tenzan.error.DeviceException;
import dev.tenzan.error.FormatException;
import dev.tenzan.opencl.plan.Style;
import dev.tenzan.opencl.program.KernelSource;
import dev.tenzan.opencl.program.Texts;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The format of bundles and recordings, without a device. */
class BundleTest {
  private static final Style.Shape SHAPE = new Style.Shape(Style.Kind.FPGA, 8, 1024, new Style.Pe(3, 5));
  private static final KernelSource FIRST = new KernelSource("__kernel void tz_first(int n) {}\n");
  private static final KernelSource SECOND = new KernelSource("__kernel void tz_second(int n) {}\n", "-w");

  @TempDir Path folder;
  private Path recorded;
  private Path bundle;

  /** Its binary of a text is the text backwards. */
  private static final class Backwards implements OfflineCompiler {
    private final AtomicInteger compiled = new AtomicInteger();

    @Override
    public String ending() {
      return ".back";
    }

    @Override
    public String toolchain() {
      return "a mirror";
    }

    @Override
    public String board() {
      return "a wall";
    }

    @Override
    public byte[] compile(KernelSource source) {
      compiled.incrementAndGet();
      return new StringBuilder(source.code()).reverse().toString().getBytes(StandardCharsets.UTF_8);
    }
  }

  @BeforeEach
  void record() {
    recorded = folder.resolve("recorded");
    bundle = folder.resolve("bundle");
    Recording r = Recording.open(recorded, SHAPE, "a device");
    r.add(FIRST);
    r.add(SECOND);
    r.add(FIRST);
  }

  private Bundle pack(String name) {
    Backwards compiler = new Backwards();
    Recording r = Recording.read(recorded);
    Packer packer = new Packer(r, Part.MOST);
    packer.build(compiler, 2, (_, _) -> {});
    packer.pack(compiler.ending(), compiler.toolchain(), compiler.board(), folder.resolve(name));
    return Bundle.open(folder.resolve(name));
  }

  private Path manifest() {
    return bundle.resolve(Manifest.FILE);
  }

  private void rewrite(String from, String to) throws IOException {
    String text = Files.readString(manifest());
    assertTrue(text.contains(from), from + " is not in " + text);
    Files.writeString(manifest(), text.replace(from, to));
  }

  @ParameterizedTest
  @ValueSource(strings = {"bundle", "bundle.zip"})
  void whatIsPackedIsFoundByHash(String name) {
    Bundle b = pack(name);
    assertEquals(SHAPE, b.manifest().style());
    assertEquals(2, b.manifest().kernels().size());
    Manifest.Entry e = found(b.find(SECOND.hash()));
    assertEquals("tz_second", e.name());
    assertEquals("-w", e.options());
    assertEquals("a wall", e.board());
    assertArrayEquals(new Backwards().compile(SECOND), b.binary(e));
    assertNull(b.find(new KernelSource("another").hash()));
  }

  /** Texts of this backend, which may share a binary. */
  private static KernelSource sum(String dtype, boolean doubles) {
    return new KernelSource(
        Texts.prelude(doubles) + "#define T tz_t_" + dtype + "\nstatic inline T tz_twice(T x) { return x + x; }\n"
            + "__kernel void tz_sum(__global T* x) { x[0] = tz_twice(x[0]); } // tz_summary stays\n");
  }

  @Test
  void sourcesShareABinary() {
    KernelSource floats = sum("f32", false);
    KernelSource doubles = sum("f64", true);
    Recording r = Recording.read(recorded);
    r.add(floats);
    r.add(doubles);
    List<Part> parts = Part.of(r.sources(), Part.MOST);
    assertEquals(3, parts.size());
    Part joined = parts.stream().filter(p -> p.members().size() == 2).findFirst().orElseThrow();
    String text = joined.source().code();
    assertTrue(text.startsWith(Texts.prelude(true)), "the prelude that serves both");
    assertEquals(text.lastIndexOf("static inline float tz_min_f32"), text.indexOf("static inline float tz_min_f32"));
    for (KernelSource s : List.of(floats, doubles)) {
      String suffix = "_" + s.hash().substring(0, 16);
      assertEquals(suffix, joined.suffix(s.hash()));
      assertTrue(text.contains("__kernel void tz_sum" + suffix + "(__global T* x) { x[0] = tz_twice" + suffix + "(x[0]); } // tz_summary stays"), text);
    }
    assertEquals(2, text.split("#undef T\n", -1).length - 1);
    Bundle b = pack("bundle");
    Manifest.Entry one = found(b.find(floats.hash()));
    Manifest.Entry two = found(b.find(doubles.hash()));
    assertEquals(one.file(), two.file());
    assertArrayEquals(b.binary(one), b.binary(two));
    assertEquals("", found(b.find(FIRST.hash())).suffix());
    assertEquals(List.of(1, 1, 1, 1), Part.of(r.sources(), 1).stream().map(p -> p.members().size()).toList());
  }

  private static Manifest.Entry found(Manifest.@Nullable Entry e) {
    return Objects.requireNonNull(e, "the bundle lacks the kernel");
  }

  @Test
  void aRunThatWasCutShortGoesOn() throws IOException {
    Packer packer = new Packer(Recording.read(recorded), Part.MOST);
    Path binary = recorded.resolve(Recording.BUILD).resolve(FIRST.hash() + ".back");
    Files.writeString(binary, "from before");
    Backwards compiler = new Backwards();
    packer.build(compiler, 1, (_, _) -> {});
    assertEquals(1, compiler.compiled.get());
    assertEquals("from before", Files.readString(binary));
  }

  @Test
  void whatIsMissingIsNamed() {
    Packer packer = new Packer(Recording.read(recorded), Part.MOST);
    DeviceException e = assertThrows(DeviceException.class, () -> packer.pack(".aocx", "aoc", "board", bundle));
    assertTrue(e.getMessage().contains("2 of 2 binaries are not there yet") && e.getMessage().contains(".aocx"), e.getMessage());
    assertTrue(Files.notExists(bundle));
    assertThrows(DeviceException.class, () -> Recording.read(folder.resolve("nowhere")));
    assertThrows(DeviceException.class, () -> Bundle.open(folder.resolve("nowhere")));
    pack("bundle");
    DeviceException exists =
        assertThrows(DeviceException.class, () -> packer.pack(".back", "a mirror", "a wall", bundle));
    assertTrue(exists.getMessage().contains("exists"), exists.getMessage());
  }

  @Test
  void aRecordingHoldsOneStyle() {
    Style.Shape other = new Style.Shape(Style.Kind.CPU, 8, 1024, new Style.Pe(3, 5));
    DeviceException e = assertThrows(DeviceException.class, () -> Recording.open(recorded, other, "a device"));
    assertTrue(e.getMessage().contains("name another folder"), e.getMessage());
  }

  @Test
  void aChangedTextIsATypedError() throws IOException {
    Files.writeString(recorded.resolve(FIRST.hash() + ".cl"), "__kernel void tz_other() {}");
    FormatException e = assertThrows(FormatException.class, () -> Recording.read(recorded).sources());
    assertTrue(e.getMessage().contains("the text was changed"), e.getMessage());
  }

  @Test
  void anExchangedBinaryIsATypedError() throws IOException {
    Bundle b = pack("bundle");
    Manifest.Entry e = found(b.find(FIRST.hash()));
    Path file = bundle.resolve(e.file());
    byte[] good = Files.readAllBytes(file);
    byte[] bad = good.clone();
    bad[3] ^= 1;
    Files.write(file, bad);
    assertSays(assertThrows(FormatException.class, () -> b.binary(e)), "SHA-256");
    Files.write(file, java.util.Arrays.copyOf(good, good.length - 1));
    assertSays(assertThrows(FormatException.class, () -> b.binary(e)), "the manifest says " + good.length);
    Files.write(file, java.util.Arrays.copyOf(good, good.length + 1));
    assertSays(assertThrows(FormatException.class, () -> b.binary(e)), "more than the " + good.length);
    Files.delete(file);
    assertSays(assertThrows(FormatException.class, () -> b.binary(e)), "is missing");
    Path secret = Files.write(folder.resolve("secret"), good);
    Files.createSymbolicLink(file, secret);
    assertSays(assertThrows(FormatException.class, () -> b.binary(e)), "links are not followed");
  }

  private static void assertSays(Throwable e, String part) {
    assertTrue(String.valueOf(e.getMessage()).contains(part), "'" + part + "' is not in: " + e.getMessage());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "\"schema_version\": 1      | \"schema_version\": 2             | reads 1",
        "tenzan-kernel-bundle       | something                         | its schema is",
        "\"kind\": \"fpga\"         | \"kind\": \"toaster\"             | not cpu, gpu or fpga",
        "\"vector\": 8              | \"vector\": 7                     | not a power of two",
        "\"pe_rows\": 3             | \"pe_rows\": 0                    | 'pe_rows' is 0",
        "\"pe_rows\": 3             | \"pe_rows\": 3.0                  | 'pe_rows' is 3.0",
        "\"pe_rows\": 3,            | ``                                | 'pe_rows' is missing",
        "\"pe_rows\": 3             | \"pe_rows\": 3, \"extra\": 1      | 'extra' is not known",
        "\"file\": \"               | \"file\": \"../                   | 'file' is",
        "\"file\": \"               | \"file\": \"/etc/                 | 'file' is",
        "\"file\": \"               | \"file\": \".                     | 'file' is",
        "\"sha256\": \"             | \"sha256\": \"X                   | 'sha256' is",
        "\"suffix\": \"\"          | \"suffix\": \"_x\"               | 'suffix' is",
        "\"options\": \"-w\"        | \"options\": 5                    | 'options' is no string",
        "\"kernels\": [             | \"kernels\": [ 1,                 | an object expected",
        "\"kernels\": [             | \"kernels\": [                    | ",
      })
  void aManifestThatLiesIsATypedError(String from, String to, String says) throws IOException {
    pack("bundle");
    rewrite(from, to == null ? "" : to);
    if (says == null) {
      Bundle.open(bundle); // the unchanged one: so each error above is of the change
      return;
    }
    assertSays(assertThrows(FormatException.class, () -> Bundle.open(bundle)), says);
  }

  @ParameterizedTest
  @ValueSource(strings = {"0", "-1", "1073741825", "1.5", "null"})
  void aSizeIsBounded(String bytes) throws IOException {
    pack("bundle");
    Files.writeString(manifest(), Files.readString(manifest()).replaceAll("\"bytes\": \\d+", "\"bytes\": " + bytes));
    assertSays(assertThrows(FormatException.class, () -> Bundle.open(bundle)), "'bytes' is");
  }

  @Test
  void aKernelStandsOnce() throws IOException {
    pack("bundle");
    rewrite("\"" + FIRST.hash() + "\"", "\"" + SECOND.hash() + "\"");
    assertSays(assertThrows(FormatException.class, () -> Bundle.open(bundle)), "stands twice");
  }

  @Test
  void whatIsNoBundleIsATypedError() throws IOException {
    assertSays(assertThrows(FormatException.class, () -> Bundle.open(recorded)), "manifest.json is missing");
    Path file = Files.writeString(folder.resolve("text.zip"), "no zip file");
    assertSays(assertThrows(FormatException.class, () -> Bundle.open(file)), "neither a folder nor a zip file");
    pack("bundle");
    Files.write(manifest(), new byte[] {'{', (byte) 0xff, '}'});
    assertSays(assertThrows(FormatException.class, () -> Bundle.open(bundle)), "no UTF-8");
    Files.write(manifest(), new byte[(int) Manifest.LARGEST + 1]);
    assertSays(assertThrows(FormatException.class, () -> Bundle.open(bundle)), "more than the");
  }
}
