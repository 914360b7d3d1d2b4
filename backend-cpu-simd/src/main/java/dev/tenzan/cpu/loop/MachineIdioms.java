package dev.tenzan.cpu.loop;

import dev.tenzan.cpu.machine.VectorSet;
import dev.tenzan.scalar.Instr;
import dev.tenzan.scalar.MathF32;
import dev.tenzan.scalar.MathF64;
import dev.tenzan.scalar.ScalarBuilder;
import dev.tenzan.scalar.ScalarOp;
import dev.tenzan.scalar.ScalarProgram;
import dev.tenzan.type.Affine;
import dev.tenzan.type.DType;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The values of a body that fewer instructions compute than its program has, with the same bits; what nobody else reads of the program is left
 * out.
 */
final class MachineIdioms {
  private static final int[] NONE = {};

  /** What a value is. */
  enum Kind {
    /**
     * The lesser of two floats, as a selection by a comparison gives it, which the bounds of an argument are: the second where one is NaN, or
     * both are zeros (Intel SDM, MINPS).
     */
    LESSER,
    /** The greater of two floats, likewise (MAXPS). */
    GREATER,
    /** A number times a power of two, whose exponent is a float: the last step of exp and exp2 (VSCALEFPS). */
    SCALED,
    /** An integer with the bits of another one that a constant names: a magnitude with a sign (VPTERNLOGD). */
    WITH_BITS,
    /** A quotient whose divisor is the same for all points of a row: see {@link MachineQuotients}. */
    QUOTIENT
  }

  /**
   * What computes a value.
   *
   * @param operands what it reads
   */
  record Idiom(Kind kind, int[] operands) {}

  /** The functions that end with a power of two. */
  private static final List<Scaling> SCALINGS =
      List.of(
          Scaling.of(DType.F32, MathF32::exp), Scaling.of(DType.F32, MathF32::exp2),
          Scaling.of(DType.F64, MathF64::exp), Scaling.of(DType.F64, MathF64::exp2));

  private final LoopBody body;
  private final boolean scales;
  private final @Nullable Idiom[] idioms;
  private final boolean[] unread;

  /**
   * The idioms of a body.
   *
   * @param set the vectors of the machine code: not all have an instruction for {@link Kind#SCALED}
   * @param divides whether quotients are among them, which want registers for each row
   */
  MachineIdioms(LoopBody body, VectorSet set, boolean divides) {
    this.body = body;
    this.scales = set == VectorSet.AVX512;
    int size = body.code().size();
    this.idioms = new Idiom[size];
    boolean[] fixed = body.rowInvariant();
    for (int v = 0; v < size; v++) {
      idioms[v] = find(v, divides && !fixed[v] ? fixed : null);
    }
    boolean[] read = new boolean[size];
    body.outs().forEach(o -> read[o.value()] = true);
    for (int v = size - 1; v >= 0; v--) {
      if (read[v]) {
        for (int operand : reads(v)) {
          read[operand] = true;
        }
      }
    }
    this.unread = new boolean[size];
    for (int v = 0; v < size; v++) {
      unread[v] = !read[v];
    }
  }

  private @Nullable Idiom find(int v, boolean @Nullable [] fixed) {
    return switch (body.code().get(v)) {
      case Instr.Ternary t -> bound(t);
      case Instr.Binary b when scales && b.op() == ScalarOp.MUL && b.type().isFloat() -> scaled(v);
      case Instr.Binary b when b.op() == ScalarOp.OR && !b.type().isFloat() && b.type() != DType.BOOL -> withBits(b);
      case Instr.Binary b when b.op() == ScalarOp.DIV && b.type().isFloat() && fixed != null && fixed[b.b()] ->
          new Idiom(Kind.QUOTIENT, new int[] {b.a(), b.b()});
      default -> null;
    };
  }

  private @Nullable Idiom bound(Instr.Ternary t) {
    boolean selects = t.op() == ScalarOp.SELECT && t.type() != DType.BOOL;
    if (!selects || !(body.code().get(t.a()) instanceof Instr.Binary c) || c.op() != ScalarOp.LT || !body.type(c.a()).isFloat()) {
      return null;
    }
    boolean lesser = t.b() == c.a() && t.c() == c.b();
    boolean greater = t.b() == c.b() && t.c() == c.a();
    return lesser || greater ? new Idiom(lesser ? Kind.LESSER : Kind.GREATER, new int[] {t.b(), t.c()}) : null;
  }

  private @Nullable Idiom scaled(int v) {
    for (Scaling s : SCALINGS) {
      Idiom idiom = s.type() == body.type(v) ? s.find(body, v) : null;
      if (idiom != null) {
        return idiom;
      }
    }
    return null;
  }

  private @Nullable Idiom withBits(Instr.Binary or) {
    for (int side = 0; side < 2; side++) {
      int bits = side == 0 ? or.a() : or.b();
      int other = side == 0 ? or.b() : or.a();
      if (body.code().get(bits) instanceof Instr.Binary and && and.op() == ScalarOp.AND && isConstant(and.b()) && !isConstant(other)) {
        return new Idiom(Kind.WITH_BITS, new int[] {other, and.a(), and.b()});
      }
    }
    return null;
  }

  private boolean isConstant(int v) {
    return body.code().get(v) instanceof Instr.Const;
  }

  /** Whether quotients are among them that are read. */
  boolean haveQuotients() {
    for (int v = 0; v < idioms.length; v++) {
      Idiom idiom = idioms[v];
      if (idiom != null && idiom.kind == Kind.QUOTIENT && !unread[v]) {
        return true;
      }
    }
    return false;
  }

  /** What computes a value, or null where its program's instruction does. */
  @Nullable Idiom of(int v) {
    return idioms[v];
  }

  /** Whether nobody reads a value. */
  boolean isUnread(int v) {
    return unread[v];
  }

  /** What is read to compute a value. */
  int[] operands(int v) {
    return unread[v] ? NONE : reads(v);
  }

  private int[] reads(int v) {
    Idiom idiom = idioms[v];
    return idiom != null ? idiom.operands : body.operands(v);
  }

  /**
   * The program of a function that ends with {@code p * 2^n}, in two multiplications of which the second one rounds; p is near 1, so VSCALEFPS
   * gives the same.
   *
   * @param result the function's value
   * @param number p
   * @param exponent n, a float
   */
  private record Scaling(ScalarProgram program, int result, int number, int exponent) {
    private interface Function {
      int of(ScalarBuilder b, int x);
    }

    static Scaling of(DType type, Function f) {
      ScalarBuilder b = new ScalarBuilder();
      int result = f.of(b, b.add(new Instr.Load(type, 0, new Affine(0))));
      ScalarProgram p = b.build();
      Instr.Binary last = (Instr.Binary) p.get(result);
      Instr.Binary first = (Instr.Binary) p.get(last.a());
      for (int v = 0; v < result; v++) {
        // The exponent is what is left of a sum when the number is taken away that rounded it to an integer.
        if (p.get(v) instanceof Instr.Binary s && s.op() == ScalarOp.SUB && p.get(s.b()) instanceof Instr.Const) {
          return new Scaling(p, result, first.a(), v);
        }
      }
      throw new IllegalStateException("no exponent in " + p);
    }

    DType type() {
      return program.type(result);
    }

    @Nullable Idiom find(LoopBody body, int v) {
      int[] found = new int[program.size()];
      Arrays.fill(found, -1);
      return matches(body, result, v, found) ? new Idiom(Kind.SCALED, new int[] {found[number], found[exponent]}) : null;
    }

    private boolean matches(LoopBody body, int mine, int v, int[] found) {
      if (found[mine] >= 0) {
        return found[mine] == v;
      }
      Instr instr = program.get(mine);
      boolean same = instr instanceof Instr.Load ? body.type(v) == instr.type() : isSame(instr, body.code().get(v));
      found[mine] = v;
      int[] operands = LoopBody.operands(instr);
      for (int i = 0; same && i < operands.length; i++) {
        same = matches(body, operands[i], body.operands(v)[i], found);
      }
      return same;
    }

    private static boolean isSame(Instr a, Instr b) {
      return switch (a) {
        case Instr.Const _ -> a.equals(b);
        case Instr.Unary x -> b instanceof Instr.Unary y && x.op() == y.op() && x.type() == y.type();
        case Instr.Binary x -> b instanceof Instr.Binary y && x.op() == y.op() && x.type() == y.type();
        case Instr.Ternary x -> b instanceof Instr.Ternary y && x.op() == y.op() && x.type() == y.type();
        case Instr.Bitcast x -> b instanceof Instr.Bitcast y && x.type() == y.type();
        default -> throw new IllegalStateException("not expected in a function: " + a);
      };
    }
  }
}
