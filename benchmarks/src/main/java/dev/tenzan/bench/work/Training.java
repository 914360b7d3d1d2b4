package dev.tenzan.bench.work;

import dev.tenzan.Device;
import dev.tenzan.Tenzan;
import dev.tenzan.bench.output.CliException;
import dev.tenzan.nn.Recipe;
import dev.tenzan.nn.TrainingListener;
import dev.tenzan.nn.TrainingResult;
import dev.tenzan.nn.data.FashionMnist;
import dev.tenzan.type.Numerics;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A finished training of one of the shipped recipes.
 *
 * @param settings what was trained
 * @param epochs how it went on
 * @param loss the mean loss on the training set after the last step
 * @param accuracy the share of test samples that are classified correctly
 * @param seconds the time from the first step to the last
 * @param trainSamples the number of training samples
 * @param testSamples the number of test samples
 * @param weights the number of weights
 */
public record Training(
    Settings settings,
    List<TrainingListener.EpochMetrics> epochs,
    float loss,
    double accuracy,
    double seconds,
    int trainSamples,
    int testSamples,
    long weights) {
  /** The seed where none is given. */
  public static final long DEFAULT_SEED = 42;

  /** The data sets that have a recipe. */
  public enum DataSet {
    /** Handwritten digits of 8 x 8 pixels, which ship with Tenzan. */
    DIGITS,
    /** Clothes of 28 x 28 pixels, from IDX files. */
    FASHION_MNIST;

    /** The epochs where none are given. */
    public int defaultEpochs() {
      return switch (this) {
        case DIGITS -> Recipe.DIGITS_EPOCHS;
        case FASHION_MNIST -> Recipe.FASHION_EPOCHS;
      };
    }

    /** The name on the command line. */
    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
  }

  /**
   * What is trained.
   *
   * @param dataSet the data
   * @param folder where the data lies; only for data that does not ship with Tenzan
   * @param device where it is trained
   * @param epochs how often each sample is seen
   * @param seed fixes first weights, order and augmentation
   * @param numerics what is promised about the bits
   */
  public record Settings(
      DataSet dataSet, @Nullable Path folder, Device device, int epochs, long seed, Numerics numerics) {
    /**
     * Checks what can be checked before the work.
     *
     * @throws CliException where the folder is missing
     */
    public Settings {
      if (dataSet == DataSet.FASHION_MNIST) {
        folder = folder == null ? FashionMnist.DEBIAN_FOLDER : folder;
        if (!Files.isDirectory(folder)) {
          throw new CliException(
              "fashion-mnist: there is no folder " + folder
                  + "; give the one with the four IDX files as --data DIR (Debian: apt-get install"
                  + " dataset-fashion-mnist)");
        }
      } else if (folder != null) {
        throw new CliException("digits: they ship with Tenzan; leave out --data " + folder);
      }
    }
  }

  /** Trains. */
  public static Training run(Settings settings, TrainingListener listener) {
    Device device = settings.device();
    Path folder = settings.folder();
    Recipe recipe =
        folder == null
            ? Recipe.digits(device, settings.seed(), settings.epochs())
            : Recipe.fashionMnist(device, folder, settings.seed(), settings.epochs());
    List<TrainingListener.EpochMetrics> epochs = new ArrayList<>();
    TrainingListener recording =
        new TrainingListener() {
          @Override
          public void step(int epoch, int count, long done, long total) {
            listener.step(epoch, count, done, total);
          }

          @Override
          public void epoch(EpochMetrics metrics) {
            epochs.add(metrics);
            listener.epoch(metrics);
          }
        };
    try (var train = recipe.data().train();
        var test = recipe.data().test()) {
      TrainingResult result = Tenzan.with(settings.numerics(), () -> recipe.run(recording));
      long weights = recipe.model().parameters().stream().mapToLong(p -> p.shape().size()).sum();
      return new Training(
          settings, List.copyOf(epochs), result.loss(), result.accuracy(), result.seconds(), train.size(), test.size(),
          weights);
    }
  }

  /** The training samples seen in a second. */
  public double imagesPerSecond() {
    return (double) trainSamples * settings.epochs() / seconds;
  }

  /** The bits of the final loss, as hexadecimal digits. */
  public String lossBits() {
    return "0x%08x".formatted(Float.floatToRawIntBits(loss));
  }

  /** The fields in display order, for JSON. */
  public Map<String, Object> toMap() {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("data_set", settings.dataSet().toString());
    map.put("device", settings.device().name());
    map.put("seed", settings.seed());
    map.put("numerics", settings.numerics().toString());
    map.put("epochs", settings.epochs());
    map.put("train_samples", trainSamples);
    map.put("test_samples", testSamples);
    map.put("weights", weights);
    map.put("accuracy", accuracy);
    map.put("final_loss", loss);
    map.put("final_loss_bits", lossBits());
    map.put("seconds", seconds);
    List<Map<String, Object>> curve = new ArrayList<>();
    for (TrainingListener.EpochMetrics m : epochs) {
      Map<String, Object> point = new LinkedHashMap<>();
      point.put("epoch", m.epoch());
      point.put("loss", m.loss());
      point.put("accuracy", m.accuracy());
      point.put("seconds", m.seconds());
      curve.add(point);
    }
    map.put("curve", curve);
    return map;
  }
}
