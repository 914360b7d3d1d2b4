package dev.tenzan.nn.data;

/**
 * The two parts of a data set.
 *
 * @param train what a model learns from
 * @param test what it is judged by
 */
public record Split(Dataset train, Dataset test) implements AutoCloseable {
  @Override
  public void close() {
    train.close();
    test.close();
  }
}
