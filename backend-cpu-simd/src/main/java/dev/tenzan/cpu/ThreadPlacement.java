package dev.tenzan.cpu;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import org.jspecify.annotations.Nullable;

/**
 * Moves a thread that has just been woken off the processor of the one that woke it, on Linux.
 *
 * <p>The system looks for an idle processor among those that share a cache with the thread's last one. Where it knows of none, as on most
 * virtual machines, it may let the thread wait behind the one that woke it, for milliseconds, while another processor is idle. Here the thread
 * is forbidden that processor (sched_setaffinity(2)), which moves it if it was there, and then allowed it again.
 */
final class ThreadPlacement {
  /** The bytes of a set of 1024 processors, as many as the C library's own has. */
  private static final int SET_BYTES = 128;

  private final Calls calls;
  private final int thread;
  private final MemorySegment allowed = Arena.ofAuto().allocate(SET_BYTES, Long.BYTES);
  private final MemorySegment others = Arena.ofAuto().allocate(SET_BYTES, Long.BYTES);

  private ThreadPlacement(Calls calls, int thread) {
    this.calls = calls;
    this.thread = thread;
  }

  /** The functions of the C library. */
  private record Calls(MethodHandle thread, MethodHandle processor, MethodHandle get, MethodHandle set) {
    /** Linked when first wanted, which takes tens of milliseconds; null where there are none. */
    static final @Nullable Calls LINKED = link();

    private static @Nullable Calls link() {
      SymbolLookup library = Linker.nativeLinker().defaultLookup();
      String[] names = {"gettid", "sched_getcpu", "sched_getaffinity", "sched_setaffinity"};
      MethodHandle[] handles = new MethodHandle[names.length];
      for (int i = 0; i < names.length; i++) {
        MemorySegment function = library.find(names[i]).orElse(null);
        if (function == null) {
          return null;
        }
        FunctionDescriptor number = FunctionDescriptor.of(ValueLayout.JAVA_INT);
        FunctionDescriptor type =
            i < 2 ? number : number.appendArgumentLayouts(ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG, ValueLayout.ADDRESS);
        handles[i] = Linker.nativeLinker().downcallHandle(function, type);
      }
      return new Calls(handles[0], handles[1], handles[2], handles[3]);
    }
  }

  /** Whether threads are to be moved; {@code -Dtenzan.cpu.move=false} says no. */
  static boolean isWanted() {
    return !System.getProperty("tenzan.cpu.move", "true").equals("false");
  }

  /** The calling thread's, or null where threads cannot be moved: beside Linux, and without native access. */
  static @Nullable ThreadPlacement ofCurrent() {
    if (!System.getProperty("os.name", "").equals("Linux") || !ThreadPlacement.class.getModule().isNativeAccessEnabled()) {
      return null;
    }
    Calls calls = Calls.LINKED;
    try {
      return calls == null ? null : new ThreadPlacement(calls, (int) calls.thread.invokeExact());
    } catch (Throwable e) {
      throw new AssertionError("gettid cannot be called", e);
    }
  }

  /**
   * Moves the thread off the caller's processor. Its last waker calls this, and no other thread at the same time.
   *
   * @return whether Linux did so, or found it elsewhere; false where it may run nowhere else
   */
  boolean leaveToCaller() {
    try {
      int here = (int) calls.processor.invokeExact();
      int known = (int) calls.get.invokeExact(thread, (long) SET_BYTES, allowed);
      if (here < 0 || here >= Byte.SIZE * SET_BYTES || known < 0) {
        return false;
      }
      others.copyFrom(allowed);
      long at = here / Byte.SIZE;
      byte eight = others.get(ValueLayout.JAVA_BYTE, at);
      others.set(ValueLayout.JAVA_BYTE, at, (byte) (eight & ~(1 << here % Byte.SIZE)));
      // Refused where the thread may run nowhere else.
      return (int) calls.set.invokeExact(thread, (long) SET_BYTES, others) == 0
          && (int) calls.set.invokeExact(thread, (long) SET_BYTES, allowed) == 0;
    } catch (Throwable e) {
      throw new AssertionError("sched_setaffinity cannot be called", e);
    }
  }
}
