package dev.tenzan;

import dev.tenzan.error.ShapeException;
import dev.tenzan.ir.ShapeInference;
import dev.tenzan.type.DType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Einstein summation: parses a subscript expression, and contracts the operands pairwise from left to right.
 * A pair becomes one batched matrix product: labels that both have and that are needed later are batches,
 * labels that both have and nobody needs are summed.
 */
final class Einsum {
  private final String expression;

  private Einsum(String expression) {
    this.expression = expression;
  }

  static Tensor run(String expression, Tensor... operands) {
    if (operands.length == 0) {
      throw new ShapeException("einsum: no tensors for '" + expression + "'; give one for each subscript");
    }
    return Nodes.composite(() -> new Einsum(expression).evaluate(operands));
  }

  /** A tensor with one label for each axis. */
  private record Labelled(Tensor tensor, String labels) {
    long extent(char label) {
      return tensor.dim(labels.indexOf(label));
    }
  }

  private ShapeException error(String what) {
    return new ShapeException("einsum: " + what + " in '" + expression + "'");
  }

  private Tensor evaluate(Tensor... operands) {
    String text = expression.replace(" ", "");
    int arrow = text.indexOf("->");
    String left = arrow < 0 ? text : text.substring(0, arrow);
    String[] inputs = left.split(",", -1);
    if (inputs.length != operands.length) {
      throw error(inputs.length + " subscripts for " + operands.length + " tensors");
    }
    String dots = ellipsis(inputs, operands);
    List<Labelled> terms = new ArrayList<>();
    for (int i = 0; i < inputs.length; i++) {
      terms.add(diagonal(operands[i], expand(inputs[i], dots, operands[i].rank())));
    }
    String output = arrow < 0 ? implicit(terms, dots) : expand(text.substring(arrow + 2), dots, -1);
    check(terms, output);
    Labelled acc = terms.getFirst();
    for (int i = 1; i < terms.size(); i++) {
      StringBuilder later = new StringBuilder(output);
      terms.subList(i + 1, terms.size()).forEach(t -> later.append(t.labels));
      acc = contract(acc, terms.get(i), later.toString());
    }
    return finish(acc, output);
  }

  /** The labels that stand for the axes of an ellipsis: digits, as many as the longest needs. */
  private String ellipsis(String[] inputs, Tensor[] operands) {
    int most = 0;
    for (int i = 0; i < inputs.length; i++) {
      if (inputs[i].contains("...")) {
        most = Math.max(most, operands[i].rank() - (inputs[i].length() - 3));
      }
    }
    if (most > 10) {
      throw error("an ellipsis of " + most + " axes; at most 10 are supported");
    }
    return "0123456789".substring(0, Math.max(0, most));
  }

  private String expand(String subscript, String dots, int rank) {
    for (char c : subscript.replaceFirst("\\.\\.\\.", "").toCharArray()) {
      if (!Character.isLetter(c)) {
        throw error("'" + c + "' is not a label; use letters");
      }
    }
    int at = subscript.indexOf("...");
    String s = subscript;
    if (at >= 0) {
      int own = rank < 0 ? dots.length() : rank - (subscript.length() - 3);
      if (own < 0) {
        throw error("subscript '" + subscript + "' for a tensor of rank " + rank);
      }
      s = subscript.substring(0, at) + dots.substring(dots.length() - own) + subscript.substring(at + 3);
    }
    if (rank >= 0 && s.length() != rank) {
      throw error("subscript '" + subscript + "' for a tensor of rank " + rank);
    }
    return s;
  }

  /** Takes the diagonal where a label appears twice in one operand. */
  private Labelled diagonal(Tensor t, String labels) {
    for (int i = 0; i < labels.length(); i++) {
      int j = labels.indexOf(labels.charAt(i), i + 1);
      if (j >= 0) {
        long n = t.dim(i);
        if (n != t.dim(j)) {
          throw error("label '" + labels.charAt(i) + "' has extents " + n + " and " + t.dim(j));
        }
        Tensor kept = t.moveAxis(j, -1).moveAxis(i, -2).diagonal();
        String rest = new StringBuilder(labels).deleteCharAt(j).deleteCharAt(i).toString() + labels.charAt(i);
        return diagonal(kept, rest);
      }
    }
    return new Labelled(t, labels);
  }

  /** Without an arrow: the ellipsis, then the labels that appear once, in alphabetical order. */
  private String implicit(List<Labelled> terms, String dots) {
    StringBuilder all = new StringBuilder();
    for (String raw : expression.replace(" ", "").split(",")) {
      all.append(raw.replace("...", ""));
    }
    StringBuilder out = new StringBuilder(dots);
    all.chars()
        .sorted()
        .filter(c -> all.indexOf(String.valueOf((char) c)) == all.lastIndexOf(String.valueOf((char) c)))
        .forEach(c -> out.append((char) c));
    return terms.isEmpty() ? "" : out.toString();
  }

  private void check(List<Labelled> terms, String output) {
    for (char c : output.toCharArray()) {
      boolean known = terms.stream().anyMatch(t -> t.labels.indexOf(c) >= 0);
      if (!known || output.indexOf(c) != output.lastIndexOf(c)) {
        throw error("output label '" + c + "' is repeated or stands in no operand");
      }
    }
    for (Labelled a : terms) {
      for (char c : a.labels.toCharArray()) {
        for (Labelled b : terms) {
          boolean shared = b.labels.indexOf(c) >= 0;
          if (shared && a.extent(c) != b.extent(c) && a.extent(c) != 1 && b.extent(c) != 1) {
            throw error("label '" + c + "' has extents " + a.extent(c) + " and " + b.extent(c));
          }
        }
      }
    }
  }

  /** Sums the labels that nobody needs any more. */
  private static Labelled reduce(Labelled t, String needed) {
    StringBuilder kept = new StringBuilder();
    List<Integer> gone = new ArrayList<>();
    for (int i = 0; i < t.labels.length(); i++) {
      if (needed.indexOf(t.labels.charAt(i)) >= 0) {
        kept.append(t.labels.charAt(i));
      } else {
        gone.add(i);
      }
    }
    if (gone.isEmpty()) {
      return t;
    }
    DType dtype = t.tensor.dtype();
    return new Labelled(t.tensor.sum(Nodes.ints(gone)).cast(dtype), kept.toString());
  }

  private Labelled contract(Labelled a, Labelled b, String later) {
    Labelled x = reduce(a, later + b.labels);
    Labelled y = reduce(b, later + x.labels);
    StringBuilder batch = new StringBuilder();
    StringBuilder inner = new StringBuilder();
    StringBuilder rows = new StringBuilder();
    StringBuilder columns = new StringBuilder();
    for (char c : x.labels.toCharArray()) {
      boolean shared = y.labels.indexOf(c) >= 0;
      (shared ? later.indexOf(c) >= 0 || x.extent(c) != y.extent(c) ? batch : inner : rows).append(c);
    }
    for (char c : y.labels.toCharArray()) {
      if (x.labels.indexOf(c) < 0) {
        columns.append(c);
      }
    }
    Tensor left = order(x, batch.toString() + rows + inner);
    Tensor right = order(y, batch.toString() + inner + columns);
    if (inner.isEmpty() || (rows.isEmpty() && columns.isEmpty())) {
      DType t = ShapeInference.promote("einsum", left.dtype(), right.dtype());
      Tensor all = multiply(Nodes.wide(left), Nodes.wide(right), rows.length(), columns.length());
      Labelled sum = reduce(new Labelled(all, batch.toString() + rows + columns + inner), later);
      return new Labelled(sum.tensor.cast(t), sum.labels);
    }
    long k = size(x, inner);
    Tensor product = left.reshape(dims(left, batch.length(), size(x, rows), k)).matmul(
        right.reshape(dims(right, batch.length(), k, size(y, columns))));
    long[] shape = new long[batch.length() + rows.length() + columns.length()];
    int n = 0;
    for (; n < batch.length(); n++) {
      shape[n] = product.dim(n);
    }
    for (char c : rows.toString().toCharArray()) {
      shape[n++] = x.extent(c);
    }
    for (char c : columns.toString().toCharArray()) {
      shape[n++] = y.extent(c);
    }
    return reduce(new Labelled(product.reshape(shape), batch.toString() + rows + columns), later);
  }

  /** The products without a sum: batches side by side, each row element with each column element. */
  private static Tensor multiply(Tensor left, Tensor right, int rows, int columns) {
    int[] added = new int[columns];
    Arrays.setAll(added, i -> left.rank() + i);
    int[] inserted = new int[rows];
    Arrays.setAll(inserted, i -> left.rank() - rows + i);
    return left.expandDims(added).mul(right.expandDims(inserted));
  }

  private static long size(Labelled t, CharSequence labels) {
    return labels.chars().mapToLong(c -> t.extent((char) c)).reduce(1, (p, q) -> p * q);
  }

  private static long[] dims(Tensor t, int batch, long rows, long columns) {
    long[] d = new long[batch + 2];
    for (int i = 0; i < batch; i++) {
      d[i] = t.dim(i);
    }
    d[batch] = rows;
    d[batch + 1] = columns;
    return d;
  }

  private static Tensor order(Labelled t, String labels) {
    return t.tensor.permuteDims(labels.chars().map(c -> t.labels.indexOf(c)).toArray());
  }

  private static Tensor finish(Labelled t, String output) {
    Labelled r = reduce(t, output);
    return order(r, output);
  }
}
