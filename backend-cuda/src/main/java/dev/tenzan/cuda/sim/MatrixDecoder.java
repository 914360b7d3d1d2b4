package dev.tenzan.cuda.sim;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Decodes the warp's matrix instructions (PTX ISA, "Warp Level Matrix Multiply-Accumulate Instructions"): {@code mma.sync} of shape m16n8,
 * of f64 also m8n8k4, and {@code ldmatrix}. The specification leaves the order and the precision of a floating-point sum open. Here one of f64
 * is the chain of fused multiplications and additions that hardware was measured to make, from the accumulator on and in the order of k;
 * another is a sum in double, rounded once.
 */
final class MatrixDecoder {
  private static final Set<String> SHAPES = Set.of("m16n8k4", "m16n8k8", "m16n8k16", "m16n8k32");

  /** The shape of f64 that other types do not have. */
  private static final String EARLY = "m8n8k4";

  private final Lowering to;

  MatrixDecoder(Lowering to) {
    this.to = to;
  }

  void decode(Statement.Operation op) {
    if (op.opcode().equals("ldmatrix")) {
      load(op);
    } else {
      multiply(op);
    }
  }

  private int[] rows(Operand operand, Type type, boolean destination) {
    List<Operand> items = operand instanceof Operand.Vector v ? v.items() : List.of(operand);
    return items.stream().mapToInt(i -> destination ? to.destination(i) : to.row(i, type)).toArray();
  }

  private void multiply(Statement.Operation op) {
    Set<String> known = new HashSet<>(SHAPES);
    known.addAll(Set.of(EARLY, "sync", "aligned", "row", "col", "satfinite"));
    Decoder.allow(op, known);
    Decoder.count(to, op, 4);
    List<Type> types = new ArrayList<>();
    int k = 0;
    for (String m : op.modifiers()) {
      Type t = Type.named(m);
      if (t != null) {
        types.add(t);
      } else if (SHAPES.contains(m)) {
        k = Integer.parseInt(m.substring("m16n8k".length()));
      }
    }
    boolean doubles = types.equals(List.of(Type.F64, Type.F64, Type.F64, Type.F64));
    int m = op.has(EARLY) && doubles ? 8 : 16;
    k = m == 8 ? 4 : k;
    boolean known4 = types.size() == 4 && types.get(0) == types.get(3) && k != 0;
    if (!known4 || op.has("satfinite") || !(doubles ? k <= 16 : isNarrow(types))) {
      throw new Lowering.Unsupported();
    }
    Type ta = types.get(1);
    Type tb = types.get(2);
    Type register = doubles ? Type.F64 : Type.B32;
    List<Operand> o = op.operands();
    int[] d = rows(o.get(0), types.get(0), true);
    int[] a = rows(o.get(1), register, false);
    int[] b = rows(o.get(2), register, false);
    int[] c = rows(o.get(3), types.get(0), false);
    int each = register.bits / ta.bits;
    int size = m / 8 * 2;
    if (d.length != size || c.length != size || a.length * 4 * each != k * m / 8 || b.length * 4 * each != k) {
      throw to.error("the fragments have another number of registers than the shape");
    }
    to.emit(op, new Multiply(to.registers.constant(0xffff_ffffL), d, a, b, c, ta, tb, k));
  }

  private static boolean isNarrow(List<Type> types) {
    Type a = types.get(1);
    Type b = types.get(2);
    return switch (types.get(0)) {
      case S32 -> a.bits == 8 && b.bits == 8;
      case F32 -> a == b && (a == Type.F16 || a == Type.BF16 || a == Type.TF32);
      default -> false;
    };
  }

  private static final class Multiply extends WarpSync {
    private final int[] d;
    private final int[] a;
    private final int[] b;
    private final int[] c;
    private final Type ta;
    private final Type tb;
    private final int k;

    Multiply(int members, int[] d, int[] a, int[] b, int[] c, Type ta, Type tb, int k) {
      super(members);
      this.d = d;
      this.a = a;
      this.b = b;
      this.c = c;
      this.ta = ta;
      this.tb = tb;
      this.k = k;
    }

    private static double element(long register, int index, Type t) {
      long bits = register >>> (index * t.bits) & t.mask();
      if (t.isFloat()) {
        return Convert.decode(t == Type.TF32 ? bits & ~0x1fffL : bits, t); // the low bits of a tf32 are not looked at
      }
      return t.signed() ? bits << 56 >> 56 : bits;
    }

    @Override
    void execute(Warp w, int mask) {
      if (mask != Lanes.ALL) {
        throw new Fault(-1, "mma.sync needs all threads of the warp");
      }
      int each = Math.max(1, 32 / ta.bits);
      double[][] x = new double[16][k];
      double[][] y = new double[k][8];
      for (int lane = 0; lane < Lanes.WIDTH; lane++) {
        int group = lane >> 2;
        int first = (lane & 3) * each;
        for (int e = 0; e < each; e++) {
          for (int r = 0; r < a.length; r++) {
            x[group + 8 * (r & 1)][first + e + (r >> 1) * 4 * each] = element(w.rows[a[r]][lane], e, ta);
          }
          for (int r = 0; r < b.length; r++) {
            y[first + e + r * 4 * each][group] = element(w.rows[b[r]][lane], e, tb);
          }
        }
      }
      for (int lane = 0; lane < Lanes.WIDTH; lane++) {
        for (int r = 0; r < d.length; r++) {
          int row = (lane >> 2) + 8 * (r >> 1);
          int column = (lane & 3) * 2 + (r & 1);
          w.rows[d[r]][lane] = sum(x[row], y, column, w.rows[c[r]][lane]);
        }
      }
    }

    private long sum(double[] row, double[][] y, int column, long old) {
      if (ta == Type.F64) {
        double chain = FloatMath.f64(old);
        for (int i = 0; i < k; i++) {
          chain = Math.fma(row[i], y[i][column], chain);
        }
        return FloatMath.bits(chain);
      }
      double sum = 0;
      for (int i = 0; i < k; i++) {
        sum += row[i] * y[i][column];
      }
      return ta.isFloat() ? FloatMath.bits((float) (sum + FloatMath.f32(old))) : ((long) sum + old) & 0xffff_ffffL;
    }
  }

  private void load(Statement.Operation op) {
    Decoder.allow(op, Set.of("sync", "aligned", "m8n8", "x1", "x2", "x4", "trans", "shared", "shared::cta"));
    Decoder.count(to, op, 2);
    int matrices = op.has("x4") ? 4 : op.has("x2") ? 2 : 1;
    int[] d = rows(op.operands().get(0), Type.B32, true);
    if (d.length != matrices || !op.has("m8n8") || op.lastType() != Type.B16) {
      throw new Lowering.Unsupported();
    }
    Access.Target target = new MemoryDecoder(to).target(op, op.operands().get(1), 2, 16, false);
    Access.Load access = new Access.Load(target, new int[0], 0, new long[0]);
    to.emit(op, new LoadMatrix(to.registers.constant(0xffff_ffffL), d, access, op.has("trans")));
  }

  /** Eight lanes give the rows' addresses of each 8 x 8 matrix; every lane gets two elements of each. */
  private static final class LoadMatrix extends WarpSync {
    private final int[] d;
    private final Access.Load access;
    private final boolean transposed;

    LoadMatrix(int members, int[] d, Access.Load access, boolean transposed) {
      super(members);
      this.d = d;
      this.access = access;
      this.transposed = transposed;
    }

    @Override
    void execute(Warp w, int mask) {
      if (mask != Lanes.ALL) {
        throw new Fault(-1, "ldmatrix needs all threads of the warp");
      }
      long[][] matrix = new long[8 * d.length][8];
      for (int lane = 0; lane < 8 * d.length; lane++) {
        long offset = access.locate(w, lane, access.target.address(w, lane), 16, false);
        Region region = w.region;
        for (int i = 0; i < 8; i++) {
          matrix[lane][i] = access.read(w, lane, region, offset + 2L * i, 2);
        }
      }
      for (int lane = 0; lane < Lanes.WIDTH; lane++) {
        int row = lane >> 2;
        int column = (lane & 3) * 2;
        for (int j = 0; j < d.length; j++) {
          long low = transposed ? matrix[8 * j + column][row] : matrix[8 * j + row][column];
          long high = transposed ? matrix[8 * j + column + 1][row] : matrix[8 * j + row][column + 1];
          w.rows[d[j]][lane] = high << 16 | low;
        }
      }
    }
  }
}
