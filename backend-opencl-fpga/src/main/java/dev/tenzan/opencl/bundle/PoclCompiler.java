package dev.tenzan.opencl.bundle;

import dev.tenzan.error.DeviceException;
import dev.tenzan.opencl.program.KernelSource;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** PoCL's offline compiler, the program {@code poclcc}. It takes the same options as the driver, and writes the same binaries. */
public final class PoclCompiler implements OfflineCompiler {
  private static final long MINUTES = 10;

  private final Path program;
  private final String board;

  private PoclCompiler(Path program, String board) {
    this.program = program;
    this.board = board;
  }

  /** The program on the path; empty where there is none. */
  public static Optional<Path> find() {
    for (String dir : System.getenv().getOrDefault("PATH", "").split(File.pathSeparator, -1)) {
      Path program = Path.of(dir, "poclcc");
      if (!dir.isEmpty() && Files.isExecutable(program)) {
        return Optional.of(program);
      }
    }
    return Optional.empty();
  }

  /**
   * The compiler on the path.
   *
   * @throws DeviceException where there is none, or it finds no device to build for
   */
  public static PoclCompiler open() {
    Path program =
        find()
            .orElseThrow(
                () -> new DeviceException("pack: there is no poclcc on the PATH; install it (Debian: libpocl-dev)"));
    String devices = run(List.of(program.toString(), "-l"), "list its devices");
    List<String> lines = devices.lines().map(String::strip).toList();
    String name = field(lines, "Name:");
    String version = field(lines, "Version:");
    if (name.isEmpty()) {
      throw new DeviceException(
          "pack: poclcc finds no device to build for; install PoCL's runtime (Debian: pocl-opencl-icd)\n" + devices);
    }
    return new PoclCompiler(program, name + ", " + version);
  }

  private static String field(List<String> lines, String key) {
    return lines.stream().filter(l -> l.startsWith(key)).map(l -> l.substring(key.length()).strip()).findFirst().orElse("");
  }

  @Override
  public String ending() {
    return ".poclbin";
  }

  @Override
  public String toolchain() {
    return "poclcc";
  }

  @Override
  public String board() {
    return board;
  }

  @Override
  public byte[] compile(KernelSource source) {
    try {
      Path folder = Files.createTempDirectory("tenzan-poclcc");
      Path in = folder.resolve("program.cl");
      Path out = folder.resolve("program.bin");
      try {
        Files.writeString(in, source.code());
        String log =
            run(
                List.of(program.toString(), "-b", source.options(), "-o", out.toString(), in.toString()),
                "compile " + source.name() + " (" + source.hash() + ")");
        if (!Files.isRegularFile(out) || Files.size(out) == 0) {
          throw new DeviceException("pack: poclcc wrote no binary of " + source.name() + " (" + source.hash() + ")\n" + log);
        }
        return Files.readAllBytes(out);
      } finally {
        Files.deleteIfExists(in);
        Files.deleteIfExists(out);
        Files.delete(folder);
      }
    } catch (IOException e) {
      throw new DeviceException("pack: poclcc's files cannot be written or read: " + e + "; see that there is room", e);
    }
  }

  private static String run(List<String> command, String what) {
    try {
      Path log = Files.createTempFile("tenzan-poclcc", ".log");
      try {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
        if (!process.waitFor(MINUTES, TimeUnit.MINUTES)) {
          process.destroyForcibly();
          throw new DeviceException("pack: poclcc could not " + what + " in " + MINUTES + " minutes");
        }
        String text = Files.readString(log, java.nio.charset.StandardCharsets.ISO_8859_1);
        if (process.exitValue() != 0) {
          throw new DeviceException("pack: poclcc could not " + what + ": exit code " + process.exitValue() + "\n" + text.strip());
        }
        return text;
      } finally {
        Files.deleteIfExists(log);
      }
    } catch (IOException e) {
      throw new DeviceException("pack: poclcc cannot be started: " + e + "; check " + command.getFirst(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new DeviceException("pack: was interrupted", e);
    }
  }
}
