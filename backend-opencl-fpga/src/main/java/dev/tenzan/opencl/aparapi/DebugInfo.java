package dev.tenzan.opencl.aparapi;

import com.aparapi.Kernel;
import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.Attributes;
import java.lang.classfile.ClassFile;
import java.lang.classfile.MethodModel;
import java.lang.classfile.attribute.CodeAttribute;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;
import java.lang.reflect.AccessFlag;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Whether a kernel was compiled with the names and types of its local variables ({@code javac -g}). Where they are missing Aparapi
 * guesses the types, logs that this is experimental, and goes on.
 */
final class DebugInfo {
  private DebugInfo() {}

  /** What is missing; null where nothing is. */
  static @Nullable String missing(Class<?> kernel) {
    for (Class<?> c = kernel; c != null && c != Kernel.class; c = c.getSuperclass()) {
      String file = c.getName().substring(c.getName().lastIndexOf('.') + 1) + ".class";
      try (InputStream in = c.getResourceAsStream(file)) {
        if (in == null) {
          return "the class file of " + c.getName() + " cannot be read, and Aparapi translates that";
        }
        for (MethodModel m : ClassFile.of().parse(in.readAllBytes()).methods()) {
          if (!m.flags().has(AccessFlag.SYNTHETIC) && hasUnnamed(m)) {
            return c.getName() + "." + m.methodName().stringValue() + " has local variables without names and types; compile with -g";
          }
        }
      } catch (IOException | IllegalArgumentException e) {
        return "the class file of " + c.getName() + " cannot be read: " + e;
      }
    }
    return null;
  }

  private static boolean hasUnnamed(MethodModel m) {
    Optional<CodeAttribute> code = m.findAttribute(Attributes.code());
    if (code.isEmpty() || code.get().findAttribute(Attributes.localVariableTable()).isPresent()) {
      return false;
    }
    int slots = m.flags().has(AccessFlag.STATIC) ? 0 : 1;
    MethodTypeDesc type = m.methodTypeSymbol();
    for (ClassDesc p : type.parameterArray()) {
      slots += p.descriptorString().equals("J") || p.descriptorString().equals("D") ? 2 : 1;
    }
    return code.get().maxLocals() > slots;
  }
}
