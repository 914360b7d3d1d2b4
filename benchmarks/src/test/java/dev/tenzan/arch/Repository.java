package dev.tenzan.arch;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** The files of the repository, for tests that read them. */
final class Repository {
  /** The folder with the parent pom; tests run in their module's folder. */
  static final Path ROOT = root();

  private Repository() {}

  private static Path root() {
    Path folder = Path.of("").toAbsolutePath();
    while (folder != null && !Files.isRegularFile(folder.resolve("tenzan"))) {
      folder = folder.getParent();
    }
    if (folder == null) {
      throw new IllegalStateException("no folder above " + Path.of("").toAbsolutePath() + " has the file tenzan");
    }
    return folder;
  }

  static String read(Path file) {
    try {
      return Files.readString(file, StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The regular files below a folder whose names end so, in order; build output is left out. */
  static List<Path> files(Path folder, String ending) {
    try (Stream<Path> all = Files.walk(folder)) {
      return all.filter(p -> p.toString().endsWith(ending) && Files.isRegularFile(p))
          .filter(p -> Stream.of(ROOT.relativize(p).toString().split("/")).noneMatch("target"::equals))
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The documents: those in the root folder and those below docs. */
  static List<Path> documents() {
    try (Stream<Path> top = Files.list(ROOT)) {
      Stream<Path> own = top.filter(p -> p.toString().endsWith(".md")).sorted();
      return Stream.concat(own, files(ROOT.resolve("docs"), ".md").stream()).toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
