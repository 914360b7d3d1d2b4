package dev.tenzan.nn;

/** Something that is told how a training goes on. Nothing it does changes the result. */
public interface TrainingListener {
  /** A listener that does nothing. */
  TrainingListener SILENT = new TrainingListener() {};

  /**
   * Called after each step.
   *
   * @param epoch the present epoch, from 1
   * @param epochs how many there will be
   * @param done the samples seen in this epoch
   * @param total the samples of an epoch
   */
  default void step(int epoch, int epochs, long done, long total) {}

  /** Called after each epoch. */
  default void epoch(EpochMetrics metrics) {}

  /**
   * What is known after an epoch.
   *
   * @param epoch its number, from 1
   * @param epochs how many there will be
   * @param loss the mean loss of the samples when they were seen, dropout and augmentation included
   * @param accuracy the share of samples that were classified correctly when they were seen
   * @param seconds how long the epoch took
   * @param samplesPerSecond the speed
   */
  record EpochMetrics(
      int epoch, int epochs, float loss, double accuracy, double seconds, double samplesPerSecond) {}
}
