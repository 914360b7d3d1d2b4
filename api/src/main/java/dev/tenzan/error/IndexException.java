package dev.tenzan.error;

import org.jspecify.annotations.Nullable;

/** Thrown where an index held in a tensor lies outside the axis that it addresses. */
public class IndexException extends TenzanException {
  private static final long serialVersionUID = 1L;

  /**
   * Where several coordinates become one index of a flattened tensor, a coordinate outside its axis may give an index inside the
   * tensor. Its place is taken by the coordinate's lowest 62 bits with this bit above them: outside every tensor, and still
   * readable.
   */
  public static final long MARK = Long.MIN_VALUE;

  /** Creates the error; {@code message} names the operation, the actual values and the remedy. */
  public IndexException(String message) {
    super(message);
  }

  /**
   * The error of every backend for an index of an operation's index tensor, so that all say the same. An index below -2^62 is a
   * {@linkplain #MARK marked} one.
   */
  public static IndexException outside(String op, long index, long extent) {
    if (index < MARK >> 1) {
      long given = index << 2 >> 2;
      return new IndexException(
          op + ": index " + given + " is outside the axis that it addresses; give 0 or more and less than the axis' extent");
    }
    return of(op, Long.toString(index), extent);
  }

  /** The error for the index at a position of a one-dimensional index tensor. */
  public static IndexException outside(String op, long index, long position, long extent) {
    return of(op, index + " at position " + position, extent);
  }

  private static IndexException of(String op, String index, long extent) {
    String remedy = extent == 0 ? "an empty axis takes no index" : "give 0 to " + (extent - 1);
    return new IndexException(op + ": index " + index + " is outside an axis of extent " + extent + "; " + remedy);
  }

  /** Creates the error with the cause that led to it, if there is one. */
  public IndexException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
