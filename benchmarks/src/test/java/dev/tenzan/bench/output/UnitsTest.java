package dev.tenzan.bench.output;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class UnitsTest {
  @ParameterizedTest
  @CsvSource({"0,0", "151.26,151", "15.126,15.1", "1.5126,1.51", "0.0151,0.0151", "9.996,10.0", "999.6,1000", "12345,12345",
    "-2.5,-2.50", "NaN,NaN"})
  void threeDigits(double x, String text) {
    assertEquals(text, Units.number(x));
  }

  @ParameterizedTest
  @CsvSource({"12,12.0 s", "0.0081,8.10 ms", "0.0000012,1.20 us", "0.0000000031,3.10 ns", "0.99999,1.00 s", "0,0 ns"})
  void durations(double seconds, String text) {
    assertEquals(text, Units.seconds(seconds));
  }

  @ParameterizedTest
  @CsvSource({"512,512 B", "1024,1.00 KiB", "25169731584,23.4 GiB"})
  void sizes(long bytes, String text) {
    assertEquals(text, Units.bytes(bytes));
  }

  @ParameterizedTest
  @CsvSource({"1024,1024", "100000,100k", "10000000,10M", "0,0", "7,7"})
  void counts(long n, String text) {
    assertEquals(text, Units.count(n));
  }

  @ParameterizedTest
  @CsvSource({"0.976,98 %", "0.0123,1.2 %", "0,0.0 %", "0.0996,10 %"})
  void shares(double share, String text) {
    assertEquals(text, Units.percent(share));
  }
}
