package dev.tenzan.cuda.sim;

import java.util.List;

/** How a result that does not fit is rounded (PTX ISA, "Rounding Modifiers"). */
enum Rounding {
  NEAREST,
  NEAREST_AWAY,
  ZERO,
  DOWN,
  UP;

  /** The floating-point rounding that an instruction's modifiers name; to the nearest even where they name none. */
  static Rounding of(List<String> modifiers) {
    for (String m : modifiers) {
      switch (m) {
        case "rn" -> {
          return NEAREST;
        }
        case "rna" -> {
          return NEAREST_AWAY;
        }
        case "rz" -> {
          return ZERO;
        }
        case "rm" -> {
          return DOWN;
        }
        case "rp" -> {
          return UP;
        }
        default -> {}
      }
    }
    return NEAREST;
  }

  boolean roundsUp(boolean negative, boolean odd, boolean half, boolean rest) {
    return switch (this) {
      case NEAREST -> half && (rest || odd);
      case NEAREST_AWAY -> half;
      case ZERO -> false;
      case DOWN -> negative && (half || rest);
      case UP -> !negative && (half || rest);
    };
  }

  boolean overflowsToInfinity(boolean negative) {
    return switch (this) {
      case NEAREST, NEAREST_AWAY -> true;
      case ZERO -> false;
      case DOWN -> negative;
      case UP -> !negative;
    };
  }
}
