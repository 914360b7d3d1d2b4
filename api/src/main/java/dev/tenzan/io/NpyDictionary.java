package dev.tenzan.io;

import dev.tenzan.error.FormatException;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The Python dictionary in the header of an npy array: exactly the keys {@code descr}, {@code fortran_order} and {@code shape}, in
 * any order.
 *
 * @param descr the element type as NumPy writes it, for example {@code <f8}; not empty
 * @param fortran whether the first axis varies fastest
 * @param dims the extents as they stand in the file
 */
record NpyDictionary(String descr, boolean fortran, long[] dims) {
  /** NumPy's own limit. */
  private static final int MAX_RANK = 64;

  static NpyDictionary parse(String what, String text) {
    return new Parser(what, text).dictionary();
  }

  private static final class Parser {
    private final String what;
    private final String text;
    private int at;

    Parser(String what, String text) {
      this.what = what;
      this.text = text;
    }

    NpyDictionary dictionary() {
      String descr = null;
      Boolean fortran = null;
      long[] dims = null;
      expect('{');
      while (peek() != '}') {
        String key = string();
        expect(':');
        switch (key) {
          case "descr" -> descr = once(key, descr, type());
          case "fortran_order" -> fortran = once(key, fortran, bool());
          case "shape" -> dims = once(key, dims, tuple());
          default -> throw bad("key '" + key + "' is not one of descr, fortran_order, shape");
        }
        if (peek() != '}') {
          expect(',');
        }
      }
      expect('}');
      if (peek() != 0) {
        throw bad("text follows the dictionary at character " + at);
      }
      if (descr == null || fortran == null || dims == null) {
        throw bad("one of descr, fortran_order, shape is missing");
      }
      return new NpyDictionary(descr, fortran, dims);
    }

    private <T> T once(String key, @Nullable T before, T value) {
      if (before != null) {
        throw bad("key '" + key + "' appears twice");
      }
      return value;
    }

    private FormatException bad(String problem) {
      return new FormatException(what + ": bad npy header: " + problem + "; the file is damaged or not from NumPy");
    }

    /** The next character that is no blank, not taken; 0 at the end. */
    private char peek() {
      while (at < text.length() && (text.charAt(at) == ' ' || text.charAt(at) == '\n')) {
        at++;
      }
      return at < text.length() ? text.charAt(at) : 0;
    }

    private void expect(char c) {
      if (peek() != c) {
        throw bad("'" + c + "' expected at character " + at);
      }
      at++;
    }

    private String string() {
      char quote = peek();
      int end = quote == '\'' || quote == '"' ? text.indexOf(quote, at + 1) : -1;
      if (end < 0) {
        throw bad("a quoted string expected at character " + at);
      }
      String s = text.substring(at + 1, end);
      at = end + 1;
      return s;
    }

    /** A structured type is a list; it is named and refused here, since its fields cannot be told from damage later. */
    private String type() {
      if (peek() == '[') {
        String rest = text.substring(at, Math.min(text.length(), at + 60));
        throw new FormatException(
            what + ": structured dtype " + rest + "... has no counterpart; save each field as an array of its own");
      }
      String s = string();
      if (s.isEmpty()) {
        throw bad("the dtype is empty");
      }
      return s;
    }

    private boolean bool() {
      peek();
      for (String word : new String[] {"True", "False"}) {
        if (text.startsWith(word, at)) {
          at += word.length();
          return word.equals("True");
        }
      }
      throw bad("True or False expected at character " + at);
    }

    private long[] tuple() {
      long[] dims = new long[MAX_RANK];
      int rank = 0;
      boolean comma = false;
      expect('(');
      while (peek() != ')') {
        if (rank == MAX_RANK) {
          throw bad("the shape has more than " + MAX_RANK + " axes");
        }
        dims[rank++] = integer();
        comma = peek() == ',';
        if (comma) {
          at++;
        } else if (peek() != ')') {
          throw bad("',' or ')' expected at character " + at);
        }
      }
      expect(')');
      if (rank == 1 && !comma) {
        throw bad("the shape is a number, not a tuple");
      }
      return Arrays.copyOf(dims, rank);
    }

    private long integer() {
      peek();
      int start = at;
      if (at < text.length() && text.charAt(at) == '-') {
        at++;
      }
      while (at < text.length() && text.charAt(at) >= '0' && text.charAt(at) <= '9') {
        at++;
      }
      String digits = text.substring(start, at);
      if (at < text.length() && text.charAt(at) == 'L') {
        at++; // Python 2 wrote long integers so.
      }
      try {
        return Long.parseLong(digits);
      } catch (NumberFormatException e) {
        throw bad("extent '" + digits + "' at character " + start + " is no 64-bit integer");
      }
    }
  }
}
