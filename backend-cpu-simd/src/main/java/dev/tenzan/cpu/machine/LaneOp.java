package dev.tenzan.cpu.machine;

/**
 * Vector instructions of AVX-512 that exist for lanes of 32 and of 64 bits alike, which the W bit tells apart. Encodings: Intel SDM, volume
 * 2, each instruction's page.
 */
public enum LaneOp {
  ADD(Kind.FLOAT, Map.F, 0x58),
  MULTIPLY(Kind.FLOAT, Map.F, 0x59),
  SUBTRACT(Kind.FLOAT, Map.F, 0x5C),
  /** The lesser; the second source where one is NaN, or both are zeros. */
  MIN(Kind.FLOAT, Map.F, 0x5D),
  DIVIDE(Kind.FLOAT, Map.F, 0x5E),
  /** The greater; the second source where one is NaN, or both are zeros. */
  MAX(Kind.FLOAT, Map.F, 0x5F),
  /** Has one source, the second. */
  SQUARE_ROOT(Kind.FLOAT, Map.F, 0x51),
  /** Sets a mask to a comparison, which a constant names. */
  COMPARE(Kind.FLOAT, Map.F, 0xC2),
  LOAD(Kind.FLOAT, Map.F, 0x10),
  STORE(Kind.FLOAT, Map.F, 0x11),
  /** Stores a whole vector past the caches, at a multiple of its size. */
  STREAM(Kind.FLOAT, Map.F, 0x2B),
  /** {@code to = to * second + first}. */
  FMA132(Kind.INTEGER, Map.F38, 0x98),
  /** {@code to = first * to + second}. */
  FMA213(Kind.INTEGER, Map.F38, 0xA8),
  /** {@code to = first * second + to}. */
  FMA231(Kind.INTEGER, Map.F38, 0xB8),
  /** {@code to = second - first * to}. */
  FNMA213(Kind.INTEGER, Map.F38, 0xAC),
  /** {@code to = first * 2^second}, rounded once; the exponent is rounded down to an integer. */
  SCALE(Kind.INTEGER, Map.F38, 0x2C),
  /** The lesser or the greater (a constant says which) as IEEE 754 orders zeros; a number wins over NaN. */
  RANGE(Kind.INTEGER, Map.F3A, 0x50),
  ADD_INTEGERS(Kind.INTEGER, Map.F, 0xFE, 0xD4),
  SUBTRACT_INTEGERS(Kind.INTEGER, Map.F, 0xFA, 0xFB),
  MULTIPLY_INTEGERS(Kind.INTEGER, Map.F38, 0x40),
  AND(Kind.INTEGER, Map.F, 0xDB),
  OR(Kind.INTEGER, Map.F, 0xEB),
  XOR(Kind.INTEGER, Map.F, 0xEF),
  MIN_INTEGERS(Kind.INTEGER, Map.F38, 0x39),
  MAX_INTEGERS(Kind.INTEGER, Map.F38, 0x3D),
  MAX_UNSIGNED(Kind.INTEGER, Map.F38, 0x3F),
  /** Has one source, the second. */
  ABS_INTEGERS(Kind.INTEGER, Map.F38, 0x1E, 0x1F),
  SHIFT_LEFT(Kind.INTEGER, Map.F38, 0x47),
  /** Shifts to the right, filling with zeros. */
  SHIFT_RIGHT(Kind.INTEGER, Map.F38, 0x45),
  /** Shifts to the right, copying the sign. */
  SHIFT_SIGN(Kind.INTEGER, Map.F38, 0x46),
  /** Any function of the bits of the target and both sources: bit {@code 4 target + 2 first + second} of a constant. */
  TERNARY_LOGIC(Kind.INTEGER, Map.F3A, 0x25),
  /** The second source where the mask is set, else the first. */
  BLEND(Kind.INTEGER, Map.F38, 0x64),
  /** Sets a mask to where both sources have a bit in common. */
  TEST(Kind.INTEGER, Map.F38, 0x27),
  /** Sets a mask to a comparison, which a constant names. */
  COMPARE_INTEGERS(Kind.INTEGER, Map.F3A, 0x1F),
  COMPARE_UNSIGNED(Kind.INTEGER, Map.F3A, 0x1E),
  /** Copies one number in memory to all lanes. */
  BROADCAST(Kind.INTEGER, Map.F38, 0x58, 0x59),
  /** Selects lanes of the second source by the numbers in the first. */
  PERMUTE(Kind.INTEGER, Map.F38, 0x36),
  /** Selects lanes by the numbers in the first source: of the target, and behind those of the second source. */
  PERMUTE_TWO(Kind.INTEGER, Map.F38, 0x7E),
  /** Selects parts of 128 bits, two from each source, by a constant. */
  SHUFFLE_PARTS(Kind.INTEGER, Map.F3A, 0x43),
  /** Stores the first lane. */
  STORE_FIRST(Kind.FIRST, Map.F, 0x7E),
  /** Sets a mask to the signs of the lanes; one source, the second. */
  SIGNS(Kind.SIGN, Map.F38, 0x39);

  private static final class Map {
    static final int F = 1;
    static final int F38 = 2;
    static final int F3A = 3;
  }

  /** What the prefix of an instruction depends on. */
  private enum Kind {
    FLOAT,
    INTEGER,
    FIRST,
    SIGN
  }

  final int map;
  private final Kind kind;
  private final int narrow;
  private final int wide;

  LaneOp(Kind kind, int map, int opcode) {
    this(kind, map, opcode, opcode);
  }

  LaneOp(Kind kind, int map, int opcode, int opcodeOfWide) {
    this.kind = kind;
    this.map = map;
    this.narrow = opcode;
    this.wide = opcodeOfWide;
  }

  /** The opcode for lanes of 64 bits, or of 32. */
  int opcode(boolean isWide) {
    return isWide ? wide : narrow;
  }

  /** The implied prefix, as {@link VectorOp#prefix} counts. */
  int prefix(boolean isWide) {
    return switch (kind) {
      case FLOAT -> isWide ? 1 : 0;
      case INTEGER, FIRST -> 1;
      case SIGN -> 2;
    };
  }

  /** The vector length of an instruction in the form of EVEX. */
  int length(VectorForm form) {
    return kind == Kind.FIRST ? 0 : form.length();
  }

  /** The bytes that a distance of one byte counts in. */
  int unit(VectorForm form) {
    return kind == Kind.FIRST || this == BROADCAST ? form.laneBytes() : form.bytes();
  }
}
