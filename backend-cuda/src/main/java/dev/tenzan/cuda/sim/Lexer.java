package dev.tenzan.cuda.sim;

import java.util.ArrayList;
import java.util.List;

/** Cuts PTX text into tokens (PTX ISA, "Syntax"): comments go, dots stay inside words. */
final class Lexer {
  private final String text;
  private final String[] lines;
  private final List<Token> tokens = new ArrayList<>();
  private int at;
  private int line = 1;

  private Lexer(String text) {
    this.text = text;
    this.lines = text.split("\n", -1);
  }

  static List<Token> tokens(String text) {
    Lexer lexer = new Lexer(text);
    lexer.run();
    return lexer.tokens;
  }

  private void run() {
    while (at < text.length()) {
      char c = text.charAt(at);
      if (c == '\n') {
        line++;
        at++;
      } else if (c <= ' ') {
        at++;
      } else if (c == '/' && next() == '/') {
        skipTo(text.indexOf('\n', at), text.length());
      } else if (c == '/' && next() == '*') {
        comment();
      } else if (c == '"') {
        string();
      } else if (c >= '0' && c <= '9') {
        take(Token.Kind.NUMBER);
      } else if (isWord(c)) {
        take(Token.Kind.WORD);
      } else if ("{}()[]<>,;:=@!|+-*~&^?".indexOf(c) >= 0) {
        tokens.add(new Token(Token.Kind.SYMBOL, String.valueOf(c), line));
        at++;
      } else {
        throw error("the character '" + c + "' is not understood");
      }
    }
    tokens.add(new Token(Token.Kind.END, "the end of the text", line));
  }

  private char next() {
    return at + 1 < text.length() ? text.charAt(at + 1) : 0;
  }

  private void skipTo(int where, int otherwise) {
    at = where < 0 ? otherwise : where;
  }

  private void comment() {
    int end = text.indexOf("*/", at + 2);
    if (end < 0) {
      throw error("a comment has no end");
    }
    for (int i = at; i < end; i++) {
      if (text.charAt(i) == '\n') {
        line++;
      }
    }
    at = end + 2;
  }

  private void string() {
    int end = at + 1;
    while (end < text.length() && text.charAt(end) != '"' && text.charAt(end) != '\n') {
      end += text.charAt(end) == '\\' ? 2 : 1;
    }
    if (end >= text.length() || text.charAt(end) != '"') {
      throw error("a string has no end");
    }
    tokens.add(new Token(Token.Kind.STRING, text.substring(at + 1, end), line));
    at = end + 1;
  }

  private void take(Token.Kind kind) {
    int start = at;
    at++;
    while (at < text.length()) {
      char c = text.charAt(at);
      if (isWord(c) || (c >= '0' && c <= '9')) {
        at++;
      } else if (c == ':' && next() == ':') { // .shared::cta, .L2::128B
        at += 2;
      } else {
        break;
      }
    }
    tokens.add(new Token(kind, text.substring(start, at), line));
  }

  private static boolean isWord(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$' || c == '%' || c == '.';
  }

  private PtxException error(String reason) {
    return new PtxException(line, lines[line - 1], reason);
  }
}
