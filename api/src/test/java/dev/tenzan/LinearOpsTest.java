package dev.tenzan;

import static dev.tenzan.Checks.D;
import static dev.tenzan.Checks.fails;
import static dev.tenzan.Checks.range;
import static dev.tenzan.Checks.same;
import static dev.tenzan.Checks.shape;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.tenzan.error.DTypeException;
import dev.tenzan.error.ShapeException;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Products: matmul's rules for vectors and batches, and einsum against a sum over all labels. */
class LinearOpsTest {
  private final Tensor x = range(2, 3, 4);

  @Test
  void matmulShapes() {
    Tensor m = range(4, 5);
    assertEquals(Shape.of(2, 3, 5), x.matmul(m).shape());
    same(x.matmul(m).get(1, 2), shape(5), 670, 756, 842, 928, 1014);
    same(x.matmul(m), shape(2, 3, 5), x.matmul(m.broadcastTo(2, 4, 5)).toDoubles());
    assertEquals(Shape.of(7, 2, 3, 5), x.matmul(D.ones(DType.F64, 7, 1, 4, 5)).shape());
    assertEquals(Shape.of(2, 4), D.ones(DType.F64, 3).matmul(x).shape());
    same(D.ones(DType.F64, 3).matmul(x.get(0)), shape(4), 12, 15, 18, 21);
    same(range(3).matmul(range(3)), shape(), 5);
    same(D.zeros(DType.F32, 2, 0).matmul(D.zeros(DType.F32, 0, 2)), shape(2, 2), 0, 0, 0, 0);
    assertEquals(Shape.of(0, 2), D.zeros(DType.F32, 0, 3).matmul(D.zeros(DType.F32, 3, 2)).shape());
    fails(ShapeException.class, "inner dimensions differ: [2, 3, 4] x [3, 4]", () -> x.matmul(range(3, 4)));
    fails(ShapeException.class, "a scalar operand", () -> x.matmul(D.scalar(DType.F64, 1)));
    fails(ShapeException.class, "do not broadcast", () -> x.matmul(range(3, 4, 5)));
    Tensor bit = D.ones(DType.BOOL, 1, 1);
    fails(DTypeException.class, "matmul: dtype bool", () -> bit.matmul(bit));
    fails(DTypeException.class, "not f32", () -> x.matmul(m, DType.F32));
  }

  @Test
  void otherProducts() {
    same(range(3).outer(range(2)), shape(3, 2), 0, 0, 0, 1, 0, 2);
    same(range(3).dot(range(3)), shape(), 5);
    assertEquals(Shape.of(2, 5), x.tensordot(range(3, 4, 5), 2).shape());
    assertEquals(Shape.of(2, 3, 4, 2), x.tensordot(range(2), 0).shape());
    same(x.tensordot(x, new int[] {-1, 1}, new int[] {2, 1}), shape(2, 2), 506, 1298, 1298, 3818);
    same(x.diagonal(), shape(2, 3), 0, 5, 10, 12, 17, 22);
    same(x.mT().diagonal().get(1), shape(3), 12, 17, 22);
    same(DType.I64, D.eye(DType.I8, 3, 5).trace(), shape(), 3);
    same(D.zeros(DType.F32, 0, 0).trace(), shape(), 0);
    fails(ShapeException.class, "do not pair", () -> x.tensordot(x, new int[] {0}, new int[] {1}));
    fails(ShapeException.class, "two vectors", () -> x.dot(x));
    fails(ShapeException.class, "trace", () -> range(3).trace());
  }

  /** Sums the product of all operands over every value of every label. */
  private static double[] oracle(String inputs, String output, List<Tensor> operands) {
    String labels = inputs.replace(",", "").chars().distinct().collect(
        StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append).toString();
    String[] terms = inputs.split(",", -1);
    List<double[]> data = operands.stream().map(Tensor::toDoubles).toList();
    int size = 1;
    for (char c : output.toCharArray()) {
      size *= extent(c);
    }
    double[] out = new double[size];
    int points = labels.chars().map(c -> extent((char) c)).reduce(1, (a, b) -> a * b);
    for (int p = 0; p < points; p++) {
      int rest = p;
      int[] value = new int[128];
      for (char c : labels.toCharArray()) {
        value[c] = rest % extent(c);
        rest /= extent(c);
      }
      double product = 1;
      for (int i = 0; i < terms.length; i++) {
        product *= data.get(i)[offset(terms[i], value)];
      }
      out[offset(output, value)] += product;
    }
    return out;
  }

  private static int extent(char label) {
    return 2 + label % 3;
  }

  private static int offset(String labels, int[] value) {
    int at = 0;
    for (char c : labels.toCharArray()) {
      at = at * extent(c) + value[c];
    }
    return at;
  }

  @ParameterizedTest
  @ValueSource(strings = {
    "ij,jk->ik", "ij,jk->ki", "bij,bjk->bik", "bij,kj->bki", "i,j->ij", "i,i->i", "i,i->", "bi,bi->b",
    "ij->ji", "ijk->j", "ijk->", "ii->i", "iji->j", "iii->", "ii,ij->j", "ij,jk,kl->il", "ij,jk,ki->",
    "ab,cd,bd->ac", "abc,cd,db->a", "i,ij,j->", "ij,ij->ij", "bhqd,bhkd->bhqk", "a,b,c->cab", "ab,b->ab",
    ",i->i", "ij,k->j"
  })
  void einsumAgainstOracle(String expression) {
    String inputs = expression.substring(0, expression.indexOf('-'));
    String output = expression.substring(expression.indexOf('>') + 1);
    List<Tensor> operands = new ArrayList<>();
    for (String term : inputs.split(",", -1)) {
      long[] s = term.chars().mapToLong(c -> extent((char) c)).toArray();
      operands.add(range(s).remainder(7).add(operands.size() + 1));
    }
    Tensor r = Tensor.einsum(expression, operands.toArray(Tensor[]::new));
    assertEquals(Shape.of(output.chars().mapToLong(c -> extent((char) c)).toArray()), r.shape());
    assertArrayEquals(oracle(inputs, output, operands), r.toDoubles());
  }

  @Test
  void einsumImplicitAndEllipsis() {
    same(Tensor.einsum("ba", range(2, 3)), shape(3, 2), 0, 3, 1, 4, 2, 5);
    same(Tensor.einsum("ij,jk", range(1, 2), range(2, 1)), shape(1, 1), 1);
    same(Tensor.einsum("...ij,...jk->...ik", x, range(1, 4, 1).add(1)), shape(2, 3, 1), 20, 60, 100, 140, 180,
        220);
    Tensor corner = x.slice(Slice.all(), Slice.to(2), Slice.to(2));
    same(Tensor.einsum("i...,i", corner, range(2).add(1)), shape(2, 2), 24, 27, 36, 39);
    same(
        Tensor.einsum("b..., a... -> ab...", range(2, 2), range(2, 2).add(1)), shape(2, 2, 2), 0, 2, 2, 6, 0,
            4, 6, 12);
    same(Tensor.einsum("iij->ij", range(2, 2, 3)), shape(2, 3), 0, 1, 2, 9, 10, 11);
    same(DType.I32, Tensor.einsum("i,i", D.ones(DType.I32, 3), D.ones(DType.I8, 3)), shape(), 3);
  }

  @Test
  void einsumErrors() {
    fails(ShapeException.class, "2 subscripts for 1 tensors in 'i,j'", () -> Tensor.einsum("i,j", x));
    fails(ShapeException.class, "for a tensor of rank 3", () -> Tensor.einsum("ij", x));
    fails(ShapeException.class, "extents 3 and 2", () -> Tensor.einsum("i,i", range(3), range(2)));
    fails(ShapeException.class, "extents 2 and 3", () -> Tensor.einsum("iij->j", x));
    fails(ShapeException.class, "output label 'z'", () -> Tensor.einsum("ijk->z", x));
    fails(ShapeException.class, "output label 'i'", () -> Tensor.einsum("ijk->ii", x));
    fails(ShapeException.class, "not a label", () -> Tensor.einsum("i1k", x));
    fails(ShapeException.class, "no tensors", () -> Tensor.einsum("i"));
  }
}
