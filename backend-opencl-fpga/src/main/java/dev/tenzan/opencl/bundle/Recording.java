package dev.tenzan.opencl.bundle;

import dev.tenzan.error.DeviceException;
import dev.tenzan.error.FormatException;
import dev.tenzan.opencl.plan.Style;
import dev.tenzan.opencl.program.KernelSource;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A folder of kernel sources to build offline: for each {@code HASH.cl}, its text, and {@code HASH.options}, what the compiler is told;
 * beside them {@code recording.json} with the style that the texts are of. Several processes may add to one. What is built of them, one
 * or more in each {@link Part}, is in the folder {@code build}.
 */
public final class Recording {
  /** The name of the file that describes the folder. */
  public static final String FILE = "recording.json";

  /** The folder of the parts in that of a recording. */
  public static final String BUILD = "build";

  private static final String SCHEMA = "tenzan-kernel-recording";
  private static final String TEXT = ".cl";
  private static final String OPTIONS = ".options";
  private static final long LARGEST_TEXT = 16L << 20;

  private final Path folder;
  private final Style.Shape style;
  private final String device;

  private Recording(Path folder, Style.Shape style, String device) {
    this.folder = folder;
    this.style = style;
    this.device = device;
  }

  /**
   * Opens a folder to add to, and makes it where it is not there.
   *
   * @param style what the sources are shaped by
   * @param device the device that asks for them
   * @throws DeviceException where it holds sources of another style, or cannot be written
   */
  public static Recording open(Path folder, Style.Shape style, String device) {
    if (Files.exists(folder.resolve(FILE))) {
      Recording known = read(folder);
      if (!known.style.equals(style)) {
        throw new DeviceException(
            "record: " + folder + " holds kernels of the style " + known.style + ", and this device asks for " + style
                + "; name another folder");
      }
      return known;
    }
    Map<String, @Nullable Object> all = new LinkedHashMap<>();
    all.put("schema", SCHEMA);
    all.put("schema_version", Manifest.VERSION);
    all.put("device", device);
    all.put("style", Manifest.style(style));
    try {
      Files.createDirectories(folder);
      place(folder.resolve(FILE), JsonText.write(all).getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw cannot("be written", folder, e);
    }
    return new Recording(folder, style, device);
  }

  /**
   * Opens a folder to read from.
   *
   * @throws DeviceException where it is no recording
   * @throws FormatException where its description is malformed
   */
  public static Recording read(Path folder) {
    Path file = folder.resolve(FILE);
    try {
      String what = "recording " + file;
      Fields f = new Fields(what, JsonText.parse(what, text(file)));
      f.only(Set.of("schema", "schema_version", "device", "style"));
      f.header(SCHEMA, Manifest.VERSION);
      return new Recording(folder, f.style("style"), f.text("device"));
    } catch (NoSuchFileException e) {
      throw new DeviceException(
          "record: " + folder + " is no folder of recorded kernels: it has no " + FILE
              + "; make one with -Dtenzan.opencl.record=DIR or tenzan fpga export",
          e);
    } catch (IOException e) {
      throw cannot("be read", folder, e);
    }
  }

  private static DeviceException cannot(String what, Path folder, IOException e) {
    return new DeviceException("record: " + folder + " cannot " + what + ": " + e + "; name another folder", e);
  }

  private static String text(Path file) throws IOException {
    if (Files.size(file) > LARGEST_TEXT) {
      throw new FormatException("recording " + file + ": has more than " + LARGEST_TEXT + " bytes; record it again");
    }
    return Files.readString(file);
  }

  /** A file appears whole or not at all, and may be made by two at once, as equal names have equal contents. */
  static void place(Path file, byte[] bytes) throws IOException {
    Path part = Files.createTempFile(file.toAbsolutePath().getParent(), "new", ".part");
    try {
      Files.write(part, bytes);
      Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(part);
    }
  }

  /** The folder. */
  public Path folder() {
    return folder;
  }

  /** What the sources are shaped by. */
  public Style.Shape style() {
    return style;
  }

  /** The device that asked for them. */
  public String device() {
    return device;
  }

  /** A file of a part with an ending, such as its binary. */
  public Path built(Part part, String ending) {
    return folder.resolve(BUILD).resolve(part.name() + ending);
  }

  /** Adds a source. */
  public void add(KernelSource source) {
    add(folder, source);
  }

  private static void add(Path folder, KernelSource source) {
    String hash = source.hash();
    Path text = folder.resolve(hash + TEXT);
    try {
      if (!Files.exists(text)) {
        place(folder.resolve(hash + OPTIONS), source.options().getBytes(StandardCharsets.UTF_8));
        place(text, source.code().getBytes(StandardCharsets.UTF_8));
      }
    } catch (IOException e) {
      throw cannot("be written", folder, e);
    }
  }

  /**
   * Divides sources into the parts that binaries are built of, and writes the texts of these.
   *
   * @param sources sources of this recording
   * @param most the sources of a part, at least 1
   */
  public List<Part> parts(Map<String, KernelSource> sources, int most) {
    List<Part> parts = Part.of(sources, most);
    Path to = folder.resolve(BUILD);
    try {
      Files.createDirectories(to);
    } catch (IOException e) {
      throw cannot("be written", folder, e);
    }
    parts.forEach(p -> add(to, p.source()));
    return parts;
  }

  /**
   * The sources by hash, in the order of the hashes.
   *
   * @throws FormatException where a file is not what its name says
   */
  public Map<String, KernelSource> sources() {
    Map<String, KernelSource> all = new TreeMap<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, "*" + TEXT)) {
      for (Path file : files) {
        String name = String.valueOf(file.getFileName());
        String hash = name.substring(0, name.length() - TEXT.length());
        KernelSource source = new KernelSource(text(file), text(folder.resolve(hash + OPTIONS)));
        if (!source.hash().equals(hash)) {
          throw new FormatException(
              "recording " + file + ": the source's hash is " + source.hash() + "; the text was changed: record it again");
        }
        all.put(hash, source);
      }
    } catch (IOException e) {
      throw cannot("be read", folder, e);
    }
    return all;
  }
}
