package dev.tenzan.cpu;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Large blocks of off-heap memory, on pages of 2 MiB where Linux gives them.
 *
 * <p>Blocks of many megabytes that lie on pages of 4 KiB miss the address caches of the processor at every page, and
 * the hardware's prefetching ends there; on a virtual machine each miss is twice as dear. Linux backs memory by transparent
 * huge pages on request (madvise(2), MADV_HUGEPAGE). This asks, and leaves the contents and the owner of the memory as they are.
 */
final class LargePages {
  /** The size of a large page in bytes. */
  static final long PAGE = 2L << 20;

  private static final int MADV_DONTNEED = 4;
  private static final int MADV_HUGEPAGE = 14;
  private static final Path SYSTEM = Path.of("/sys/kernel/mm/transparent_hugepage");

  private LargePages() {}

  /** Linked when the first large block is wanted; it takes tens of milliseconds. */
  private static final class Calls {
    static final @Nullable MethodHandle MADVISE = obstacle().isEmpty() ? link() : null;

    private static MethodHandle link() {
      Linker linker = Linker.nativeLinker();
      FunctionDescriptor type =
          FunctionDescriptor.of(
              ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT);
      return linker.downcallHandle(linker.defaultLookup().findOrThrow("madvise"), type);
    }
  }

  /** Why no large pages can be had, with the remedy; empty where they can. */
  static String obstacle() {
    if (!Files.isDirectory(SYSTEM)) {
      return "this system has no transparent huge pages";
    }
    String mode = read("enabled");
    if (!mode.contains("[always]") && !mode.contains("[madvise]")) {
      return "switched off; write madvise to " + SYSTEM.resolve("enabled");
    }
    if (!read("hpage_pmd_size").equals(Long.toString(PAGE))) {
      return "the system's have another size than 2 MiB";
    }
    if (!LargePages.class.getModule().isNativeAccessEnabled()) {
      String module = LargePages.class.getModule().isNamed() ? LargePages.class.getModule().getName() : "ALL-UNNAMED";
      return "start java with --enable-native-access=" + module;
    }
    return "";
  }

  private static String read(String file) {
    try {
      return Files.readString(SYSTEM.resolve(file), StandardCharsets.US_ASCII).strip();
    } catch (IOException e) {
      return "";
    }
  }

  /**
   * Allocates memory filled with zeros that begins at a large page, and asks for large pages.
   *
   * @param bytes at least one page
   */
  static MemorySegment allocate(Arena arena, long bytes) {
    MethodHandle madvise = Calls.MADVISE;
    MemorySegment memory = arena.allocate(bytes, PAGE);
    if (madvise != null) {
      long whole = bytes & -PAGE;
      try {
        // The arena has written zeros on small pages; given back, they are zeros on large ones at the next access.
        if ((int) madvise.invokeExact(memory, whole, MADV_HUGEPAGE) == 0) {
          int unused = (int) madvise.invokeExact(memory, whole, MADV_DONTNEED);
        }
      } catch (Throwable e) {
        throw new AssertionError("madvise cannot be called", e);
      }
    }
    return memory;
  }
}
