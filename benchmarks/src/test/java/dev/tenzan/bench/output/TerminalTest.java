package dev.tenzan.bench.output;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TerminalTest {
  @Test
  void coloursNeedATerminalThatWantsThem() {
    assertEquals(new Terminal(true, true), Terminal.of(true, true, Map.of()));
    assertEquals(new Terminal(false, true), Terminal.of(true, true, Map.of("NO_COLOR", "1")));
    assertEquals(new Terminal(true, true), Terminal.of(true, true, Map.of("NO_COLOR", "")));
    assertEquals(Terminal.PLAIN, Terminal.of(true, true, Map.of("TERM", "dumb")));
    assertEquals(new Terminal(false, true), Terminal.of(false, true, Map.of()));
  }

  @Test
  void progressIsQuietInAPipe() {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8);
    try (Progress progress = new Progress(out, false)) {
      progress.show(1, 2, "half");
    }
    assertEquals("", bytes.toString(StandardCharsets.UTF_8));
    try (Progress progress = new Progress(out, true)) {
      progress.show(1, 2, "half");
    }
    assertEquals(
        "\r\u001b[K[##########          ] 1/2  half\r\u001b[K", bytes.toString(StandardCharsets.UTF_8));
  }
}
