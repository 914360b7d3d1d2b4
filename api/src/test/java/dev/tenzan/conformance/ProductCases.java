package dev.tenzan.conformance;

import dev.tenzan.Tensor;
import dev.tenzan.kernel.MatMulKernel;
import dev.tenzan.type.DType;
import dev.tenzan.type.Numerics;
import dev.tenzan.type.Shape;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;

/** Matrix products and what is made of them. */
final class ProductCases {
  private static final List<DType> MAIN = List.of(DType.F64, DType.F32, DType.I32);

  private ProductCases() {}

  static void add(List<OpCase> all) {
    CaseList c = new CaseList("Products", all);
    shapes(c);
    types(c);
    chains(c);
    c.constant();
    attention(c);
    fast(c.under(Numerics.FAST));
    c.smooth().under(Numerics.REPRODUCIBLE);
    vectors(c);
    tensordots(c);
    diagonals(c);
    einsums(c);
  }

  /** Floats within -1 to 1, so that products are too; integers that overflow. */
  private static InputSpec factor(DType t, long... dims) {
    InputSpec in = InputSpec.of(t, dims);
    return t.isFloat() ? in.range(-1, 1) : in.values(InputSpec.Values.BITS);
  }

  private static long[] dims(long... dims) {
    return dims;
  }

  private static void shapes(CaseList c) {
    for (DType t : CaseList.NUMBERS) {
      matmul(c, t, dims(5, 7), dims(7, 3));
      matmul(c, t, dims(70, 33), dims(33, 65));
      matmul(c, t, dims(3, 4, 5), dims(3, 5, 2));
      matmul(c, t, dims(19, 13), dims(13));
    }
    for (DType t : MAIN) {
      for (long n : new long[] {1, 2, 8, 16, 17, 31, 32, 64}) {
        matmul(c, t, dims(n, n), dims(n, n));
      }
      matmul(c, t, dims(1, 9), dims(9, 70));
      matmul(c, t, dims(70, 9), dims(9, 1));
      matmul(c, t, dims(6, 1), dims(1, 5));
      matmul(c, t, dims(3, 300), dims(300, 2));
      matmul(c, t, dims(2, 1, 3, 4), dims(5, 4, 2));
      matmul(c, t, dims(3, 4, 5), dims(5, 2));
      matmul(c, t, dims(4, 5), dims(3, 5, 2));
      matmul(c, t, dims(1, 4, 5), dims(3, 5, 2));
      matmul(c, t, dims(5), dims(5));
      matmul(c, t, dims(5), dims(5, 4));
      matmul(c, t, dims(3, 4, 5), dims(5));
      matmul(c, t, dims(5), dims(3, 5, 4));
      matmul(c, t, dims(700), dims(700));
      matmul(c, t, dims(3, 0), dims(0, 4));
      matmul(c, t, dims(0), dims(0));
      matmul(c, t, dims(0, 3), dims(3, 4));
      matmul(c, t, dims(2, 3), dims(3, 0));
      matmul(c, t, dims(0, 2, 3), dims(0, 3, 4));
      matmul(c, t, dims(0, 2, 3), dims(3, 4));
      c.constant();
      matmul(c, t, dims(40, 530), dims(530, 36)); // three blocks of k in tiles
      c.smooth();
    }
  }

  private static void matmul(CaseList c, DType t, long[] a, long[] b) {
    long k = a[a.length - 1];
    Tolerance tolerance = t.isFloat() ? Tolerance.sum(t, k, 1) : Tolerance.EXACT;
    c.add("matmul", Shape.of(a) + "x" + Shape.of(b), t, tolerance, List.of(factor(t, a), factor(t, b)),
        x -> x.get(0).matmul(x.get(1)), x -> product(t, x.get(0), x.get(1), ProductCases::compensated));
  }

  /** Products with loops along the rows in between, which devices may take as one kernel: queries, keys turned, values. */
  private static void attention(CaseList c) {
    for (DType t : CaseList.FLOATS) {
      attention(c, t, dims(3, 2, 20, 18), dims(3, 2, 18, 70), dims(3, 2, 70, 24));
      attention(c, t, dims(8, 36, 32), dims(1, 32, 96), dims(1, 96, 32));
    }
    attention(c, DType.F32, dims(10, 19, 3), dims(10, 3, 270), dims(10, 270, 5)); // two blocks of k
  }

  private static void attention(CaseList c, DType t, long[] q, long[] k, long[] v) {
    Tolerance tolerance = new Tolerance(2, 32 * Formats.epsilon(t));
    c.add("matmul", "attention" + Shape.of(q) + Shape.of(v), t, tolerance, List.of(factor(t, q), factor(t, k), factor(t, v)),
        x -> x.get(0).matmul(x.get(1)).softmax(-1).matmul(x.get(2)),
        x -> {
          HostArray scores = product(t, x.get(0), x.get(1), ProductCases::compensated);
          return product(t, ActivationCases.softmax(t, scores), x.get(2), ProductCases::compensated);
        });
  }

  /** Operands of two dtypes, and integers whose products stay wide. */
  private static void types(CaseList c) {
    mixed(c, DType.F64, DType.F32, DType.F64);
    mixed(c, DType.F32, DType.F16, DType.F32);
    mixed(c, DType.F32, DType.F16, DType.BF16);
    mixed(c, DType.I64, DType.I32, DType.I64);
    mixed(c, DType.I16, DType.I8, DType.U8);
    mixed(c, DType.I32, DType.U8, DType.I32);
    for (DType t : List.of(DType.I32, DType.I16, DType.I8, DType.U8)) {
      into(c, "into", DType.I32, factor(t, 9, 11), factor(t, 11, 6));
      into(c, "intoLong", DType.I32, factor(t, 3, 700), factor(t, 700, 4));
    }
    into(c, "intoMixed", DType.I32, factor(DType.I8, 9, 11), factor(DType.U8, 11, 6));
    into(c, "into", DType.F32, factor(DType.F32, 9, 11), factor(DType.F32, 11, 6));
  }

  private static void mixed(CaseList c, DType t, DType left, DType right) {
    Tolerance tolerance = t.isFloat() ? Tolerance.sum(t, 5, 1) : Tolerance.EXACT;
    c.add("matmul", left + "x" + right, t, tolerance, List.of(factor(left, 4, 5), factor(right, 5, 3)),
        x -> x.get(0).matmul(x.get(1)), x -> product(t, x.get(0), x.get(1), ProductCases::compensated));
  }

  private static void into(CaseList c, String variant, DType t, InputSpec a, InputSpec b) {
    Tolerance tolerance = t.isFloat() ? Tolerance.sum(t, a.shape().dim(1), 1) : Tolerance.EXACT;
    c.add("matmul", variant + a.dtype(), t, tolerance, List.of(a, b), x -> x.get(0).matmul(x.get(1), t),
        x -> product(t, x.get(0), x.get(1), ProductCases::compensated));
  }

  /** The order of the sum is part of the semantics: lengths around the block's, and values that meet in infinities and NaN. */
  private static void chains(CaseList c) {
    int block = MatMulKernel.K_BLOCK;
    for (DType t : CaseList.FLOATS) {
      for (int k : new int[] {40, block - 1, block, block + 1, 2 * block + 88}) {
        chain(c, "chain" + k, t, factor(t, 9, k), factor(t, k, 7));
      }
      turned(c, t, 20, block + 44, 40);
      chain(c, "chainOfVectors", t, factor(t, 3 * block + 1), factor(t, 3 * block + 1));
      int n = Formats.specialFloats(t).length;
      InputSpec special = InputSpec.of(t, n, 1).values(InputSpec.Values.SPECIAL_FAST);
      chain(c, "special", t, special, InputSpec.of(t, 1, n).values(InputSpec.Values.SPECIAL_FAST));
      chain(c, "bits", t, InputSpec.of(t, 9, 5).values(InputSpec.Values.BITS), factor(t, 5, 8));
      chain(c, "specialColumns", t, factor(t, 6, 4), InputSpec.of(t, 4, n).values(InputSpec.Values.SPECIAL_FAST));
    }
  }

  private static void chain(CaseList c, String variant, DType t, InputSpec a, InputSpec b) {
    c.add("matmul", variant, t, Tolerance.EXACT, List.of(a, b), x -> x.get(0).matmul(x.get(1)),
        x -> product(t, x.get(0), x.get(1), (n, p, q) -> chain(t, n, p, q)));
  }

  /** By columns whose steps lie side by side: several blocks of few. */
  private static void turned(CaseList c, DType t, int rows, int k, int columns) {
    c.add("matmul", "turned" + k, t, Tolerance.EXACT, List.of(factor(t, rows, k), factor(t, columns, k)), x -> x.get(0).matmul(x.get(1).mT()),
        x -> {
          HostArray b = x.get(1).pick(Shape.of(k, columns), i -> i % columns * k + i / columns);
          return product(t, x.get(0), b, (n, p, q) -> chain(t, n, p, q));
        });
  }

  /**
   * Bits are free, accuracy is not. Whole numbers of at most 8 fit into every type that a factor may be rounded to, and their sums of
   * products into f32, so those must be exact; a wrong address cannot hide in a tolerance there.
   */
  private static void fast(CaseList c) {
    for (DType t : CaseList.FLOATS) {
      fast(c, t, dims(64, 32), dims(32, 48));
      fast(c, t, dims(70, 33), dims(33, 65));
      fast(c, t, dims(3, 20, 40), dims(3, 40, 24));
      fast(c, t, dims(4, 16), dims(3, 16, 8));
      fast(c, t, dims(19, 13), dims(13));
      fast(c, t, dims(9, 700), dims(700, 6));
      fast(c, t, dims(3, 0), dims(0, 4));
    }
    into(c, "fast-into", DType.I32, factor(DType.I8, 20, 70), factor(DType.I8, 70, 12));
  }

  private static void fast(CaseList c, DType t, long[] a, long[] b) {
    String size = Shape.of(a) + "x" + Shape.of(b);
    fast(c, "fast-" + size, t, factor(t, a), factor(t, b), Tolerance.fast(t, a[a.length - 1], 1));
    for (InputSpec.Values v : List.of(InputSpec.Values.WHOLE, InputSpec.Values.WHOLE_OR_INFINITE)) {
      InputSpec left = InputSpec.of(t, a).range(-8, 8).values(v);
      fast(c, "fast-" + v.label() + "-" + size, t, left, InputSpec.of(t, b).range(-8, 8).values(v), Tolerance.whole());
    }
  }

  private static void fast(CaseList c, String variant, DType t, InputSpec a, InputSpec b, Tolerance tolerance) {
    c.add("matmul", variant, t, tolerance, List.of(a, b), x -> x.get(0).matmul(x.get(1)),
        x -> product(t, x.get(0), x.get(1), tolerance.ulps() == 0 ? (n, p, q) -> chain(t, n, p, q) : ProductCases::compensated));
  }

  /** A factor of the n-th product of a sum. */
  @FunctionalInterface
  interface Term {
    double at(int n);
  }

  /** A way to sum products. */
  @FunctionalInterface
  interface Sum {
    double of(int length, Term a, Term b);
  }

  /** A sum of products as good as exact. */
  static double compensated(int length, Term a, Term b) {
    DoubleDouble sum = new DoubleDouble();
    for (int n = 0; n < length; n++) {
      sum.add(a.at(n), b.at(n));
    }
    return sum.value();
  }

  /** A sum of products in the documented order: chains of fused operations from +0, one for each block, added in order. */
  static double chain(DType t, int length, Term a, Term b) {
    boolean wide = t == DType.F64;
    double sum = 0;
    for (int from = 0; from < length; from += MatMulKernel.K_BLOCK) {
      double block = 0;
      for (int n = from; n < Math.min(length, from + MatMulKernel.K_BLOCK); n++) {
        block = wide ? Math.fma(a.at(n), b.at(n), block) : Math.fma((float) a.at(n), (float) b.at(n), (float) block);
      }
      sum = from == 0 ? block : wide ? sum + block : (float) sum + (float) block;
    }
    return sum;
  }

  private static HostArray product(DType t, HostArray a, HostArray b, Sum sum) {
    Shape x = a.shape().rank() == 1 ? Shape.of(1, a.size()) : a.shape();
    Shape y = b.shape().rank() == 1 ? Shape.of(b.size(), 1) : b.shape();
    int rows = (int) x.dim(x.rank() - 2);
    int columns = (int) y.dim(y.rank() - 1);
    int k = (int) x.dim(x.rank() - 1);
    Shape batch = common(x.subShape(0, x.rank() - 2), y.subShape(0, y.rank() - 2));
    HostArray left = BinaryCases.stretch(a.pick(x, i -> i), batch.concat(Shape.of(rows, k)));
    HostArray right = BinaryCases.stretch(b.pick(y, i -> i), batch.concat(Shape.of(k, columns)));
    Shape out = batch.concat(a.shape().rank() == 1 ? Shape.of() : Shape.of(rows));
    out = out.concat(b.shape().rank() == 1 ? Shape.of() : Shape.of(columns));
    if (t.isFloat()) {
      return HostArray.reals(t, out, i -> {
        int row = i / columns * k;
        int column = i / columns / rows * k * columns + i % columns;
        return sum.of(k, n -> left.real(row + n), n -> right.real(column + n * columns));
      });
    }
    return HostArray.integers(t, out, i -> {
      long total = 0;
      for (int n = 0; n < k; n++) {
        total += left.integer(i / columns * k + n) * right.integer((i / columns / rows * k + n) * columns + i % columns);
      }
      return total;
    });
  }

  private static Shape common(Shape a, Shape b) {
    int rank = Math.max(a.rank(), b.rank());
    long[] d = new long[rank];
    Arrays.fill(d, 1);
    for (Shape s : List.of(a, b)) {
      for (int i = 0; i < s.rank(); i++) {
        int at = rank - s.rank() + i;
        d[at] = s.dim(i) == 1 ? d[at] : s.dim(i);
      }
    }
    return Shape.of(d);
  }

  private static void vectors(CaseList c) {
    for (DType t : CaseList.NUMBERS) {
      contract(c, "dot", "ten", t, "i,i->", x -> x.get(0).dot(x.get(1)), dims(10), dims(10));
      contract(c, "outer", "rectangle", t, "i,j->ij", x -> x.get(0).outer(x.get(1)), dims(5), dims(7));
    }
    contract(c, "dot", "none", DType.F64, "i,i->", x -> x.get(0).dot(x.get(1)), dims(0), dims(0));
    contract(c, "dot", "long", DType.F32, "i,i->", x -> x.get(0).dot(x.get(1)), dims(5000), dims(5000));
    contract(c, "outer", "none", DType.F64, "i,j->ij", x -> x.get(0).outer(x.get(1)), dims(3), dims(0));
  }

  private static void tensordots(CaseList c) {
    for (DType t : MAIN) {
      contract(c, "tensordot", "0", t, "ab,c->abc", x -> x.get(0).tensordot(x.get(1), 0), dims(2, 3), dims(4));
      contract(c, "tensordot", "1", t, "abc,cd->abd", x -> x.get(0).tensordot(x.get(1), 1), dims(2, 3, 4), dims(4, 5));
      contract(c, "tensordot", "2", t, "abc,bcd->ad", x -> x.get(0).tensordot(x.get(1), 2), dims(2, 3, 4), dims(3, 4, 5));
      contract(c, "tensordot", "all", t, "ab,ab->", x -> x.get(0).tensordot(x.get(1), 2), dims(3, 4), dims(3, 4));
      contract(c, "tensordot", "named", t, "abc,dca->bd",
          x -> x.get(0).tensordot(x.get(1), new int[] {2, 0}, new int[] {1, -1}), dims(2, 3, 4), dims(5, 4, 2));
      contract(c, "tensordot", "negative", t, "abc,bd->acd",
          x -> x.get(0).tensordot(x.get(1), new int[] {-2}, new int[] {0}), dims(2, 3, 4), dims(3, 5));
      contract(c, "tensordot", "none", t, "ab,bc->ac", x -> x.get(0).tensordot(x.get(1), 1), dims(2, 0), dims(0, 3));
    }
  }

  private static void diagonals(CaseList c) {
    for (DType t : CaseList.ALL) {
      diagonal(c, t, 4, 4);
      diagonal(c, t, 2, 3, 5);
      trace(c, t, 4, 4);
      trace(c, t, 2, 5, 3);
    }
    diagonal(c, DType.F64, 5, 3);
    diagonal(c, DType.F64, 0, 3);
    diagonal(c, DType.F64, 2, 3, 0);
    trace(c, DType.F64, 2, 0, 3);
    trace(c, DType.F32, 100, 90);
  }

  private static int diagonalElement(Shape s, int i) {
    int rows = (int) s.dim(s.rank() - 2);
    int columns = (int) s.dim(s.rank() - 1);
    int n = Math.min(rows, columns);
    return (i / n * rows + i % n) * columns + i % n;
  }

  private static Shape diagonalShape(Shape s) {
    int r = s.rank();
    return s.subShape(0, r - 2).concat(Shape.of(Math.min(s.dim(r - 2), s.dim(r - 1))));
  }

  private static void diagonal(CaseList c, DType t, long... dims) {
    Shape s = Shape.of(dims);
    c.add("diagonal", s.toString(), t, Tolerance.EXACT, List.of(factor(t, dims)), x -> x.getFirst().diagonal(),
        x -> x.getFirst().pick(diagonalShape(s), i -> diagonalElement(s, i)));
  }

  private static void trace(CaseList c, DType t, long... dims) {
    Shape s = Shape.of(dims);
    Shape lines = diagonalShape(s);
    int n = (int) lines.dim(lines.rank() - 1);
    Shape out = lines.subShape(0, lines.rank() - 1);
    Tolerance tolerance = t.isFloat() ? Tolerance.sum(t, n, 1) : Tolerance.EXACT;
    c.add("trace", s.toString(), t, tolerance, List.of(factor(t, dims)), x -> x.getFirst().trace(),
        x -> t.isFloat()
            ? HostArray.reals(t, out,
                i -> compensated(n, j -> x.getFirst().real(diagonalElement(s, i * n + j)), _ -> 1))
            : HostArray.integers(DType.I64, out, i -> {
              long sum = 0;
              for (int j = 0; j < n; j++) {
                sum += x.getFirst().integer(diagonalElement(s, i * n + j));
              }
              return sum;
            }));
  }

  private static void einsums(CaseList c) {
    for (DType t : CaseList.NUMBERS) {
      einsum(c, t, "ij,jk->ik", "", dims(3, 4), dims(4, 5));
      einsum(c, t, "bij,bjk->bik", "", dims(2, 3, 4), dims(2, 4, 5));
      einsum(c, t, "ij->j", "", dims(5, 4));
    }
    for (DType t : MAIN) {
      einsum(c, t, "ij->ji", "", dims(3, 4));
      einsum(c, t, "ij->", "", dims(3, 4));
      einsum(c, t, "ii->i", "", dims(4, 4));
      einsum(c, t, "ii", "ii->", dims(4, 4));
      einsum(c, t, "ba", "ba->ab", dims(2, 3));
      einsum(c, t, "aB", "aB->Ba", dims(2, 3));
      einsum(c, t, "iji->j", "", dims(3, 4, 3));
      einsum(c, t, "iiijj->ji", "", dims(2, 2, 2, 3, 3));
      einsum(c, t, "i,i", "i,i->", dims(5), dims(5));
      einsum(c, t, "i,j->ji", "", dims(3), dims(4));
      einsum(c, t, "ij,ij->ij", "", dims(3, 4), dims(3, 4));
      einsum(c, t, "ij,ij->", "", dims(3, 4), dims(3, 4));
      einsum(c, t, "ij,j->i", "", dims(3, 4), dims(4));
      einsum(c, t, "ij,kl->", "", dims(2, 3), dims(3, 2));
      einsum(c, t, "ij,jk", "ij,jk->ik", dims(3, 4), dims(4, 5));
      einsum(c, t, "i j , j k -> k i", "ij,jk->ki", dims(3, 4), dims(4, 5));
      einsum(c, t, "bhqd,bhkd->bhqk", "", dims(2, 2, 3, 4), dims(2, 2, 2, 4));
      einsum(c, t, "ij,jk,kl->il", "", dims(2, 3), dims(3, 4), dims(4, 2));
      einsum(c, t, "i,ij,j->", "", dims(3), dims(3, 4), dims(4));
      einsum(c, t, "ij,ik,il->jkl", "", dims(2, 3), dims(2, 4), dims(2, 2));
      einsum(c, t, "ijk,ilm,njm,nlk,abc->", "", dims(2, 3, 2), dims(2, 2, 3), dims(2, 3, 3), dims(2, 2, 2), dims(2, 1, 2));
      ellipses(c, t);
      einsum(c, t, "ij,jk->ik", "", dims(3, 0), dims(0, 2));
      einsum(c, t, "ij->i", "", dims(3, 0));
      einsum(c, t, "ij,jk->ki", "", dims(3, 1), dims(4, 5));
      einsum(c, t, "bij,bjk->bik", "", dims(1, 3, 4), dims(2, 4, 2));
    }
  }

  /** The second expression writes the axes of an ellipsis as digits. */
  private static void ellipses(CaseList c, DType t) {
    einsum(c, t, "...->...", "01->01", dims(2, 3));
    einsum(c, t, "...i->...", "01i->01", dims(2, 3, 4));
    einsum(c, t, "i...->...i", "i01->01i", dims(2, 3, 4));
    einsum(c, t, "...ij,...jk->...ik", "0ij,0jk->0ik", dims(2, 3, 4), dims(2, 4, 5));
    einsum(c, t, "...ij,...jk->ik...", "01ij,1jk->ik01", dims(2, 1, 3, 2), dims(3, 2, 2));
    einsum(c, t, "...ij,jk", "0ij,jk->0ik", dims(2, 3, 4), dims(4, 5));
    einsum(c, t, "...i,...i", "0i,0i->0", dims(2, 3), dims(2, 3));
    einsum(c, t, "...ii->...i", "0ii->0i", dims(2, 3, 3));
    einsum(c, t, "...,...", ",0->0", dims(), dims(4));
  }

  private static void einsum(CaseList c, DType t, String expression, String plain, long[]... shapes) {
    contract(c, "einsum", expression + List.of(shapes).stream().map(Shape::of).toList(), t,
        plain.isEmpty() ? expression : plain, x -> Tensor.einsum(expression, x.toArray(Tensor[]::new)), shapes);
  }

  private static void contract(
      CaseList c, String op, String variant, DType t, String labels, Function<List<Tensor>, Tensor> f, long[]... shapes) {
    List<InputSpec> inputs = Arrays.stream(shapes).map(d -> factor(t, d)).toList();
    Contraction contraction = Contraction.of(labels, shapes);
    Tolerance tolerance = !t.isFloat() || op.equals("outer") ? Tolerance.EXACT : Tolerance.sum(t, contraction.length(), 1);
    c.add(op, variant, t, tolerance, inputs, f, x -> contraction.apply(t, x));
  }

  /**
   * Einstein summation by its definition: for each element of the result a loop over all values of the other labels.
   *
   * @param inputs the labels of each operand
   * @param labels all labels, the output's first
   * @param extents the extents of all labels
   * @param outputs how many labels the output has
   */
  private record Contraction(List<String> inputs, String labels, int[] extents, int outputs) {
    static Contraction of(String expression, long[]... shapes) {
      String[] sides = expression.split("->", -1);
      List<String> inputs = List.of(sides[0].split(",", -1));
      StringBuilder labels = new StringBuilder(sides[1]);
      for (char ch : sides[0].replace(",", "").toCharArray()) {
        if (labels.indexOf(String.valueOf(ch)) < 0) {
          labels.append(ch);
        }
      }
      int[] extents = new int[labels.length()];
      Arrays.fill(extents, 1);
      for (int i = 0; i < shapes.length; i++) {
        for (int d = 0; d < shapes[i].length; d++) {
          int at = labels.indexOf(inputs.get(i).substring(d, d + 1));
          extents[at] = shapes[i][d] == 1 ? extents[at] : (int) shapes[i][d];
        }
      }
      return new Contraction(inputs, labels.toString(), extents, sides[1].length());
    }

    private Shape shape() {
      return Shape.of(Arrays.stream(extents).limit(outputs).asLongStream().toArray());
    }

    /** The number of products that each element sums. */
    int length() {
      return Arrays.stream(extents).skip(outputs).reduce(1, (p, q) -> p * q);
    }

    HostArray apply(DType t, List<HostArray> x) {
      if (!t.isFloat()) {
        return HostArray.integers(t, shape(), i -> {
          long sum = 0;
          for (int n = 0; n < length(); n++) {
            long product = 1;
            for (int k = 0; k < x.size(); k++) {
              product *= x.get(k).integer(element(x.get(k), inputs.get(k), i * length() + n));
            }
            sum += product;
          }
          return sum;
        });
      }
      return HostArray.reals(t, shape(),
          i -> compensated(length(), n -> rest(x, i * length() + n), n -> last(x, i * length() + n)));
    }

    /** The product of all operands' elements but the last's. */
    private double rest(List<HostArray> x, int point) {
      double product = 1;
      for (int k = 0; k < x.size() - 1; k++) {
        product *= x.get(k).real(element(x.get(k), inputs.get(k), point));
      }
      return product;
    }

    private double last(List<HostArray> x, int point) {
      return x.getLast().real(element(x.getLast(), inputs.getLast(), point));
    }

    /** An operand's element where all labels together have a row-major number. */
    private int element(HostArray x, String own, int point) {
      int[] at = new int[own.length()];
      int rest = point;
      for (int l = extents.length - 1; l >= 0; l--) {
        for (int d = 0; d < at.length; d++) {
          if (own.charAt(d) == labels.charAt(l)) {
            at[d] = x.shape().dim(d) == 1 ? 0 : rest % extents[l];
          }
        }
        rest /= extents[l];
      }
      return x.index(at);
    }
  }
}
