package dev.tenzan.opencl.aparapi;

import dev.tenzan.error.DeviceException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The jars that Aparapi needs at run time, which Tenzan does not bring. */
final class Jars {
  /** A class of each. */
  private static final List<Map.Entry<String, String>> NEEDED =
      List.of(
          Map.entry("com.aparapi.Kernel", "com.aparapi:aparapi:3.0.2"),
          Map.entry("com.aparapi.natives.NativeLoader", "com.aparapi:aparapi-jni:1.4.3"),
          Map.entry("org.apache.bcel.Repository", "org.apache.bcel:bcel:6.5.0"));

  private Jars() {}

  /** Throws where one is missing. */
  static void check(ClassLoader loader) {
    List<String> missing = new ArrayList<>();
    for (Map.Entry<String, String> e : NEEDED) {
      try {
        Class.forName(e.getKey(), false, loader);
      } catch (ClassNotFoundException _) {
        missing.add(e.getValue());
      }
    }
    if (!missing.isEmpty()) {
      throw new DeviceException(
          "AparapiKernel: Aparapi is optional, and not found here: add " + String.join(", ", missing)
              + " to the dependencies (docs/aparapi.md)");
    }
  }
}
