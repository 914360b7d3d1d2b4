package dev.tenzan.bench.peers;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * A function in TorchScript, for PyTorch's operators that DJL has no method for. PyTorch loads it as it loads any scripted model:
 * from a zip archive with the code, and a pickled module object without weights.
 */
final class TorchScript implements AutoCloseable {
  /** PROTO 2, the class, NEWOBJ, and BUILD with {@code {'training': True}}. */
  private static final byte[] MODULE = pickle("\u0080\u0002c__torch__\nM\n)\u0081}(X\u0008\0\0\0training\u0088ub.");

  /** PROTO 2, an empty tuple. */
  private static final byte[] NO_CONSTANTS = pickle("\u0080\u0002).");

  /** The version of the archive's layout. */
  private static final String VERSION = "10\n";

  private final Model model;
  private final Block block;
  private final ParameterStore parameters;

  private TorchScript(NDManager manager, Model model) {
    this.model = model;
    this.block = model.getBlock();
    this.parameters = new ParameterStore(manager, false);
  }

  /**
   * A function of arrays named {@code x0}, {@code x1} and so on.
   *
   * @param arity the number of arrays
   * @param expression what it returns, for example {@code torch.add(x0, x1)}
   */
  static TorchScript of(NDManager manager, int arity, String expression) {
    Model model = Model.newInstance("function", "PyTorch");
    try {
      model.load(new ByteArrayInputStream(archive(arity, expression)));
      return new TorchScript(manager, model);
    } catch (IOException | MalformedModelException e) {
      model.close();
      throw new IllegalStateException("TorchScript: " + expression + ": " + e.getMessage(), e);
    }
  }

  private static byte[] archive(int arity, String expression) {
    String arguments = IntStream.range(0, arity).mapToObj(i -> ", x" + i + ": Tensor").collect(Collectors.joining());
    String code =
        """
        class M(Module):
          __parameters__ = []
          __buffers__ = []
          training : bool
          def forward(self: __torch__.M%s) -> Tensor:
            return %s
        """
            .formatted(arguments, expression);
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
      entry(zip, "data.pkl", MODULE);
      entry(zip, "code/__torch__.py", code.getBytes(StandardCharsets.UTF_8));
      entry(zip, "constants.pkl", NO_CONSTANTS);
      entry(zip, "version", VERSION.getBytes(StandardCharsets.US_ASCII));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  private static void entry(ZipOutputStream zip, String name, byte[] content) throws IOException {
    zip.putNextEntry(new ZipEntry("function/" + name));
    zip.write(content);
    zip.closeEntry();
  }

  private static byte[] pickle(String opcodes) {
    return opcodes.getBytes(StandardCharsets.ISO_8859_1);
  }

  /** Calls the function without gradients. */
  NDArray call(List<NDArray> inputs) {
    return block.forward(parameters, new NDList(inputs), false).singletonOrThrow();
  }

  /** Calls the function so that gradients flow through it. */
  NDArray callForTraining(List<NDArray> inputs) {
    return block.forward(parameters, new NDList(inputs), true).singletonOrThrow();
  }

  @Override
  public void close() {
    model.close();
  }
}
