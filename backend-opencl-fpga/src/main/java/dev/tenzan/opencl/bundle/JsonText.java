package dev.tenzan.opencl.bundle;

import dev.tenzan.error.FormatException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A strict reader and writer of JSON (RFC 8259). Objects become maps in their order, arrays lists, integers {@code Long}, other numbers
 * {@code Double}. A key that stands twice, nesting beyond a limit and anything behind the end are errors: what reads a manifest must
 * not see another text than what checked it.
 */
public final class JsonText {
  private static final int DEPTH = 32;
  private static final Pattern NUMBER = Pattern.compile("-?(0|[1-9][0-9]{0,17})(\\.[0-9]{1,30})?([eE][+-]?[0-9]{1,3})?");

  private final String what;
  private final String text;
  private int at;

  private JsonText(String what, String text) {
    this.what = what;
    this.text = text;
  }

  /**
   * The value of a text.
   *
   * @param what the text's name for messages
   * @throws FormatException where it is no JSON
   */
  public static @Nullable Object parse(String what, String text) {
    JsonText json = new JsonText(what, text);
    Object value = json.value(0);
    json.blanks();
    if (json.at != text.length()) {
      throw json.bad("nothing more expected");
    }
    return value;
  }

  private FormatException bad(String problem) {
    return new FormatException(what + ": no JSON: " + problem + " at character " + at + "; write it again");
  }

  private void blanks() {
    while (at < text.length() && " \t\n\r".indexOf(text.charAt(at)) >= 0) {
      at++;
    }
  }

  private boolean accept(char c) {
    blanks();
    boolean next = at < text.length() && text.charAt(at) == c;
    at += next ? 1 : 0;
    return next;
  }

  private void expect(char c) {
    if (!accept(c)) {
      throw bad("'" + c + "' expected");
    }
  }

  private @Nullable Object value(int depth) {
    if (depth > DEPTH) {
      throw bad("more than " + DEPTH + " levels");
    }
    blanks();
    char c = at < text.length() ? text.charAt(at) : 0;
    return switch (c) {
      case '{' -> object(depth);
      case '[' -> array(depth);
      case '"' -> string();
      case 't' -> word("true", Boolean.TRUE);
      case 'f' -> word("false", Boolean.FALSE);
      case 'n' -> word("null", null);
      default -> number();
    };
  }

  private @Nullable Object word(String word, @Nullable Object value) {
    if (!text.startsWith(word, at)) {
      throw bad("a value expected");
    }
    at += word.length();
    return value;
  }

  private Object number() {
    Matcher m = NUMBER.matcher(text).region(at, text.length());
    if (!m.lookingAt()) {
      throw bad("a value expected");
    }
    at = m.end();
    boolean integer = m.group(2) == null && m.group(3) == null;
    return integer ? (Object) Long.valueOf(m.group()) : (Object) Double.valueOf(m.group());
  }

  private Map<String, @Nullable Object> object(int depth) {
    Map<String, @Nullable Object> map = new LinkedHashMap<>();
    expect('{');
    if (accept('}')) {
      return map;
    }
    do {
      blanks();
      String key = string();
      expect(':');
      if (map.containsKey(key)) {
        throw bad("the key '" + key + "' stands twice");
      }
      map.put(key, value(depth + 1));
    } while (accept(','));
    expect('}');
    return map;
  }

  private List<@Nullable Object> array(int depth) {
    List<@Nullable Object> list = new ArrayList<>();
    expect('[');
    if (accept(']')) {
      return list;
    }
    do {
      list.add(value(depth + 1));
    } while (accept(','));
    expect(']');
    return list;
  }

  private String string() {
    if (at >= text.length() || text.charAt(at) != '"') {
      throw bad("a string expected");
    }
    at++;
    StringBuilder s = new StringBuilder();
    while (true) {
      if (at == text.length()) {
        throw bad("a string does not end");
      }
      char c = text.charAt(at++);
      if (c == '"') {
        return s.toString();
      }
      if (c < ' ') {
        throw bad("a control character in a string");
      }
      s.append(c == '\\' ? escape() : c);
    }
  }

  private char escape() {
    char c = at < text.length() ? text.charAt(at++) : 0;
    return switch (c) {
      case '"', '\\', '/' -> c;
      case 'b' -> '\b';
      case 'f' -> '\f';
      case 'n' -> '\n';
      case 'r' -> '\r';
      case 't' -> '\t';
      case 'u' -> unicode();
      default -> throw bad("an unknown escape in a string");
    };
  }

  private char unicode() {
    int code = 0;
    for (int i = 0; i < 4; i++) {
      int digit = at < text.length() ? Character.digit(text.charAt(at), 16) : -1;
      if (digit < 0 || text.charAt(at) > 'f') {
        throw bad("four hexadecimal digits expected");
      }
      code = code << 4 | digit;
      at++;
    }
    return (char) code;
  }

  /**
   * The text of a value of maps, lists, strings, integers, booleans and null, with a line break at its end.
   *
   * @throws IllegalArgumentException where it holds something else
   */
  public static String write(@Nullable Object value) {
    StringBuilder out = new StringBuilder();
    write(out, value, 0);
    return out.append('\n').toString();
  }

  private static void write(StringBuilder out, @Nullable Object value, int depth) {
    switch (value) {
      case null -> out.append("null");
      case String s -> quote(out, s);
      case Boolean b -> out.append(b.booleanValue());
      case Integer n -> out.append(n.intValue());
      case Long n -> out.append(n.longValue());
      case Map<?, ?> m -> {
        Iterator<? extends Map.Entry<?, ?>> entries = m.entrySet().iterator();
        out.append('{');
        while (entries.hasNext()) {
          Map.Entry<?, ?> e = entries.next();
          line(out, depth + 1);
          quote(out, String.valueOf(e.getKey()));
          out.append(": ");
          write(out, e.getValue(), depth + 1);
          out.append(entries.hasNext() ? "," : "");
        }
        line(out, depth);
        out.append('}');
      }
      case List<?> list -> {
        out.append('[');
        for (int i = 0; i < list.size(); i++) {
          line(out, depth + 1);
          write(out, list.get(i), depth + 1);
          out.append(i + 1 < list.size() ? "," : "");
        }
        line(out, depth);
        out.append(']');
      }
      default -> throw new IllegalArgumentException("json: no form for " + value.getClass().getName());
    }
  }

  private static void line(StringBuilder out, int depth) {
    out.append('\n').repeat(' ', 2 * depth);
  }

  private static void quote(StringBuilder out, String s) {
    out.append('"');
    for (int i = 0; i < s.length(); i++) {
      char c = s.charAt(i);
      if (c == '"' || c == '\\') {
        out.append('\\').append(c);
      } else if (c < ' ' || Character.isSurrogate(c)) {
        out.append(String.format("\\u%04x", (int) c));
      } else {
        out.append(c);
      }
    }
    out.append('"');
  }
}
