package dev.tenzan.opencl.driver;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tenzan.opencl.OpenClProvider;
import dev.tenzan.opencl.Runtimes;
import dev.tenzan.spi.Availability;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

@DisabledOnOs(value = OS.WINDOWS, disabledReason = "Windows has no signals")
class SignalHandlersTest {
  private static final int SIGILL = 4;
  private static final int SIGSEGV = 11;
  private static final int SIGXFSZ = 25;
  private static final int SIGPROF = 27;
  private static final int SIG_IGN = 1;

  private static MemorySegment action(Arena arena, int signal) {
    MemorySegment action = arena.allocate(256, 8);
    assertEquals(0, SignalHandlers.sigaction(signal, MemorySegment.NULL, action));
    return action;
  }

  private static long handler(Arena arena, int signal) {
    return action(arena, signal).get(ValueLayout.JAVA_LONG, 0);
  }

  private static boolean ignore(Arena arena, int signal) {
    MemorySegment action = arena.allocate(256, 8);
    action.set(ValueLayout.JAVA_LONG, 0, SIG_IGN);
    return SignalHandlers.sigaction(signal, action, MemorySegment.NULL) == 0;
  }

  @Test
  void putsBackWhatACallReplaces() {
    try (Arena arena = Arena.ofConfined()) {
      long before = handler(arena, SIGXFSZ);
      assertNotEquals(0, before, "HotSpot handles SIGXFSZ");
      String result =
          SignalHandlers.kept(
              () -> {
                assertEquals(true, ignore(arena, SIGXFSZ));
                // A call within another one must not take the replaced handler for the JVM's.
                return SignalHandlers.kept(() -> "result");
              });
      assertEquals("result", result);
      assertEquals(before, handler(arena, SIGXFSZ));
      assertThrows(
          IllegalStateException.class,
          () ->
              SignalHandlers.kept(
                  () -> {
                    assertEquals(true, ignore(arena, SIGXFSZ));
                    throw new IllegalStateException("a call that fails");
                  }));
      assertEquals(before, handler(arena, SIGXFSZ));
    }
  }

  @Test
  void leavesSignalsToTheRuntimeThatTheJvmDoesNotHandle() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment before = action(arena, SIGPROF);
      assertEquals(0, before.get(ValueLayout.JAVA_LONG, 0), "HotSpot leaves SIGPROF to profilers");
      assertEquals(true, SignalHandlers.kept(() -> ignore(arena, SIGPROF)));
      assertEquals(SIG_IGN, handler(arena, SIGPROF));
      assertEquals(0, SignalHandlers.sigaction(SIGPROF, before, MemorySegment.NULL));
    }
  }

  @Test
  void divisionsByZeroThrowBesideARuntime() {
    Runtimes.assumeAvailable();
    long sum = 0;
    for (int i = 0; i < 200_000; i++) { // until C2 has compiled it, and leaves the check of the divisor to the hardware
      sum += divided(i, 3);
    }
    assertNotEquals(0, sum);
    JoclDriver driver = new JoclDriver();
    for (OpenClDriver.Platform p : driver.platforms()) {
      assertNotEquals(0, driver.devices(p).size());
    }
    for (int i = 0; i < 3; i++) {
      int dividend = i;
      assertThrows(ArithmeticException.class, () -> divided(dividend, 0));
    }
    try (Arena arena = Arena.ofConfined()) {
      assertEquals(handler(arena, SIGILL), handler(arena, SIGSEGV), "HotSpot has one handler for all faults");
    }
  }

  @Test
  void withoutNativeAccessTheBackendSaysHowToGetIt(@TempDir Path folder) throws Exception {
    Path output = folder.resolve("output");
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    Process process =
        new ProcessBuilder(
                java, "--illegal-native-access=deny", "-cp", System.getProperty("java.class.path"), SignalHandlersTest.class.getName())
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    assertTrue(process.waitFor(60, TimeUnit.SECONDS));
    String text = Files.readString(output, StandardCharsets.UTF_8);
    assertEquals(0, process.exitValue(), text);
    assertTrue(text.startsWith("no native access: ") && text.contains("--enable-native-access=ALL-UNNAMED"), text);
  }

  /** Prints what is missing; {@link #withoutNativeAccessTheBackendSaysHowToGetIt} starts it. */
  public static void main(String[] args) {
    Availability availability = new OpenClProvider().availability();
    System.out.println(availability.missing() + "; " + availability.remedy());
  }

  private static int divided(int dividend, int divisor) {
    return dividend / divisor;
  }
}
