package dev.tenzan.opencl.aparapi;

import com.aparapi.Kernel;
import dev.tenzan.error.DeviceException;
import dev.tenzan.error.ShapeException;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The arrays in a kernel's fields, which are its operands. */
final class Fields {
  private Fields() {}

  /** Throws where no field holds the output's array: the kernel would compute something, and the tensor stay zero. */
  @SuppressWarnings("ReferenceEquality") // this very array
  static void checkOutput(String op, Kernel kernel, AparapiArrays arrays) {
    Object output = arrays.output();
    for (Field f : of(op, kernel)) {
      if (get(op, f, kernel) == output) {
        return;
      }
    }
    throw new ShapeException(
        "custom " + op + ": no field of " + kernel.getClass().getName()
            + " holds the output's array; set one to it in the binding");
  }

  /** Forgets the arrays of a launch, so that the kernel does not keep the contents of tensors alive. */
  static void clear(String op, Kernel kernel, AparapiArrays arrays) {
    for (Field f : of(op, kernel)) {
      if (!Modifier.isFinal(f.getModifiers()) && arrays.gave(get(op, f, kernel))) {
        try {
          f.set(kernel, null);
        } catch (IllegalAccessException e) {
          throw closed(op, f, e);
        }
      }
    }
  }

  private static List<Field> of(String op, Kernel kernel) {
    List<Field> all = new ArrayList<>();
    for (Class<?> c = kernel.getClass(); c != null && c != Kernel.class; c = c.getSuperclass()) {
      for (Field f : c.getDeclaredFields()) {
        if (f.getType().isArray()) {
          if (!f.trySetAccessible()) {
            throw closed(op, f, null);
          }
          all.add(f);
        }
      }
    }
    return all;
  }

  private static @Nullable Object get(String op, Field f, Kernel kernel) {
    try {
      return f.get(kernel);
    } catch (IllegalAccessException e) {
      throw closed(op, f, e);
    }
  }

  private static DeviceException closed(String op, Field f, @Nullable IllegalAccessException e) {
    return new DeviceException(
        "custom " + op + ": " + f + " is not accessible; open its package to the modules aparapi and dev.tenzan.opencl", e);
  }
}
