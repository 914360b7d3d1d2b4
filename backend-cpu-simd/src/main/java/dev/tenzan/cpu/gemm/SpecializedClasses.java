package dev.tenzan.cpu.gemm;

import dev.tenzan.error.TenzanException;
import java.io.IOException;
import java.io.InputStream;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * Loads a micro-kernel class once for each vector width, as a hidden class whose species is a constant.
 *
 * <p>C2 turns vector calls into instructions only where the species is a compile-time constant, which a
 * {@code static final} field is and an instance field is not. One source serves all widths, and all widths
 * can live, and be tested, in one JVM.
 */
final class SpecializedClasses {
  private static final MethodHandles.Lookup LOOKUP = MethodHandles.lookup();

  private SpecializedClasses() {}

  /** An instance of a micro-kernel class of this package for vectors of {@code bits} bits. */
  static MicroKernel load(String simpleName, int bits) {
    try (InputStream in = SpecializedClasses.class.getResourceAsStream(simpleName + ".class")) {
      if (in == null) {
        throw new TenzanException("cpu: the class file of " + simpleName
            + " is missing; repair the tenzan-cpu jar");
      }
      VectorShape shape = VectorShape.forBitSize(bits);
      MethodHandles.Lookup hidden = LOOKUP.defineHiddenClassWithClassData(in.readAllBytes(), shape, true);
      return (MicroKernel)
          hidden.findConstructor(hidden.lookupClass(), MethodType.methodType(void.class)).invoke();
    } catch (IOException e) {
      throw new TenzanException("cpu: the class file of " + simpleName + " cannot be read", e);
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new TenzanException("cpu: the micro-kernel " + simpleName + " cannot be loaded for " + bits
          + " bits", e);
    }
  }

  /** The species of the hidden class that {@code lookup} belongs to. */
  static <E> VectorSpecies<E> species(MethodHandles.Lookup lookup, Class<E> primitive) {
    try {
      return VectorSpecies.of(primitive, MethodHandles.classData(lookup, "_", VectorShape.class));
    } catch (IllegalAccessException e) {
      throw new TenzanException("cpu: " + lookup.lookupClass() + " was loaded without a vector width", e);
    }
  }
}
