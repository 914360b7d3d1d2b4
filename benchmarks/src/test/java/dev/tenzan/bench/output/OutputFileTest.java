package dev.tenzan.bench.output;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OutputFileTest {
  @TempDir private Path folder;

  private List<String> names() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(p -> p.getFileName().toString()).toList();
    }
  }

  @Test
  void theFileAppearsOnlyWhenItIsComplete() throws IOException {
    Path target = folder.resolve("out.json");
    Files.writeString(target, "old");
    try (OutputFile file = OutputFile.open("--json", target)) {
      assertEquals("old", Files.readString(target));
      file.write("new µ");
      assertEquals("new µ", Files.readString(target));
    }
    assertEquals(List.of("out.json"), names());
  }

  @Test
  void nothingIsLeftWhenTheWorkFails() throws IOException {
    OutputFile.open("--json", folder.resolve("out.json")).close();
    assertEquals(List.of(), names());
  }

  @Test
  void tellsWhatCannotBeWrittenBeforehand() {
    CliException isFolder = assertThrows(CliException.class, () -> OutputFile.open("--json", folder));
    assertTrue(isFolder.getMessage().contains("is a folder"), isFolder.getMessage());
    Path missing = folder.resolve("no").resolve("out.json");
    CliException noFolder = assertThrows(CliException.class, () -> OutputFile.open("--html", missing));
    assertTrue(noFolder.getMessage().startsWith("--html: the folder of "), noFolder.getMessage());
  }

  @Test
  void aLinkKeepsItsTarget() throws IOException {
    Path real = Files.writeString(folder.resolve("real.json"), "old");
    Path link = Files.createSymbolicLink(folder.resolve("link.json"), real);
    try (OutputFile file = OutputFile.open("--json", link)) {
      file.write("new");
    }
    assertTrue(Files.isSymbolicLink(link));
    assertEquals("new", Files.readString(real));
  }
}
