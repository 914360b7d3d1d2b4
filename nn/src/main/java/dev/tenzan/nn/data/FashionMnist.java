package dev.tenzan.nn.data;

import dev.tenzan.Device;
import dev.tenzan.Tensor;
import dev.tenzan.error.FormatException;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.io.FileNotFoundException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The Fashion-MNIST data set (Xiao, Rasul and Vollgraf, 2017): 60,000 training and 10,000 test images of
 * clothes, 28 x 28 grey pixels, 10 classes. It is read from a folder with its four IDX files, packed or not;
 * Debian's package {@code dataset-fashion-mnist} installs them.
 */
public final class FashionMnist {
  /** Where Debian's package puts the files. */
  public static final Path DEBIAN_FOLDER = Path.of("/usr/share/datasets/fashion-mnist");

  private static final String REMEDY =
      "install Debian's package dataset-fashion-mnist (folder " + DEBIAN_FOLDER
          + "), or name a folder with the four files of github.com/zalandoresearch/fashion-mnist";

  private FashionMnist() {}

  /**
   * Both parts, samples {@code [n, 1, 28, 28]}, u8.
   *
   * @param folder holds {@code train-images-idx3-ubyte}, {@code train-labels-idx1-ubyte}, {@code
   *     t10k-images-idx3-ubyte} and {@code t10k-labels-idx1-ubyte}, each with or without {@code .gz}
   * @throws UncheckedIOException where the folder or a file is missing
   * @throws FormatException where a file is damaged
   */
  public static Split load(Path folder, Device device) {
    if (!Files.isDirectory(folder)) {
      throw missing("fashion-mnist: " + folder + " is no folder; " + REMEDY);
    }
    return new Split(part(folder, "train", device), part(folder, "t10k", device));
  }

  private static Dataset part(Path folder, String name, Device device) {
    Path imagesFile = find(folder, name + "-images-idx3-ubyte");
    Path labelsFile = find(folder, name + "-labels-idx1-ubyte");
    Idx.Contents images = Idx.read(imagesFile);
    Idx.Contents labels = Idx.read(labelsFile);
    Shape s = images.shape();
    if (images.dtype() != DType.U8 || s.rank() != 3 || s.dim(1) != 28 || s.dim(2) != 28) {
      throw new FormatException(
          "fashion-mnist: " + imagesFile + " holds " + images.dtype() + s + "; it must be u8[n, 28, 28]");
    }
    if (labels.dtype() != DType.U8 || labels.shape().rank() != 1 || labels.shape().dim(0) != s.dim(0)) {
      throw new FormatException(
          "fashion-mnist: " + labelsFile + " holds " + labels.dtype() + labels.shape() + "; it must be u8["
              + s.dim(0)
              + "], one for each image");
    }
    long[] classes = new long[labels.bytes().length];
    for (int i = 0; i < classes.length; i++) {
      classes[i] = labels.bytes()[i];
      if (classes[i] < 0 || classes[i] > 9) {
        throw new FormatException(
            "fashion-mnist: " + labelsFile + " has label " + (classes[i] & 0xff) + " at " + i
                + "; labels are 0 to 9");
      }
    }
    Tensor samples = images.tensor(device).reshape(s.dim(0), 1, 28, 28).eval();
    return new Dataset(samples, device.of(classes), 10, 255);
  }

  private static Path find(Path folder, String name) {
    Path plain = folder.resolve(name);
    Path packed = folder.resolve(name + ".gz");
    if (Files.isRegularFile(plain)) {
      return plain;
    }
    if (Files.isRegularFile(packed)) {
      return packed;
    }
    throw missing("fashion-mnist: neither " + plain + " nor " + packed.getFileName() + " is there; "
        + REMEDY);
  }

  private static UncheckedIOException missing(String message) {
    return new UncheckedIOException(message, new FileNotFoundException(message));
  }
}
