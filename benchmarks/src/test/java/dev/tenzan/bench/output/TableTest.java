package dev.tenzan.bench.output;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

class TableTest {
  private static Table table(Terminal terminal) {
    return new Table(terminal, Table.Column.text("work"), Table.Column.number("rate"), Table.Column.text("note"));
  }

  @Test
  void alignsColumnsAndLeavesOutEmptyOnes() {
    String text = table(Terminal.PLAIN).row("matmul", "9.5", "").gap().row("sum", "120", "").render();
    assertEquals(
        """
        work    rate
        ------  ----
        matmul   9.5

        sum      120
        """,
        text);
  }

  @Test
  void coloursTakeNoRoom() {
    Terminal colour = new Terminal(true, false);
    String plain = table(Terminal.PLAIN).row("a", "1", "x").row("bb", "22", "yy").render();
    String coloured = table(colour).row(colour.good("a"), colour.bold("1"), "x").row("bb", "22", "yy").render();
    assertEquals(plain, Terminal.plain(coloured));
  }

  @Test
  void aRowNeedsACellForEachColumn() {
    assertThrows(IllegalArgumentException.class, () -> table(Terminal.PLAIN).row("a"));
  }
}
