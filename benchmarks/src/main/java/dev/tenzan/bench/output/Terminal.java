package dev.tenzan.bench.output;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What the output goes to. Colours are used where standard output is a terminal and {@code NO_COLOR} is not set; progress is shown
 * where standard error is a terminal.
 *
 * @param colour whether standard output takes colours
 * @param progress whether standard error takes a line that is overwritten
 */
public record Terminal(boolean colour, boolean progress) {
  /** Neither colours nor progress. */
  public static final Terminal PLAIN = new Terminal(false, false);

  private static final int STDOUT = 1;
  private static final int STDERR = 2;

  /** Asks the operating system. */
  public static Terminal detect() {
    return of(isTerminal(STDOUT), isTerminal(STDERR), System.getenv());
  }

  /** The terminal of these facts; {@code NO_COLOR} counts when it is not empty, and {@code TERM=dumb} has no colours. */
  static Terminal of(boolean stdout, boolean stderr, Map<String, String> environment) {
    boolean dumb = "dumb".equals(environment.get("TERM"));
    boolean noColour = !environment.getOrDefault("NO_COLOR", "").isEmpty();
    return new Terminal(stdout && !dumb && !noColour, stderr && !dumb);
  }

  /** C's {@code isatty}; the console's own answer, which looks at input and output together, where that is not to be had. */
  private static boolean isTerminal(int descriptor) {
    try {
      Linker linker = Linker.nativeLinker();
      Optional<MemorySegment> isatty =
          linker.defaultLookup().find("isatty").or(() -> linker.defaultLookup().find("_isatty"));
      if (isatty.isPresent()) {
        var signature = FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT);
        return (int) linker.downcallHandle(isatty.get(), signature).invokeExact(descriptor) != 0;
      }
    } catch (Throwable e) {
      if (e instanceof VirtualMachineError fatal) {
        throw fatal;
      }
    }
    var console = System.console();
    return console != null && console.isTerminal();
  }

  /** The text in bold. */
  public String bold(String text) {
    return styled("1", text);
  }

  /** The text in the colour of success. */
  public String good(String text) {
    return styled("32", text);
  }

  /** The text in the colour of a warning. */
  public String warning(String text) {
    return styled("33", text);
  }

  /** The text in the colour of failure. */
  public String bad(String text) {
    return styled("31", text);
  }

  /** The text in a weaker colour. */
  public String faint(String text) {
    return styled("2", text);
  }

  private String styled(String code, @Nullable String text) {
    if (text == null || text.isEmpty()) {
      return "";
    }
    return colour ? "\u001b[" + code + "m" + text + "\u001b[0m" : text;
  }

  /** The text without its colours. */
  static String plain(String text) {
    return text.indexOf('\u001b') < 0 ? text : text.replaceAll("\u001b\\[[0-9;]*m", "");
  }
}
