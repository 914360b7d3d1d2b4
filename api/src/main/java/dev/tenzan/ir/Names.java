package dev.tenzan.ir;

import java.util.Locale;

/** Turns constant names into the names of the public methods: {@code FLOOR_DIVIDE} to {@code floorDivide}. */
final class Names {
  private Names() {}

  static String label(Enum<?> constant) {
    StringBuilder s = new StringBuilder();
    for (String word : constant.name().toLowerCase(Locale.ROOT).split("_")) {
      s.append(s.isEmpty() ? word : Character.toUpperCase(word.charAt(0)) + word.substring(1));
    }
    return s.toString();
  }
}
