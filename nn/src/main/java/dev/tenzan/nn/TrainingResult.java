package dev.tenzan.nn;

/**
 * What a training came to. Loss and accuracy have the same bits on every device.
 *
 * @param loss the mean loss over the whole training set after the last step, without dropout and augmentation
 * @param accuracy the share of test samples that are classified correctly
 * @param epochs the number of epochs
 * @param seconds the time from the first step to the last, evaluation not included
 */
public record TrainingResult(float loss, double accuracy, int epochs, double seconds) {}
