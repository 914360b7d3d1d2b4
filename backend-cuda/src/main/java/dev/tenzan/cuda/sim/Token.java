package dev.tenzan.cuda.sim;

/** A lexical element of PTX text; words keep their dots, so {@code ld.global.f32} and {@code %tid.x} are one token each. */
record Token(Kind kind, String text, int line) {
  enum Kind {
    WORD,
    NUMBER,
    STRING,
    SYMBOL,
    END
  }

  boolean is(String expected) {
    return text.equals(expected) && kind != Kind.STRING;
  }
}
