package dev.tenzan.cuda.vendor;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.NoSuchElementException;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Looks for one of NVIDIA's libraries: where the system has its libraries, then in the folders of CUDA. A library that is missing is no
 * error. What was loaded is never unloaded.
 *
 * @param title the library's name
 * @param property the system property with the library's file; {@code off} leaves it out
 * @param names the names to try, the best first
 * @param opener makes the library of its name and its functions; it throws a {@link NoSuchElementException} where a function is missing
 * @param describe the library's version and file
 */
record LibrarySearch<L>(
    String title, String property, List<String> names, BiFunction<String, SymbolLookup, L> opener, Function<L, String> describe) {

  /** A function; most give an int, the status. */
  record Call(String name, MethodHandle handle) {
    static Call of(SymbolLookup symbols, String name, MemoryLayout... parameters) {
      FunctionDescriptor type = FunctionDescriptor.of(ValueLayout.JAVA_INT, parameters);
      return new Call(name, Linker.nativeLinker().downcallHandle(symbols.findOrThrow(name), type));
    }

    /** A function that gives a pointer instead. */
    static Call pointer(SymbolLookup symbols, String name, MemoryLayout... parameters) {
      FunctionDescriptor type = FunctionDescriptor.of(ValueLayout.ADDRESS, parameters);
      return new Call(name, Linker.nativeLinker().downcallHandle(symbols.findOrThrow(name), type));
    }

    int status(Object... arguments) {
      return (int) call(arguments);
    }

    MemorySegment pointer(Object... arguments) {
      return (MemorySegment) call(arguments);
    }

    private Object call(Object... arguments) {
      try {
        return handle.invokeWithArguments(arguments);
      } catch (Throwable e) {
        throw new AssertionError(name + " cannot be called", e);
      }
    }
  }

  /** The number that a function without arguments gives. */
  static long number(SymbolLookup symbols, String name) {
    FunctionDescriptor type = FunctionDescriptor.of(ValueLayout.JAVA_LONG);
    MethodHandle handle = Linker.nativeLinker().downcallHandle(symbols.findOrThrow(name), type);
    try {
      return (long) handle.invokeExact();
    } catch (Throwable e) {
      throw new AssertionError(name + " cannot be called", e);
    }
  }

  /** What leaves the library out. */
  String remedy() {
    return "-D" + property + "=off leaves " + title + " out";
  }

  /** The folders of CUDA on this system, there or not. */
  static List<Path> folders() {
    return Stream.of(System.getenv("CUDA_HOME"), System.getenv("CUDA_PATH"), "/usr/local/cuda")
        .filter(root -> root != null && !root.isBlank())
        .distinct()
        .map(root -> Path.of(root, "lib64"))
        .toList();
  }

  /**
   * Looks for the library.
   *
   * @param value the property's: a file, {@code off}, or null to search
   * @param folders where to look for the names when the system's own search has none of them
   */
  Found<L> search(@Nullable String value, List<Path> folders) {
    String wanted = value == null ? "" : value.strip();
    if (wanted.toLowerCase(Locale.ROOT).equals("off")) {
      return new Found<>(null, title + " is switched off by -D" + property + "=off");
    }
    Module module = LibrarySearch.class.getModule();
    if (!module.isNativeAccessEnabled()) {
      String name = module.isNamed() ? module.getName() : "ALL-UNNAMED";
      return new Found<>(null, title + " needs native access: start java with --enable-native-access=" + name);
    }
    return wanted.isEmpty() ? everywhere(folders) : named(wanted);
  }

  private Found<L> named(String file) {
    Found<L> found = load(file, true);
    return found != null ? found : new Found<>(null, "-D" + property + "=" + file + " names no file that loads as a library of this system");
  }

  private Found<L> everywhere(List<Path> folders) {
    List<String> unusable = new ArrayList<>();
    List<String> files = new ArrayList<>(names);
    folders.forEach(folder -> names.forEach(name -> files.add(folder.resolve(name).toString())));
    for (int i = 0; i < files.size(); i++) {
      Found<L> found = load(files.get(i), i >= names.size());
      if (found != null && found.library() != null) {
        return found;
      }
      if (found != null) {
        unusable.add(found.text());
      }
    }
    String text =
        "no " + title + ": looked for " + String.join(", ", names) + " in the system's library path"
            + (folders.isEmpty() ? "" : " and in " + String.join(", ", folders.stream().map(Path::toString).toList()))
            + "; -D" + property + "=FILE names one";
    return new Found<>(null, unusable.isEmpty() ? text : String.join("; ", unusable) + "; " + text);
  }

  /** Loads a library by its path, or by a name that the system looks up; null where it cannot be opened. */
  private @Nullable Found<L> load(String file, boolean path) {
    SymbolLookup symbols;
    try {
      symbols = path ? SymbolLookup.libraryLookup(Path.of(file), Arena.global()) : SymbolLookup.libraryLookup(file, Arena.global());
    } catch (IllegalArgumentException e) {
      return null;
    }
    try {
      L library = opener.apply(file, symbols);
      return new Found<>(library, describe.apply(library));
    } catch (NoSuchElementException e) {
      return new Found<>(null, file + " is no " + title + " that can be used: " + e.getMessage());
    }
  }
}
