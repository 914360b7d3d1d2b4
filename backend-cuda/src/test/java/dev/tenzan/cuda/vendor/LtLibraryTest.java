package dev.tenzan.cuda.vendor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LtLibraryTest {
  private static final List<String> NAMES = List.of("libcublasLt-none.so.13", "libcublasLt.so.12");

  @TempDir Path folder;

  private static String missing(Found<LtLibrary> found) {
    assertNull(found.library(), found.text());
    return found.text();
  }

  @Test
  void isLeftOutWhereSwitchedOff() {
    assertEquals("cuBLASLt is switched off by -Dtenzan.cuda.cublaslt=off", missing(LtLibrary.searchFor(NAMES).search(" Off ", List.of(folder))));
  }

  @Test
  void namesTheFileThatIsNone() throws IOException {
    String none = folder.resolve("none.so").toString();
    assertTrue(missing(LtLibrary.searchFor(NAMES).search(none, List.of())).startsWith("-Dtenzan.cuda.cublaslt=" + none + " names no file"));
    Path text = Files.writeString(folder.resolve("text.so"), "no library");
    assertTrue(missing(LtLibrary.searchFor(NAMES).search(text.toString(), List.of())).contains("names no file that loads"));
    assertTrue(missing(LtLibrary.searchFor(NAMES).search("a\0b", List.of())).contains("names no file that loads"));
  }

  @Test
  void namesWhatItLookedFor() {
    String text = missing(LtLibrary.searchFor(List.of("libcublasLt-none.so.1", "libcublasLt-none.so.2")).search(null, List.of(folder)));
    assertEquals(
        "no cuBLASLt: looked for libcublasLt-none.so.1, libcublasLt-none.so.2 in the system's library path and in " + folder
            + "; -Dtenzan.cuda.cublaslt=FILE names one",
        text);
  }

  @Test
  void findsItInAFolder() throws IOException, InterruptedException {
    Path file = StandIn.cublasLt(folder);
    Files.move(file, folder.resolve("libcublasLt-none.so.13"));
    Found<LtLibrary> found = LtLibrary.searchFor(List.of("libcublasLt-none.so.13")).search("", List.of(folder.resolve("none"), folder));
    assertEquals("cuBLASLt 12.3.4 (" + folder.resolve("libcublasLt-none.so.13") + ")", found.text());
    LtLibrary library = found.library();
    assertNotNull(library);
    assertEquals("12.3.4", library.version());
    assertEquals(folder.resolve("libcublasLt-none.so.13").toString(), library.file());
  }

  @Test
  void passesOverALibraryWithoutTheFunctions() throws IOException, InterruptedException {
    Path source = Files.writeString(folder.resolve("other.c"), "unsigned long cublasLtGetVersion(void) { return 1; }\n");
    Path other = StandIn.compiled(source, folder.resolve("libcublasLt-other.so"));
    String text = missing(LtLibrary.searchFor(NAMES).search(other.toString(), List.of()));
    assertTrue(text.startsWith(other + " is no cuBLASLt that can be used: ") && text.contains("cublasLtCreate"), text);
    text = missing(LtLibrary.searchFor(List.of("libcublasLt-other.so")).search(null, List.of(folder)));
    assertTrue(text.contains("can be used") && text.contains("no cuBLASLt: looked for"), text);
  }

  @Test
  void looksOnceWithoutAnError() {
    assertEquals(LtLibrary.find(), LtLibrary.find());
    assertTrue(LtLibrary.find().text().contains("cuBLASLt"), LtLibrary.find().text());
  }
}
