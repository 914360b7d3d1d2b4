package dev.tenzan.error;

import org.jspecify.annotations.Nullable;

/** Thrown where an index held in a tensor lies outside the axis that it addresses. */
public class IndexException extends TenzanException {
  private static final long serialVersionUID = 1L;

  /**
   * What a composite that flattens several coordinates into one index puts in the place of it where one of them lies outside its axis.
   */
  public static final long OUTSIDE = Long.MIN_VALUE;

  /** Creates the error; {@code message} names the operation, the actual values and the remedy. */
  public IndexException(String message) {
    super(message);
  }

  /** Creates the error with the cause that led to it, if there is one. */
  public IndexException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }

  /** The error of a gather: an index that is not at least 0 and less than the extent of its axis. */
  public static IndexException ofGather(long index, long extent) {
    if (index == OUTSIDE) {
      return new IndexException(
          "gather: a coordinate is outside its axis; coordinates are 0 or more and less than the extent of their axis");
    }
    return new IndexException(
        "gather: index " + index + " is outside an axis of extent " + extent
            + "; indices are 0 or more and less than the extent");
  }

  /** The error of a scatter whose index at {@code position} is not at least 0 and less than the extent. */
  public static IndexException ofScatter(long index, long position, long extent) {
    return new IndexException(
        "scatter: index " + index + " at position " + position + " is outside an axis of extent " + extent
            + "; indices are 0 or more and less than the extent");
  }
}
