package dev.tenzan.bench.measure;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.util.List;
import java.util.Optional;

/** What calls to native libraries have in common. */
public final class Natives {
  private Natives() {}

  /** A call through a {@link MethodHandle}. */
  public interface Call<T> {
    /** Makes it. */
    T run() throws Throwable;
  }

  /** Makes a call; what the linker may throw becomes unchecked. */
  public static <T> T call(String library, Call<T> call) {
    try {
      return call.run();
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException(library + ": the call failed: " + e, e);
    }
  }

  /** The first library of these names that is there. */
  public static Optional<SymbolLookup> library(List<String> names) {
    for (String name : names) {
      try {
        return Optional.of(SymbolLookup.libraryLookup(name, Arena.global()));
      } catch (IllegalArgumentException e) {
        continue; // not under this name: the next one may be there
      }
    }
    return Optional.empty();
  }

  /** A function of a library. */
  public static MethodHandle function(SymbolLookup library, String name, FunctionDescriptor signature) {
    return Linker.nativeLinker().downcallHandle(library.findOrThrow(name), signature);
  }
}
