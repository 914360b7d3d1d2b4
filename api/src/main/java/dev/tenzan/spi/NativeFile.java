package dev.tenzan.spi;

import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.net.URLConnection;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import org.jspecify.annotations.Nullable;

/**
 * The file of a native library that a jar brings, in the folder for temporary files. JCuda and JOCL put theirs there where they are not there
 * yet, but write them in place: of two processes that start at once one may load what the other is still writing, and one that is killed leaves
 * a part for all that come after. Whoever loads a part dies of a bus error. So a backend puts the file there before, whole.
 */
public final class NativeFile {
  private static final System.Logger LOG = System.getLogger("dev.tenzan.spi");

  private NativeFile() {}

  /**
   * Makes a library's file whole. Where that fails the binding is left to try, and to say why it cannot.
   *
   * @param library the library in its jar, or null where the jar has none for this system
   * @param name the name of the file
   */
  public static void provide(@Nullable URL library, String name) {
    if (library == null) {
      return;
    }
    try {
      provide(library, Path.of(System.getProperty("java.io.tmpdir"), name));
    } catch (IOException | UnsupportedOperationException e) {
      LOG.log(System.Logger.Level.DEBUG, "{0} is left to its binding: {1}", name, e.toString());
    }
  }

  static void provide(URL library, Path file) throws IOException {
    URLConnection source = library.openConnection();
    source.setUseCaches(false);
    try (InputStream in = source.getInputStream()) {
      if (Files.isRegularFile(file) && Files.size(file) == source.getContentLengthLong()) {
        return;
      }
      Path part = Files.createTempFile(file.getParent(), file.getFileName().toString(), ".part");
      try {
        Files.copy(in, part, StandardCopyOption.REPLACE_EXISTING);
        Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      } finally {
        Files.deleteIfExists(part);
      }
    }
  }
}
