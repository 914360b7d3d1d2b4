package dev.tenzan.bench.output;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/**
 * A report file that is known to be writable before the work starts, and that appears only when it is complete: a temporary file
 * beside it takes its place at the end. A target that is no regular file, such as a pipe, is written directly.
 */
public final class OutputFile implements AutoCloseable {
  private final Path target;
  private final @Nullable Path temporary;

  private OutputFile(Path target, @Nullable Path temporary) {
    this.target = target;
    this.temporary = temporary;
  }

  /**
   * Makes ready to write a file.
   *
   * @param option the option that names the file, for messages
   * @throws CliException where the file cannot be written
   */
  public static OutputFile open(String option, Path path) {
    try {
      Path target = Files.exists(path) ? path.toRealPath() : path.toAbsolutePath().normalize();
      if (Files.isDirectory(target)) {
        throw new CliException(option + ": " + path + " is a folder; name a file in it");
      }
      if (Files.exists(target) && !Files.isRegularFile(target)) {
        return new OutputFile(target, null);
      }
      Path folder = target.getParent();
      if (folder == null || !Files.isDirectory(folder)) {
        throw new CliException(option + ": the folder of " + path + " does not exist; create it or name another file");
      }
      if (Files.exists(target) && !Files.isWritable(target)) {
        throw new CliException(option + ": " + path + " is write-protected; name another file");
      }
      Path temporary = folder.resolve("." + target.getFileName() + "." + ProcessHandle.current().pid() + ".tmp");
      Files.newOutputStream(temporary, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING).close();
      temporary.toFile().deleteOnExit();
      return new OutputFile(target, temporary);
    } catch (IOException e) {
      throw cannotWrite(option + ": cannot write ", path, e);
    }
  }

  /** Makes ready to write a file where one was named. */
  public static @Nullable OutputFile openOptional(String option, @Nullable Path path) {
    return path == null ? null : open(option, path);
  }

  /** The file that will be written. */
  public Path path() {
    return target;
  }

  /**
   * Writes the whole file in UTF-8.
   *
   * @throws CliException where that fails, for example on a full disk
   */
  public void write(String text) {
    try {
      if (temporary == null) {
        Files.writeString(target, text, StandardOpenOption.WRITE);
      } else {
        Files.writeString(temporary, text);
        Files.move(temporary, target, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
      }
    } catch (IOException e) {
      throw cannotWrite("cannot write ", target, e);
    }
  }

  private static CliException cannotWrite(String what, Path path, IOException e) {
    String reason =
        switch (e) {
          case java.nio.file.AccessDeniedException _ -> "permission denied";
          case java.nio.file.FileSystemException f when f.getReason() != null -> f.getReason();
          default -> e.getClass().getSimpleName() + (e.getMessage() == null ? "" : " " + e.getMessage());
        };
    return new CliException(what + path + ": " + reason + "; name another file");
  }

  /** Removes what was not completed. */
  @Override
  public void close() {
    if (temporary != null) {
      try {
        Files.deleteIfExists(temporary);
      } catch (IOException e) {
        throw cannotWrite("cannot remove ", temporary, e);
      }
    }
  }
}
