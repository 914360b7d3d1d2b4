package dev.tenzan.arch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tenzan.Devices;
import dev.tenzan.conformance.SupportTable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Holds docs/ops.md to the conformance kit; {@code -Dtenzan.update=docs} writes it anew. */
class SupportTableTest {
  private static final Path PAGE = Path.of("..", "docs", "ops.md");

  @Test
  void thePageIsUpToDate() throws IOException {
    String page = SupportTable.markdown(List.of(Devices.get("reference"), Devices.get("cpu")));
    if (System.getProperty("tenzan.update", "").equals("docs")) {
      Files.writeString(PAGE, page);
    }
    assertTrue(Files.exists(PAGE), "docs/ops.md is missing; run mvn verify -Dtenzan.update=docs");
    assertEquals(Files.readString(PAGE), page, "docs/ops.md is stale; run mvn verify -Dtenzan.update=docs");
  }
}
