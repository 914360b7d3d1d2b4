package dev.tenzan.arch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tenzan.Device;
import dev.tenzan.Devices;
import dev.tenzan.conformance.SupportTable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Holds docs/ops.md to the conformance kit; {@code -Dtenzan.update=docs} writes it anew. */
class SupportTableTest {
  private static final Path PAGE = Path.of("..", "docs", "ops.md");

  @Test
  void thePageIsUpToDate() throws IOException {
    Map<String, Device> columns = new LinkedHashMap<>();
    columns.put("`reference`", Devices.get("reference"));
    columns.put("`cpu`", Devices.get("cpu"));
    columns.put("`opencl`, declared", SupportTable.declared(Devices.get("cpu"), dev.tenzan.opencl.plan.Abilities::declared));
    columns.put("`cuda`, declared", SupportTable.declared(Devices.get("cpu"), dev.tenzan.cuda.plan.Abilities::declared));
    String page = SupportTable.markdown(columns);
    if (System.getProperty("tenzan.update", "").equals("docs")) {
      Files.writeString(PAGE, page);
    }
    assertTrue(Files.exists(PAGE), "docs/ops.md is missing; run mvn verify -Dtenzan.update=docs");
    assertEquals(Files.readString(PAGE), page, "docs/ops.md is stale; run mvn verify -Dtenzan.update=docs");
  }
}
