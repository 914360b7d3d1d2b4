package dev.tenzan.arch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Holds {@code docs/adding-an-op.md} to the sources: the files that it names, and those that it must name. */
class AddingAnOpTest {
  private static final Path GUIDE = Repository.ROOT.resolve("docs/adding-an-op.md");

  /** A path of a source file in code font. */
  private static final Pattern SOURCE = Pattern.compile("`([\\w./-]+\\.java)`");

  /** A case of a switch over the primitives; {@code Op.Convolution} is one that no other switch names. */
  private static final Pattern CASE = Pattern.compile("case [^;{]*?\\bOp\\.Convolution\\b");

  private static Set<String> named() {
    Set<String> paths = new TreeSet<>();
    Matcher m = SOURCE.matcher(Repository.read(GUIDE));
    while (m.find()) {
      paths.add(m.group(1));
    }
    return paths;
  }

  @Test
  void namedFilesExist() {
    Set<String> named = named();
    assertFalse(named.isEmpty(), "no path in " + GUIDE);
    List<String> missing = named.stream().filter(p -> !Files.isRegularFile(Repository.ROOT.resolve(p))).toList();
    assertEquals(List.of(), missing, "files that docs/adding-an-op.md names and that are not there");
  }

  @Test
  void exhaustiveSwitchesOverPrimitivesAreNamed() {
    Set<String> switches = new TreeSet<>();
    for (Path file : Repository.files(Repository.ROOT, ".java")) {
      String path = Repository.ROOT.relativize(file).toString();
      if (path.contains("src/main/") && CASE.matcher(Repository.read(file)).find()) {
        switches.add(path);
      }
    }
    assertFalse(switches.isEmpty(), "no source file switches over Op");
    switches.removeAll(named());
    assertEquals(Set.of(), switches, "files that switch over Op and that docs/adding-an-op.md does not name");
  }
}
