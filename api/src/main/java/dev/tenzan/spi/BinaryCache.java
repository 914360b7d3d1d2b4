package dev.tenzan.spi;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * A folder of compiled kernels that outlives the process. Several processes may share it: an entry is written to a file of its own
 * and renamed, so a reader sees all of it or nothing, also where the writer was killed. An entry carries its length and SHA-256; one
 * that does not match is removed, as if it had not been there. The least recently used entries go when the folder holds more than its
 * limit.
 *
 * <p>A folder that cannot be written costs time, not results: it is logged once, and programs are built anew.
 */
public final class BinaryCache {
  /** The bytes that a folder holds at most. */
  public static final long LIMIT = 256L << 20;

  private static final System.Logger LOG = System.getLogger("dev.tenzan.cache");
  private static final byte[] MAGIC = {'T', 'Z', 'C', 'L', 'B', 'I', 'N', '1'};
  private static final int HEADER = MAGIC.length + Long.BYTES + 32;
  private static final String ENTRY = ".bin";
  private static final String PARTIAL = ".part";

  /** A file that is still being written after this time was left by a process that died. */
  private static final Duration ABANDONED = Duration.ofHours(1);

  private final Path folder;
  private final long limit;
  private final String property;
  private long written;
  private boolean warned;

  /**
   * A cache in a folder, which is made with the first entry.
   *
   * @param folder the folder
   * @param limit the bytes that it holds at most
   * @param property the system property that names another folder, for messages
   */
  public BinaryCache(Path folder, long limit, String property) {
    this.folder = folder;
    this.limit = limit;
    this.property = property;
    this.written = limit; // the first write looks at what the folder holds
  }

  /**
   * The cache that a system property names, or the one in the user's cache folder; empty where it is switched off.
   *
   * @param property the property with the folder; {@code off} switches the cache off
   * @param backend whose binaries they are: the folder's name in the user's cache folder
   */
  public static Optional<BinaryCache> configured(String property, String backend) {
    String text = System.getProperty(property);
    if (text != null && text.strip().toLowerCase(Locale.ROOT).equals("off")) {
      return Optional.empty();
    }
    Path folder = text == null || text.isBlank() ? userFolder(backend) : Path.of(text.strip());
    return Optional.of(new BinaryCache(folder, LIMIT, property));
  }

  private static Path userFolder(String backend) {
    String system = System.getProperty("os.name", "").toLowerCase(Locale.ROOT);
    Path home = Path.of(System.getProperty("user.home", "."));
    String local = System.getenv("LOCALAPPDATA");
    String xdg = System.getenv("XDG_CACHE_HOME");
    Path base;
    if (system.contains("windows") && local != null) {
      base = Path.of(local);
    } else if (system.contains("mac")) {
      base = home.resolve("Library").resolve("Caches");
    } else {
      base = xdg == null || xdg.isBlank() ? home.resolve(".cache") : Path.of(xdg);
    }
    return base.resolve("tenzan").resolve(backend);
  }

  /** Where the entries are. */
  public Path folder() {
    return folder;
  }

  Path entry(String key) {
    return folder.resolve(key + ENTRY);
  }

  /** An entry's bytes; empty where there is none, or one that is damaged. */
  public Optional<byte[]> read(String key) {
    Path file = entry(key);
    byte[] all;
    try {
      all = Files.readAllBytes(file);
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException e) {
      warn("cannot be read", e);
      return Optional.empty();
    }
    if (!isWhole(all)) {
      LOG.log(System.Logger.Level.INFO, "the entry {0} is damaged; it is built again", file);
      remove(key);
      return Optional.empty();
    }
    try {
      Files.setLastModifiedTime(file, FileTime.from(Instant.now()));
    } catch (IOException e) {
      warn("cannot be written", e); // it is then forgotten earlier than it should be
    }
    return Optional.of(Arrays.copyOfRange(all, HEADER, all.length));
  }

  private static boolean isWhole(byte[] all) {
    if (all.length < HEADER || !Arrays.equals(all, 0, MAGIC.length, MAGIC, 0, MAGIC.length)) {
      return false;
    }
    long length = ByteBuffer.wrap(all).getLong(MAGIC.length);
    byte[] sum = Arrays.copyOfRange(all, MAGIC.length + Long.BYTES, HEADER);
    return length == all.length - HEADER
        && Arrays.equals(sum, digest().digest(Arrays.copyOfRange(all, HEADER, all.length)));
  }

  private static MessageDigest digest() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  private static byte[] pack(byte[] binary) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(HEADER + binary.length);
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      out.write(MAGIC);
      out.writeLong(binary.length);
      out.write(digest().digest(binary));
      out.write(binary);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  /** Adds an entry, and removes old ones where the folder has grown beyond its limit. */
  public synchronized void write(String key, byte[] binary) {
    Path part = null;
    try {
      Files.createDirectories(folder);
      part = Files.createTempFile(folder, key, PARTIAL);
      Files.write(part, pack(binary));
      Files.move(part, entry(key), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      part = null;
      written += HEADER + binary.length;
      if (written > limit / 8) {
        trim();
        written = 0;
      }
    } catch (IOException e) {
      warn("cannot be written", e);
    } finally {
      if (part != null) {
        delete(part);
      }
    }
  }

  /** Removes an entry. */
  public void remove(String key) {
    delete(entry(key));
  }

  private void delete(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      warn("cannot be written", e);
    }
  }

  private record Known(Path file, long bytes, Instant used) {}

  private void trim() throws IOException {
    List<Known> entries = new ArrayList<>();
    Instant abandoned = Instant.now().minus(ABANDONED);
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, "*{" + ENTRY + "," + PARTIAL + "}")) {
      for (Path file : files) {
        BasicFileAttributes a;
        try {
          a = Files.readAttributes(file, BasicFileAttributes.class);
        } catch (NoSuchFileException e) {
          continue; // another process was faster
        }
        Instant used = a.lastModifiedTime().toInstant();
        if (file.toString().endsWith(ENTRY)) {
          entries.add(new Known(file, a.size(), used));
        } else if (used.isBefore(abandoned)) {
          delete(file);
        }
      }
    }
    entries.sort(Comparator.comparing(Known::used));
    long total = entries.stream().mapToLong(Known::bytes).sum();
    for (Known k : entries) {
      if (total <= limit) {
        break;
      }
      delete(k.file());
      total -= k.bytes();
    }
  }

  private synchronized void warn(String what, IOException e) {
    if (!warned) {
      warned = true;
      LOG.log(
          System.Logger.Level.WARNING,
          "the folder of compiled kernels, " + folder + ", " + what + "; they are compiled anew each time. Set -D" + property
              + " to another folder, or to off",
          e);
    }
  }
}
