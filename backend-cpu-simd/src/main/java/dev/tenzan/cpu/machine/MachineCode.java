package dev.tenzan.cpu.machine;

import dev.tenzan.cpu.SystemMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.ref.Reference;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A function in machine code, which takes the address of a block of arguments. Its memory is written first and made executable then, never
 * both (mmap(2), mprotect(2)), and is given back when nothing refers to the function any more.
 *
 * <p>A call takes about as long as one of a Java method that is not inlined. The thread does not stop for the garbage collector before it
 * returns, so a function has to be over in microseconds.
 */
public final class MachineCode {
  /** The system property that turns all machine code off: {@code false}. */
  public static final String PROPERTY = "tenzan.cpu.machine";

  private static final System.Logger LOG = System.getLogger(MachineCode.class.getName());

  private final MemorySegment entry;

  /** Gives the memory back when it is collected. */
  private final MemorySegment memory;

  /** Linked when the first code is loaded: without native access this is refused, and an {@link #obstacle} is to say so. */
  private static final class Calls {
    private static final Linker LINKER = Linker.nativeLinker();

    static final MethodHandle CALL =
        LINKER.downcallHandle(FunctionDescriptor.ofVoid(ValueLayout.ADDRESS), Linker.Option.critical(false));

    static final MethodHandle CALL_WITH_HEAP =
        LINKER.downcallHandle(FunctionDescriptor.ofVoid(ValueLayout.ADDRESS, ValueLayout.ADDRESS), Linker.Option.critical(true));

    static final MethodHandle CALL_WITH_ARRAYS =
        LINKER.downcallHandle(
            FunctionDescriptor.ofVoid(ValueLayout.ADDRESS, ValueLayout.ADDRESS, ValueLayout.ADDRESS), Linker.Option.critical(true));

    static final MethodHandle CALL_WITH_NUMBERS =
        LINKER.downcallHandle(
            FunctionDescriptor.ofVoid(
                ValueLayout.ADDRESS, ValueLayout.ADDRESS, ValueLayout.ADDRESS, ValueLayout.ADDRESS, ValueLayout.JAVA_LONG,
                ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG),
            Linker.Option.critical(true));

    static final MethodHandle PROTECT =
        LINKER.downcallHandle(
            LINKER.defaultLookup().findOrThrow("mprotect"),
            FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT));
  }

  private MachineCode(long address, long bytes) {
    this.entry = MemorySegment.ofAddress(address);
    this.memory = entry.reinterpret(bytes, Arena.ofAuto(), _ -> SystemMemory.unmap(address, bytes));
  }

  /** Why no machine code can run here, with the remedy where there is one; empty where it can, as far as is known without trying. */
  static String obstacle() {
    if (System.getProperty(PROPERTY, "true").equals("false")) {
      return "switched off by -D" + PROPERTY + "=false";
    }
    String arch = System.getProperty("os.arch", "");
    if (!arch.equals("amd64") || !System.getProperty("os.name", "").equals("Linux")) {
      return "only on Linux on x86-64";
    }
    Module module = MachineCode.class.getModule();
    if (!module.isNativeAccessEnabled()) {
      return "start java with --enable-native-access=" + (module.isNamed() ? module.getName() : "ALL-UNNAMED");
    }
    return "";
  }

  /**
   * Makes machine code ready to run. To be called where there is no {@link #obstacle}.
   *
   * @throws IllegalStateException where the system gives no executable memory, as some hardened ones do
   */
  static MachineCode load(byte[] code) {
    long address = SystemMemory.map(code.length, SystemMemory.PROT_READ | SystemMemory.PROT_WRITE);
    if (address == 0) {
      throw new IllegalStateException("the system gives no memory for " + code.length + " bytes of machine code");
    }
    MemorySegment.copy(code, 0, MemorySegment.ofAddress(address).reinterpret(code.length), ValueLayout.JAVA_BYTE, 0, code.length);
    int refused;
    try {
      refused = (int) Calls.PROTECT.invokeExact(address, (long) code.length, SystemMemory.PROT_READ | SystemMemory.PROT_EXEC);
    } catch (Throwable e) {
      throw new AssertionError("mprotect cannot be called", e);
    }
    if (refused != 0) {
      SystemMemory.unmap(address, code.length);
      throw new IllegalStateException("the system forbids to make memory executable (mprotect failed)");
    }
    return new MachineCode(address, code.length);
  }

  /** The same, or null where the system refuses, which is logged with its consequence. */
  public static @Nullable MachineCode loadOrWarn(byte[] code, String consequence) {
    return orWarn(() -> load(code), consequence);
  }

  /** What loads machine code, or null where the system refuses, which is logged with its consequence. */
  static <T> @Nullable T orWarn(Supplier<T> load, String consequence) {
    try {
      return load.get();
    } catch (IllegalStateException e) {
      LOG.log(System.Logger.Level.WARNING, "cpu: {0}: {1}", consequence, e.getMessage());
      return null;
    }
  }

  /** Where it lies. */
  long address() {
    return entry.address();
  }

  /** Calls the function; the memory that its arguments name has to be alive until it returns. */
  public void call(MemorySegment arguments) {
    try {
      Calls.CALL.invokeExact(entry, arguments);
    } catch (Throwable e) {
      throw new AssertionError("machine code cannot be called", e);
    } finally {
      Reference.reachabilityFence(memory);
    }
  }

  /** Calls the function with the address of an array as a second argument. */
  void call(MemorySegment arguments, MemorySegment array) {
    try {
      Calls.CALL_WITH_HEAP.invokeExact(entry, arguments, array);
    } catch (Throwable e) {
      throw new AssertionError("machine code cannot be called", e);
    } finally {
      Reference.reachabilityFence(memory);
    }
  }

  /** Calls the function with the addresses of three arrays. */
  public void call(MemorySegment arguments, MemorySegment first, MemorySegment second) {
    try {
      Calls.CALL_WITH_ARRAYS.invokeExact(entry, arguments, first, second);
    } catch (Throwable e) {
      throw new AssertionError("machine code cannot be called", e);
    } finally {
      Reference.reachabilityFence(memory);
    }
  }

  /** Calls the function with the addresses of four arrays, or memory that has to be alive until it returns, and four numbers. */
  void call(MemorySegment a, MemorySegment b, MemorySegment c, MemorySegment d, long one, long two, long three, long four) {
    try {
      Calls.CALL_WITH_NUMBERS.invokeExact(entry, address(a), address(b), address(c), address(d), one, two, three, four);
    } catch (Throwable e) {
      throw new AssertionError("machine code cannot be called", e);
    } finally {
      Reference.reachabilityFence(memory);
    }
  }

  /**
   * Memory off the heap by its address alone. A call with a segment of a shared arena counts its users before and after, and threads that call with
   * the same arena wait for each other's counts: two threads took as long as one for 1024 planes of 28 x 28.
   */
  private static MemorySegment address(MemorySegment memory) {
    return memory.isNative() ? MemorySegment.ofAddress(memory.address()) : memory;
  }
}
