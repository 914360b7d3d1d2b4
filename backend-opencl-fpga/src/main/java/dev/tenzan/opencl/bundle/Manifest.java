package dev.tenzan.opencl.bundle;

import dev.tenzan.error.FormatException;
import dev.tenzan.opencl.plan.Style;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What a bundle says of itself: {@code manifest.json}, whose schema is docs/kernel-bundles.md.
 *
 * @param style what the kernels are shaped by; a device that uses the bundle asks for kernels of the same shape
 * @param kernels the kernels
 */
public record Manifest(Style.Shape style, List<Entry> kernels) {
  /** The file's name. */
  public static final String FILE = "manifest.json";

  /** The least and the most that a reader takes: one version so far. */
  static final long VERSION = 1;

  /** The bytes of a manifest, and of one binary, at most. */
  static final long LARGEST = 64L << 20;

  static final long LARGEST_BINARY = 1L << 30;

  private static final int MOST_KERNELS = 1 << 17;
  private static final String SCHEMA = "tenzan-kernel-bundle";
  private static final Pattern SHA256 = Pattern.compile("[0-9a-f]{64}");

  private static final Pattern SUFFIX = Pattern.compile("(_[0-9a-f]{16})?");

  /** Names without a folder, a drive, a device or a leading dot: so none leads out of the bundle. */
  private static final Pattern FILE_NAME = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9._-]{0,199}");

  /**
   * One kernel source and its binary.
   *
   * @param hash the hash of the source, {@link dev.tenzan.opencl.program.KernelSource#hash}
   * @param name the source's entries, for people
   * @param options what the compiler was told
   * @param toolchain the compiler and its version
   * @param board the board or device that it was built for
   * @param file the binary's file name in the bundle
   * @param bytes its size
   * @param sha256 its SHA-256 in hexadecimal
   * @param suffix what the names of the source's kernels end in, as sources may share a binary; else empty
   */
  public record Entry(
      String hash, String name, String options, String toolchain, String board, String file, long bytes, String sha256,
      String suffix) {}

  /** Copies the list. */
  public Manifest {
    kernels = List.copyOf(kernels);
  }

  /** The text of the file. */
  public String write() {
    Map<String, @Nullable Object> all = new LinkedHashMap<>();
    all.put("schema", SCHEMA);
    all.put("schema_version", VERSION);
    all.put("style", style(style));
    List<Map<String, Object>> list = new ArrayList<>();
    for (Entry e : kernels) {
      Map<String, Object> k = new LinkedHashMap<>();
      k.put("hash", e.hash());
      k.put("name", e.name());
      k.put("options", e.options());
      k.put("toolchain", e.toolchain());
      k.put("board", e.board());
      k.put("file", e.file());
      k.put("bytes", e.bytes());
      k.put("sha256", e.sha256());
      k.put("suffix", e.suffix());
      list.add(k);
    }
    all.put("kernels", list);
    return JsonText.write(all);
  }

  static Map<String, Object> style(Style.Shape s) {
    Map<String, Object> style = new LinkedHashMap<>();
    style.put("kind", s.kind().label());
    style.put("vector", s.vector());
    style.put("argument_bytes", s.argumentBytes());
    style.put("pe_rows", s.pe().rows());
    style.put("pe_columns", s.pe().columns());
    style.put("tile", s.tile().toString());
    return style;
  }

  /**
   * Reads the text of a manifest.
   *
   * @param what its name for messages
   * @throws FormatException where it does not follow the schema
   */
  public static Manifest read(String what, String text) {
    Fields f = new Fields(what, JsonText.parse(what, text));
    f.only(Set.of("schema", "schema_version", "style", "kernels"));
    f.header(SCHEMA, VERSION);
    Style.Shape style = f.style("style");
    List<?> list = f.list("kernels");
    if (list.size() > MOST_KERNELS) {
      throw f.bad("has " + list.size() + " kernels; at most " + MOST_KERNELS + " are allowed");
    }
    List<Entry> kernels = new ArrayList<>();
    Map<String, Entry> seen = new HashMap<>();
    for (Object o : list) {
      Entry e = entry(new Fields(what + ": kernel " + kernels.size(), o));
      if (seen.put(e.hash(), e) != null) {
        throw f.bad("the kernel " + e.hash() + " stands twice");
      }
      kernels.add(e);
    }
    return new Manifest(style, kernels);
  }

  private static Entry entry(Fields f) {
    f.only(Set.of("hash", "name", "options", "toolchain", "board", "file", "bytes", "sha256", "suffix"));
    return new Entry(
        f.matching("hash", SHA256), f.text("name"), f.text("options"), f.text("toolchain"), f.text("board"),
        f.matching("file", FILE_NAME), f.integer("bytes", 1, LARGEST_BINARY), f.matching("sha256", SHA256),
        f.matching("suffix", SUFFIX));
  }
}
