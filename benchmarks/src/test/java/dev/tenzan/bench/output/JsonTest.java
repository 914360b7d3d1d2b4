package dev.tenzan.bench.output;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class JsonTest {
  @Test
  void writesNestedDocuments() {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("name", "a \"b\" \\ \n\t\u0001 µ");
    map.put("list", List.of(1, 2L, true));
    map.put("empty", List.of());
    map.put("nothing", Map.of());
    map.put("numbers", new double[] {1, 2.5});
    map.put("null", null);
    assertEquals(
        """
        {
          "name": "a \\"b\\" \\\\ \\n\\t\\u0001 µ",
          "list": [
            1,
            2,
            true
          ],
          "empty": [],
          "nothing": {},
          "numbers": [1, 2.5],
          "null": null
        }
        """,
        Json.write(map));
  }

  @Test
  void numbersKeepTheirDigitsAndOnlyFiniteOnesAreWritten() {
    assertEquals("0.1\n", Json.write(0.1));
    assertEquals("0.1\n", Json.write(0.1f));
    assertEquals("20260101\n", Json.write(20_260_101L));
    assertEquals("1.0E-300\n", Json.write(1e-300));
    for (Object bad : Arrays.asList(Double.NaN, Double.POSITIVE_INFINITY, Float.NaN)) {
      assertEquals("null\n", Json.write(bad));
    }
  }

  @Test
  void loneSurrogatesAreEscapedAndPairsAreNot() {
    assertEquals("\"\\ud83d\"\n", Json.write("\ud83d"));
    assertEquals("\"\ud83d\ude00\"\n", Json.write("\ud83d\ude00"));
  }

  @Test
  void refusesWhatHasNoForm() {
    assertThrows(IllegalArgumentException.class, () -> Json.write(new Object()));
    assertThrows(IllegalArgumentException.class, () -> Json.write(Map.of(1, 2)));
  }
}
