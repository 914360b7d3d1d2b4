package dev.tenzan.bench.peers;

import dev.tenzan.bench.compare.FirstProduct;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/** A program that computes one product in OpenBLAS and nothing else. */
final class OpenBlasFirst {
  private OpenBlasFirst() {}

  /** Runs it; the argument is the number of threads. */
  public static void main(String[] args) throws Throwable {
    SymbolLookup library = OpenBlas.load();
    ValueLayout.OfInt i = ValueLayout.JAVA_INT;
    ValueLayout.OfFloat f = ValueLayout.JAVA_FLOAT;
    ValueLayout p = ValueLayout.ADDRESS;
    Linker linker = Linker.nativeLinker();
    MethodHandle setThreads =
        linker.downcallHandle(library.findOrThrow("openblas_set_num_threads"), FunctionDescriptor.ofVoid(i));
    MethodHandle sgemm =
        linker.downcallHandle(
            library.findOrThrow("cblas_sgemm"), FunctionDescriptor.ofVoid(i, i, i, i, i, i, f, p, i, p, i, f, p, i));
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment a = arena.allocateFrom(f, FirstProduct.matrix(1));
      MemorySegment b = arena.allocateFrom(f, FirstProduct.matrix(2));
      MemorySegment c = arena.allocate(a.byteSize(), 64);
      int n = FirstProduct.SIZE;
      setThreads.invokeExact(Integer.parseInt(args[0]));
      sgemm.invokeExact(101, 111, 111, n, n, n, 1f, a, n, b, n, 0f, c, n);
      FirstProduct.print(c.getAtIndex(f, (long) n * n - 1));
    }
  }
}
