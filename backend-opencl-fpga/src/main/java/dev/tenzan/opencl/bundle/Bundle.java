package dev.tenzan.opencl.bundle;

import dev.tenzan.error.DeviceException;
import dev.tenzan.error.FormatException;
import dev.tenzan.opencl.program.KernelSource;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.jspecify.annotations.Nullable;

/**
 * A bundle of kernels that were built beforehand: a folder or a zip file with a {@link Manifest} and binaries. The manifest is read at
 * once, a binary when it is asked for; it is handed out only where size and SHA-256 are those of the manifest.
 */
public final class Bundle {
  private final Path path;
  private final Manifest manifest;
  private final Map<String, Manifest.Entry> entries = new HashMap<>();

  private Bundle(Path path, Manifest manifest) {
    this.path = path;
    this.manifest = manifest;
    manifest.kernels().forEach(e -> entries.put(e.hash(), e));
  }

  /**
   * Opens a bundle.
   *
   * @throws DeviceException where there is none or it cannot be read
   * @throws FormatException where its manifest does not follow the schema
   */
  public static Bundle open(Path path) {
    String what = "bundle " + path;
    byte[] text = read(path, Manifest.FILE, Manifest.LARGEST);
    String decoded;
    try {
      decoded = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(text)).toString();
    } catch (CharacterCodingException e) {
      throw new FormatException(what + ": " + Manifest.FILE + " is no UTF-8; build the bundle again", e);
    }
    return new Bundle(path, Manifest.read(what + ": " + Manifest.FILE, decoded));
  }

  /** Where it is. */
  public Path path() {
    return path;
  }

  /** What it says of itself. */
  public Manifest manifest() {
    return manifest;
  }

  /** The kernel of a hash, or null. */
  public Manifest.@Nullable Entry find(String hash) {
    return entries.get(hash);
  }

  /**
   * A kernel's binary.
   *
   * @throws FormatException where it is not what the manifest says
   */
  public byte[] binary(Manifest.Entry entry) {
    byte[] bytes = read(path, entry.file(), entry.bytes());
    if (bytes.length != entry.bytes()) {
      throw bad(path, entry.file(), "has " + bytes.length + " bytes, but the manifest says " + entry.bytes());
    }
    String sum = KernelSource.sha256(bytes);
    if (!sum.equals(entry.sha256())) {
      throw bad(path, entry.file(), "has the SHA-256 " + sum + ", but the manifest says " + entry.sha256());
    }
    return bytes;
  }

  private static FormatException bad(Path path, String file, String problem) {
    return new FormatException(
        "bundle " + path + ": " + file + " " + problem + "; the file is damaged or was exchanged: build the bundle again");
  }

  /** The bytes of a file, of which there must not be more than {@code limit}. */
  private static byte[] read(Path path, String file, long limit) {
    try {
      if (Files.isDirectory(path)) {
        Path inside = path.resolve(file);
        if (!Files.isRegularFile(inside, LinkOption.NOFOLLOW_LINKS)) {
          throw Files.exists(inside, LinkOption.NOFOLLOW_LINKS)
              ? bad(path, file, "is no plain file (links are not followed)")
              : bad(path, file, "is missing");
        }
        try (InputStream in = Files.newInputStream(inside, LinkOption.NOFOLLOW_LINKS)) {
          return bounded(path, file, in, limit);
        }
      }
      try (ZipFile zip = new ZipFile(path.toFile())) {
        ZipEntry entry = zip.getEntry(file);
        if (entry == null) {
          throw bad(path, file, "is missing");
        }
        try (InputStream in = zip.getInputStream(entry)) {
          return bounded(path, file, in, limit);
        }
      }
    } catch (NoSuchFileException e) {
      throw new DeviceException(
          "bundle " + path + ": there is no such folder or zip file; correct -Dtenzan.opencl.bundles", e);
    } catch (java.util.zip.ZipException e) {
      throw new FormatException("bundle " + path + ": is neither a folder nor a zip file: " + e.getMessage() + "; name another", e);
    } catch (IOException e) {
      throw new DeviceException("bundle " + path + ": " + file + " cannot be read: " + e + "; check the file", e);
    }
  }

  private static byte[] bounded(Path path, String file, InputStream in, long limit) throws IOException {
    byte[] bytes = in.readNBytes((int) Math.min(limit + 1, Integer.MAX_VALUE - 8));
    if (bytes.length > limit) {
      throw bad(path, file, "has more than the " + limit + " bytes that it may have");
    }
    return bytes;
  }
}
