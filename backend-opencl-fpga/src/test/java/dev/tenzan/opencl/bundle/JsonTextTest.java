package dev.tenzan.opencl.bundle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.tenzan.error.FormatException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JsonTextTest {
  @Test
  void whatIsWrittenIsRead() {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("text", "a \"quote\", a \\, a line\nand \u00e9\u0001");
    map.put("numbers", List.of(0L, -1L, 999_999_999_999_999_999L));
    map.put("none", List.of());
    map.put("words", Arrays.asList(true, false, null));
    map.put("object", new LinkedHashMap<>(Map.of("x", 1L)));
    assertEquals(map, JsonText.parse("test", JsonText.write(map)));
    assertEquals(List.of(1.5, -2e3), JsonText.parse("test", " [1.5 ,\t-2e3\r\n] "));
    assertEquals("A/", JsonText.parse("test", "\"\\u0041\\/\""));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "", " ", "{", "}", "[1,]", "[1 2]", "{\"a\":1,}", "{\"a\" 1}", "{a:1}", "{\"a\":1}{", "01", "+1", "1.", ".5", "nul", "truex",
        "\"", "\"\\x\"", "\"\\u00g0\"", "\"\\u00\"", "\"\n\"", "'a'", "{\"a\":1,\"a\":2}", "NaN", "1e", "12345678901234567890", "1e9999"
      })
  void whatIsNoJsonIsATypedError(String text) {
    FormatException e = assertThrows(FormatException.class, () -> JsonText.parse("the file", text));
    assertEquals("the file: no JSON: ", e.getMessage().substring(0, 19));
  }

  @Test
  void deepNestingEndsEarly() {
    String deep = "[".repeat(100_000);
    FormatException e = assertThrows(FormatException.class, () -> JsonText.parse("x", deep));
    assertEquals(true, e.getMessage().contains("levels"));
  }
}
