package dev.tenzan.io;

import dev.tenzan.error.FormatException;

/**
 * A position in a JSON text from which a caller takes the tokens that it expects; everything else is an error. There is no tree, so
 * a hostile text can neither nest deeply nor build large objects. Numbers are integers of 0 or more.
 */
final class JsonCursor {
  private final String what;
  private final String text;
  private int at;

  JsonCursor(String what, String text) {
    this.what = what;
    this.text = text;
  }

  FormatException bad(String problem) {
    return new FormatException(what + ": bad header: " + problem + " at character " + at + "; the file is damaged");
  }

  private char peek() {
    while (at < text.length() && " \t\n\r".indexOf(text.charAt(at)) >= 0) {
      at++;
    }
    return at < text.length() ? text.charAt(at) : 0;
  }

  void expect(char c) {
    if (peek() != c) {
      throw bad("'" + c + "' expected");
    }
    at++;
  }

  /** Takes a character where it is next. */
  boolean accept(char c) {
    boolean next = peek() == c;
    at += next ? 1 : 0;
    return next;
  }

  void end() {
    if (peek() != 0 || at < text.length()) {
      throw bad("nothing more expected");
    }
  }

  /** The elements of an array or object: runs the action for each until the closing bracket. */
  void each(char open, char close, Runnable element) {
    expect(open);
    if (accept(close)) {
      return;
    }
    do {
      element.run();
    } while (accept(','));
    expect(close);
  }

  String key() {
    String key = string();
    expect(':');
    return key;
  }

  long integer() {
    peek();
    int start = at;
    while (at < text.length() && text.charAt(at) >= '0' && text.charAt(at) <= '9') {
      at++;
    }
    String digits = text.substring(start, at);
    if (digits.length() > 1 && digits.startsWith("0")) {
      throw bad("a number with leading zeros");
    }
    try {
      return Long.parseLong(digits);
    } catch (NumberFormatException e) {
      throw bad("an integer from 0 to 2^63-1 expected");
    }
  }

  String string() {
    expect('"');
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

  /** Appends a text as a JSON string. */
  static void quote(StringBuilder out, String s) {
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
