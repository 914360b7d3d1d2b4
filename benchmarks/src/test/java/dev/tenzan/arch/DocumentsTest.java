package dev.tenzan.arch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Checks the documents: their relative links lead to files and headings that exist. */
class DocumentsTest {
  private static final Pattern LINK = Pattern.compile("(?<!!)\\[[^\\]\\n]*]\\(([^)\\s]+)\\)");
  private static final Pattern CODE = Pattern.compile("(?ms)^```.*?^```$|`[^`\\n]*`");
  private static final Pattern HEADING = Pattern.compile("(?m)^#+ +(.+)$");

  @Test
  void relativeLinksResolve() {
    List<Path> documents = Repository.documents();
    assertFalse(documents.isEmpty(), "no documents in " + Repository.ROOT);
    List<String> broken = new ArrayList<>();
    for (Path document : documents) {
      Matcher m = LINK.matcher(CODE.matcher(Repository.read(document)).replaceAll(""));
      while (m.find()) {
        if (!m.group(1).matches("[a-z]+:.*") && !resolves(document, m.group(1))) {
          broken.add(Repository.ROOT.relativize(document) + ": " + m.group(1));
        }
      }
    }
    assertEquals(List.of(), broken, "links that lead nowhere");
  }

  private static boolean resolves(Path document, String link) {
    int hash = link.indexOf('#');
    String path = hash < 0 ? link : link.substring(0, hash);
    Path target = path.isEmpty() ? document : document.resolveSibling(path).normalize();
    if (!target.startsWith(Repository.ROOT) || !Files.exists(target)) {
      return false;
    }
    return hash < 0 || headings(target).contains(link.substring(hash + 1));
  }

  /** The anchors of a document's headings, as code hosts make them. */
  private static Set<String> headings(Path document) {
    return HEADING
        .matcher(Repository.read(document))
        .results()
        .map(r -> r.group(1).toLowerCase(Locale.ROOT).replaceAll("[^\\p{L}\\p{N} _-]", "").replace(' ', '-'))
        .collect(Collectors.toSet());
  }
}
