package dev.tenzan.bench.output;

import java.util.Collection;
import java.util.Iterator;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A writer of JSON (RFC 8259), indented by two blanks. Maps become objects in their order, collections and {@code double[]}
 * arrays; numbers keep every digit that tells them apart, and NaN and infinities, which JSON lacks, become {@code null}.
 */
public final class Json {
  private final StringBuilder out = new StringBuilder();

  private Json() {}

  /**
   * The JSON text of a value, with a line break at its end.
   *
   * @throws IllegalArgumentException where it holds something else than maps with string keys, collections, {@code double[]},
   *     strings, numbers, booleans, enums and null
   */
  public static String write(@Nullable Object value) {
    Json json = new Json();
    json.value(value, 0);
    return json.out.append('\n').toString();
  }

  private void value(@Nullable Object value, int depth) {
    switch (value) {
      case null -> out.append("null");
      case String s -> string(s);
      case Enum<?> e -> string(e.toString());
      case Boolean b -> out.append(b.booleanValue());
      case Double d -> number(d);
      case Float f -> out.append(Float.isFinite(f) ? f.toString() : "null");
      case Number n -> out.append(n);
      case Map<?, ?> m -> object(m, depth);
      case Collection<?> c -> array(c.iterator(), depth);
      case double[] a -> numbers(a);
      default -> throw new IllegalArgumentException("json: no form for " + value.getClass().getName());
    }
  }

  private void number(double d) {
    if (!Double.isFinite(d)) {
      out.append("null");
    } else if (d == Math.rint(d) && Math.abs(d) < 1e15) {
      out.append((long) d);
    } else {
      out.append(d);
    }
  }

  private void numbers(double[] values) {
    out.append('[');
    for (int i = 0; i < values.length; i++) {
      out.append(i == 0 ? "" : ", ");
      number(values[i]);
    }
    out.append(']');
  }

  private void object(Map<?, ?> map, int depth) {
    Iterator<? extends Map.Entry<?, ?>> entries = map.entrySet().iterator();
    if (!entries.hasNext()) {
      out.append("{}");
      return;
    }
    out.append('{');
    while (entries.hasNext()) {
      Map.Entry<?, ?> e = entries.next();
      line(depth + 1);
      if (!(e.getKey() instanceof String key)) {
        throw new IllegalArgumentException("json: an object's keys are strings, not " + e.getKey());
      }
      string(key);
      out.append(": ");
      value(e.getValue(), depth + 1);
      out.append(entries.hasNext() ? "," : "");
    }
    line(depth);
    out.append('}');
  }

  private void array(Iterator<?> elements, int depth) {
    if (!elements.hasNext()) {
      out.append("[]");
      return;
    }
    out.append('[');
    while (elements.hasNext()) {
      line(depth + 1);
      value(elements.next(), depth + 1);
      out.append(elements.hasNext() ? "," : "");
    }
    line(depth);
    out.append(']');
  }

  private void line(int depth) {
    out.append('\n').repeat(' ', 2 * depth);
  }

  private void string(String s) {
    out.append('"');
    for (int i = 0; i < s.length(); i++) {
      char c = s.charAt(i);
      switch (c) {
        case '"' -> out.append("\\\"");
        case '\\' -> out.append("\\\\");
        case '\n' -> out.append("\\n");
        case '\r' -> out.append("\\r");
        case '\t' -> out.append("\\t");
        default -> {
          // A lone surrogate has no UTF-8 form, so it is escaped like a control character.
          boolean pair =
              Character.isHighSurrogate(c) && i + 1 < s.length() && Character.isLowSurrogate(s.charAt(i + 1));
          if (pair) {
            out.append(c).append(s.charAt(++i));
          } else if (c < 0x20 || Character.isSurrogate(c)) {
            out.append("\\u%04x".formatted((int) c));
          } else {
            out.append(c);
          }
        }
      }
    }
    out.append('"');
  }
}
