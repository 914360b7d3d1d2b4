package dev.tenzan.cuda.sim;

import java.util.List;

/** A place in a list of tokens: what the parsers read through. */
final class Cursor {
  private final List<Token> tokens;
  private final String[] lines;
  private int at;

  Cursor(String text) {
    this.lines = text.split("\n", -1);
    this.tokens = Lexer.tokens(text);
  }

  Token peek() {
    return tokens.get(at);
  }

  Token peek(int ahead) {
    return tokens.get(Math.min(at + ahead, tokens.size() - 1));
  }

  Token take() {
    Token t = tokens.get(at);
    if (t.kind() != Token.Kind.END) {
      at++;
    }
    return t;
  }

  boolean atEnd() {
    return peek().kind() == Token.Kind.END;
  }

  /** Takes a token where it is the next one. */
  boolean accept(String text) {
    if (peek().is(text)) {
      at++;
      return true;
    }
    return false;
  }

  void expect(String text) {
    if (!accept(text)) {
      throw error("'" + text + "' expected, not '" + peek().text() + "'");
    }
  }

  String word(String what) {
    if (peek().kind() != Token.Kind.WORD) {
      throw error(what + " expected, not '" + peek().text() + "'");
    }
    return take().text();
  }

  /** Skips to the end of the line that the cursor is on. */
  void skipLine() {
    int line = peek().line();
    while (!atEnd() && peek().line() == line) {
      at++;
    }
  }

  String text(int line) {
    return lines[line - 1];
  }

  SourceLine source(int line) {
    return new SourceLine(line, lines[line - 1]);
  }

  PtxException error(String reason) {
    return error(peek().line(), reason);
  }

  PtxException error(int line, String reason) {
    return new PtxException(line, text(line), reason);
  }

  /** An integer constant with an optional sign (PTX ISA, "Integer Constants"). */
  long integer() {
    boolean negative = accept("-");
    if (peek().kind() != Token.Kind.NUMBER) {
      throw error("a number expected, not '" + peek().text() + "'");
    }
    long value = integer(peek());
    take();
    return negative ? -value : value;
  }

  private long integer(Token token) {
    String t = token.text();
    if (t.endsWith("U")) {
      t = t.substring(0, t.length() - 1);
    }
    try {
      if (t.startsWith("0x") || t.startsWith("0X")) {
        return Long.parseUnsignedLong(t.substring(2), 16);
      } else if (t.startsWith("0b") || t.startsWith("0B")) {
        return Long.parseUnsignedLong(t.substring(2), 2);
      } else if (t.length() > 1 && t.startsWith("0")) {
        return Long.parseUnsignedLong(t.substring(1), 8);
      }
      return Long.parseUnsignedLong(t);
    } catch (NumberFormatException e) {
      throw error(token.line(), "the number '" + token.text() + "' is not understood");
    }
  }

  /** An integer or floating-point constant with an optional sign. */
  Operand constant() {
    String t = peek(peek().is("-") ? 1 : 0).text();
    boolean real = t.startsWith("0f") || t.startsWith("0F") || t.startsWith("0d") || t.startsWith("0D")
        || (!t.startsWith("0x") && !t.startsWith("0X") && (t.indexOf('.') >= 0 || t.indexOf('e') >= 0 || t.indexOf('E') >= 0));
    if (!real) {
      return new Operand.Int(integer());
    }
    boolean negative = accept("-");
    Token token = take();
    boolean single = t.charAt(1) == 'f' || t.charAt(1) == 'F';
    double value;
    try {
      if (single) {
        value = Float.intBitsToFloat(Integer.parseUnsignedInt(t.substring(2), 16));
      } else if (t.charAt(1) == 'd' || t.charAt(1) == 'D') {
        value = Double.longBitsToDouble(Long.parseUnsignedLong(t.substring(2), 16));
      } else {
        value = Double.parseDouble(t);
      }
    } catch (NumberFormatException e) {
      throw error(token.line(), "the number '" + t + "' is not understood");
    }
    return new Operand.Real(negative ? -value : value, single);
  }
}
