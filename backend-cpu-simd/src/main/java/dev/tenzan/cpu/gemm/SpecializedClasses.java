package dev.tenzan.cpu.gemm;

import dev.tenzan.error.TenzanException;
import java.io.IOException;
import java.io.InputStream;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * Loads a micro-kernel class once for each vector width and layout of A, as a hidden class whose species and
 * strides are constants.
 *
 * <p>C2 turns vector calls into instructions only where the species is a compile-time constant, which a
 * {@code static final} field is and an instance field is not. One source serves all widths, and all widths
 * can live, and be tested, in one JVM.
 */
final class SpecializedClasses {
  private static final MethodHandles.Lookup LOOKUP = MethodHandles.lookup();

  private SpecializedClasses() {}

  /** What a hidden class is made for. */
  private record Specialization(VectorShape shape, PanelLayout layout) {}

  /**
   * An instance of a micro-kernel class of this package for vectors of {@code bits} bits and one layout of A
   * panels.
   */
  static MicroKernel load(String simpleName, int bits, PanelLayout layout) {
    return load(MicroKernel.class, simpleName, bits, layout);
  }

  /** The same for a class of another base. */
  static <T> T load(Class<T> base, String simpleName, int bits, PanelLayout layout) {
    try (InputStream in = SpecializedClasses.class.getResourceAsStream(simpleName + ".class")) {
      if (in == null) {
        throw new TenzanException("cpu: the class file of " + simpleName
            + " is missing; repair the tenzan-cpu jar");
      }
      Specialization data = new Specialization(VectorShape.forBitSize(bits), layout);
      MethodHandles.Lookup hidden = LOOKUP.defineHiddenClassWithClassData(in.readAllBytes(), data, true);
      return base.cast(hidden.findConstructor(hidden.lookupClass(), MethodType.methodType(void.class)).invoke());
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
    return VectorSpecies.of(primitive, specialization(lookup).shape());
  }

  /** The layout of A panels that the hidden class of {@code lookup} reads. */
  static PanelLayout layout(MethodHandles.Lookup lookup) {
    return specialization(lookup).layout();
  }

  private static Specialization specialization(MethodHandles.Lookup lookup) {
    try {
      return MethodHandles.classData(lookup, "_", Specialization.class);
    } catch (IllegalAccessException e) {
      throw new TenzanException("cpu: " + lookup.lookupClass() + " was loaded without a vector width", e);
    }
  }
}
