package dev.tenzan.cuda.sim;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A PTX type (PTX ISA, "Types"): its width in bits and how its bits are read. */
enum Type {
  PRED(1, Kind.PREDICATE),
  B8(8, Kind.BITS),
  U8(8, Kind.UNSIGNED),
  S8(8, Kind.SIGNED),
  B16(16, Kind.BITS),
  U16(16, Kind.UNSIGNED),
  S16(16, Kind.SIGNED),
  F16(16, Kind.FLOAT),
  BF16(16, Kind.FLOAT),
  B32(32, Kind.BITS),
  U32(32, Kind.UNSIGNED),
  S32(32, Kind.SIGNED),
  F32(32, Kind.FLOAT),
  TF32(32, Kind.FLOAT),
  F16X2(32, Kind.PACKED),
  BF16X2(32, Kind.PACKED),
  U16X2(32, Kind.PACKED),
  S16X2(32, Kind.PACKED),
  B64(64, Kind.BITS),
  U64(64, Kind.UNSIGNED),
  S64(64, Kind.SIGNED),
  F64(64, Kind.FLOAT),
  B128(128, Kind.BITS);

  enum Kind {
    PREDICATE,
    BITS,
    UNSIGNED,
    SIGNED,
    FLOAT,
    PACKED
  }

  private static final Map<String, Type> BY_NAME = new HashMap<>();

  static {
    for (Type t : values()) {
      BY_NAME.put(t.name().toLowerCase(Locale.ROOT), t);
    }
  }

  final int bits;
  final Kind kind;

  Type(int bits, Kind kind) {
    this.bits = bits;
    this.kind = kind;
  }

  /** The type that a word names without its dot, or null. */
  static @Nullable Type named(String word) {
    return BY_NAME.get(word);
  }

  int bytes() {
    return Math.max(1, bits / 8);
  }

  boolean signed() {
    return kind == Kind.SIGNED;
  }

  boolean isFloat() {
    return kind == Kind.FLOAT;
  }

  /** Whether it is an integer, or bits that are read as an unsigned one. */
  boolean isInteger() {
    return kind == Kind.SIGNED || kind == Kind.UNSIGNED || kind == Kind.BITS;
  }

  long mask() {
    return bits >= 64 ? -1L : (1L << bits) - 1;
  }

  /** How far to shift left and back right so that the low bits become this type's value in 64 bits; 0 where they are it already. */
  int extension() {
    return signed() && bits < 64 ? 64 - bits : 0;
  }

  String text() {
    return "." + name().toLowerCase(Locale.ROOT);
  }
}
