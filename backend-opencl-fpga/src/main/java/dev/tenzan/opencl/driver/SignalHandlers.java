package dev.tenzan.opencl.driver;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the signal handlers of the JVM while an OpenCL runtime is loaded.
 *
 * <p>HotSpot needs its handlers: threads stop at safepoints by a fault, and null checks and integer divisions by zero in compiled
 * code are faults too. Runtimes built on LLVM replace them. LLVM's own handler is taken off by the first fault and puts HotSpot's
 * back, but a second thread that faults in between ends the process, without a word. PoCL's handler of SIGFPE skips the division, so
 * that {@code x / 0} in Java code has a result. See sigaction(2).
 *
 * <p>Handlers of signals that had the default action before are left to the runtime.
 */
final class SignalHandlers {
  /** Signals 1 to 31 are those of POSIX and Unix; the others are for real-time use. */
  private static final int SIGNALS = 31;

  /** Room for a {@code struct sigaction} of any system: 152 bytes in glibc, 16 in macOS. Its first word is the handler. */
  private static final int ACTION_BYTES = 256;

  /** SIG_DFL and SIG_IGN are 0 and 1. */
  private static final long LAST_WITHOUT_HANDLER = 1;

  private static @Nullable MethodHandle sigaction;
  private static int users;
  private static final MemorySegment BEFORE = Arena.global().allocate((SIGNALS + 1L) * ACTION_BYTES, 8);

  private SignalHandlers() {}

  /** Linked by the first call, which takes tens of milliseconds; not by a class, which would hide why it cannot be. */
  private static synchronized MethodHandle linked() {
    MethodHandle known = sigaction;
    if (known == null) {
      Linker linker = Linker.nativeLinker();
      FunctionDescriptor type =
          FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.ADDRESS);
      known = linker.downcallHandle(linker.defaultLookup().findOrThrow("sigaction"), type);
      sigaction = known;
    }
    return known;
  }

  /**
   * Makes a call, then puts back those handlers that it has replaced. Calls of several threads may overlap; the last of them puts
   * the handlers back.
   *
   * @throws IllegalCallerException where this module has no native access
   */
  static <T> T kept(Supplier<T> call) {
    if (System.getProperty("os.name", "").startsWith("Windows")) {
      return call.get(); // has no signals
    }
    begin();
    try {
      return call.get();
    } finally {
      end();
    }
  }

  private static synchronized void begin() {
    if (users == 0) {
      for (int signal = 1; signal <= SIGNALS; signal++) {
        int unused = sigaction(signal, MemorySegment.NULL, before(signal));
      }
    }
    users++;
  }

  private static synchronized void end() {
    users--;
    if (users > 0) {
      return;
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment now = arena.allocate(ACTION_BYTES, 8);
      for (int signal = 1; signal <= SIGNALS; signal++) {
        MemorySegment before = before(signal);
        if (Long.compareUnsigned(handler(before), LAST_WITHOUT_HANDLER) > 0
            && sigaction(signal, MemorySegment.NULL, now) == 0
            && handler(now) != handler(before)
            && sigaction(signal, before, MemorySegment.NULL) != 0) {
          throw new IllegalStateException(
              "the OpenCL runtime replaced the JVM's handler of signal " + signal + ", and sigaction does not put it back");
        }
      }
    }
  }

  private static MemorySegment before(int signal) {
    return BEFORE.asSlice((long) signal * ACTION_BYTES, ACTION_BYTES);
  }

  private static long handler(MemorySegment action) {
    return action.get(ValueLayout.JAVA_LONG, 0);
  }

  /** The system's call: sets an action where one is given, reads the one before where there is room. */
  static int sigaction(int signal, MemorySegment action, MemorySegment old) {
    MethodHandle call = linked();
    try {
      return (int) call.invokeExact(signal, action, old);
    } catch (Throwable e) {
      throw new AssertionError("sigaction cannot be called", e);
    }
  }
}
