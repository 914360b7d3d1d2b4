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
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Blocks of off-heap memory as Linux gives them (mmap(2)): zeros that nobody had to write, on pages of 2 MiB where there are such.
 *
 * <p>An arena writes the zeros of its memory by a loop in Java, which the interpreter runs in a program's first seconds: half of the first step of a
 * training went there.
 *
 * <p>Blocks of many megabytes that lie on pages of 4 KiB miss the address caches of the processor at every page, and
 * the hardware's prefetching ends there; on a virtual machine each miss is twice as dear. Linux backs memory by transparent
 * huge pages on request (madvise(2), MADV_HUGEPAGE).
 */
public final class SystemMemory {
  /** The size of a large page in bytes. */
  static final long PAGE = 2L << 20;

  // Flags of mmap(2) and mprotect(2).
  public static final int PROT_READ = 1;
  public static final int PROT_WRITE = 2;
  public static final int PROT_EXEC = 4;

  private static final int MAP_PRIVATE = 2;
  private static final int MAP_ANONYMOUS = 0x20;
  private static final long MAP_FAILED = -1;
  private static final int MADV_HUGEPAGE = 14;

  private static final long ALIGNMENT = 64;

  /** The bytes that {@link #allocateCollected} has given, and that were not given back. */
  private static final AtomicLong COLLECTED = new AtomicLong();

  private static final long COLLECTION = 1L << 30;
  private static volatile long nextCollection = COLLECTION;

  private static final Path LARGE_PAGES = Path.of("/sys/kernel/mm/transparent_hugepage");
  private static final System.Logger LOG = System.getLogger(SystemMemory.class.getName());

  /** Whether the system's calls can be made: on Linux, where native access is allowed. Otherwise blocks come from their arenas. */
  private static final boolean REACHABLE =
      System.getProperty("os.name", "").equals("Linux") && SystemMemory.class.getModule().isNativeAccessEnabled();

  private SystemMemory() {}

  /** Linked when the first block is wanted; it takes tens of milliseconds. */
  private static final class Calls {
    static final MethodHandle MAP =
        link(
            "mmap",
            FunctionDescriptor.of(
                ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT,
                ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG));

    static final MethodHandle UNMAP =
        link("munmap", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG));

    /** Null where there are no large pages. */
    static final @Nullable MethodHandle ADVISE =
        obstacleToLargePages().isEmpty()
            ? link("madvise", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT))
            : null;

    private static MethodHandle link(String name, FunctionDescriptor type) {
      Linker linker = Linker.nativeLinker();
      return linker.downcallHandle(linker.defaultLookup().findOrThrow(name), type);
    }
  }

  /** Why no large pages can be had, with the remedy; empty where they can. */
  static String obstacleToLargePages() {
    if (!Files.isDirectory(LARGE_PAGES)) {
      return "this system has no transparent huge pages";
    }
    String mode = read("enabled");
    if (!mode.contains("[always]") && !mode.contains("[madvise]")) {
      return "switched off; write madvise to " + LARGE_PAGES.resolve("enabled");
    }
    if (!read("hpage_pmd_size").equals(Long.toString(PAGE))) {
      return "the system's have another size than 2 MiB";
    }
    if (!SystemMemory.class.getModule().isNativeAccessEnabled()) {
      String module = SystemMemory.class.getModule().isNamed() ? SystemMemory.class.getModule().getName() : "ALL-UNNAMED";
      return "start java with --enable-native-access=" + module;
    }
    return "";
  }

  private static String read(String file) {
    try {
      return Files.readString(LARGE_PAGES.resolve(file), StandardCharsets.US_ASCII).strip();
    } catch (IOException e) {
      return "";
    }
  }

  /**
   * Allocates memory filled with zeros that the arena gives back. A block of a large page or more begins at one, where the system is asked for them.
   *
   * @param bytes at least 1
   * @throws OutOfMemoryError where the system gives no memory
   */
  static MemorySegment allocate(Arena arena, long bytes) {
    return allocate(arena, bytes, () -> {});
  }

  /**
   * The same, given back when nothing refers to it any more. The collector knows nothing of such memory, that of threads which have ended for example, so it
   * is called when a GiB is mapped, and again for each further one.
   */
  public static MemorySegment allocateCollected(long bytes) {
    if (REACHABLE && COLLECTED.addAndGet(bytes) > nextCollection) {
      System.gc();
      nextCollection = COLLECTED.get() + COLLECTION;
    }
    return allocate(Arena.ofAuto(), bytes, () -> COLLECTED.addAndGet(-bytes));
  }

  /** The bytes of {@link #allocateCollected} that are mapped. */
  static long collectedBytes() {
    return COLLECTED.get();
  }

  private static MemorySegment allocate(Arena arena, long bytes, Runnable givenBack) {
    long alignment = bytes < PAGE ? ALIGNMENT : PAGE;
    if (!REACHABLE) {
      return arena.allocate(bytes, alignment);
    }
    long all = bytes < PAGE ? bytes : bytes + PAGE;
    long mapped = map(all, PROT_READ | PROT_WRITE);
    if (mapped == 0) {
      throw new OutOfMemoryError("the system gives no memory for " + bytes + " bytes");
    }
    long address = Math.ceilDiv(mapped, alignment) * alignment;
    if (bytes >= PAGE) {
      advise(address, bytes & -PAGE);
    }
    return MemorySegment.ofAddress(address)
        .reinterpret(
            bytes,
            arena,
            _ -> {
              unmap(mapped, all);
              givenBack.run();
            });
  }

  private static void advise(long address, long bytes) {
    MethodHandle advise = Calls.ADVISE;
    if (advise != null) {
      try {
        int unused = (int) advise.invokeExact(address, bytes, MADV_HUGEPAGE); // refused, it is slower, which the device's description tells
      } catch (Throwable e) {
        throw new AssertionError("madvise cannot be called", e);
      }
    }
  }

  /**
   * Maps memory filled with zeros; to be called on Linux where native access is allowed.
   *
   * @param protection what may be done with it, such as {@link #PROT_READ}
   * @return its address, or 0 where the system gives none
   */
  public static long map(long bytes, int protection) {
    try {
      long address = (long) Calls.MAP.invokeExact(0L, bytes, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0L);
      return address == MAP_FAILED ? 0 : address;
    } catch (Throwable e) {
      throw new AssertionError("mmap cannot be called", e);
    }
  }

  /** Gives memory of {@link #map} back. */
  public static void unmap(long address, long bytes) {
    try {
      int refused = (int) Calls.UNMAP.invokeExact(address, bytes);
      if (refused != 0) {
        LOG.log(System.Logger.Level.WARNING, "cpu: {0} bytes of memory cannot be given back (munmap failed)", bytes);
      }
    } catch (Throwable e) {
      throw new AssertionError("munmap cannot be called", e);
    }
  }
}
