package dev.tenzan.opencl.fpga;

import dev.tenzan.error.DeviceException;
import dev.tenzan.opencl.bundle.Recording;
import dev.tenzan.opencl.program.KernelSource;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * The files that turn a recording into a project for an offline compiler: a build script, a list of the kernels, an estimate of
 * resources. The kernels themselves are the recording, {@code kernels}.
 */
public final class Project {
  /** The folder of the recording in a project. */
  public static final String KERNELS = "kernels";

  private Project() {}

  /**
   * Completes a project.
   *
   * @param folder which holds the recording
   * @param program the name of the program
   * @return the number of kernel sources
   */
  public static int write(Path folder, String program, Toolchain toolchain) {
    Recording recording = Recording.read(folder.resolve(KERNELS));
    Map<String, KernelSource> sources = recording.sources();
    try {
      Path script = folder.resolve("build.sh");
      Files.writeString(script, Texts.script(toolchain));
      if (!script.toFile().setExecutable(true)) {
        throw new IOException("it cannot be made executable: " + script);
      }
      Files.writeString(folder.resolve("README.md"), readme(program, toolchain, recording, sources));
      Files.writeString(folder.resolve("kernels.tsv"), list(toolchain, sources), StandardCharsets.UTF_8);
      Files.writeString(folder.resolve("resources.md"), resources(sources));
    } catch (IOException e) {
      throw new DeviceException("export: " + folder + " cannot be written: " + e + "; name another folder", e);
    }
    return sources.size();
  }

  /** What the manifest will say of each kernel; {@code pack} adds sizes, checksums, compiler and board. */
  private static String list(Toolchain toolchain, Map<String, KernelSource> sources) {
    StringBuilder s = new StringBuilder("hash\tname\tfile\toptions\n");
    sources.forEach(
        (hash, source) ->
            s.append(hash).append('\t').append(source.name()).append('\t').append(hash).append(toolchain.ending()).append('\t')
                .append(source.options()).append('\n'));
    return s.toString();
  }

  private static String readme(String program, Toolchain toolchain, Recording recording, Map<String, KernelSource> sources) {
    return Texts.readme(program, toolchain, recording.style().pe().toString(), sources.size());
  }

  private static String resources(Map<String, KernelSource> sources) {
    StringBuilder s = new StringBuilder("# Estimated resources of the systolic arrays\n\n");
    s.append("Computed from the arrays' shapes; nothing here was measured. `tenzan fpga report` reads what the compiler reports.\n\n");
    s.append("| kernel | dtype | array | results each | DSP blocks, Intel | DSP48E2, AMD | register bits |\n|---|---|---|---|---|---|---|\n");
    List<Estimate> estimates = Estimate.of(sources.values());
    for (Estimate e : estimates) {
      s.append("| ").append(e.kernel()).append(" | ").append(e.dtype()).append(" | ").append(e.rows()).append(" x ")
          .append(e.columns()).append(" | ").append(e.interleave()).append(" | ").append(e.intelDsps()).append(" | ")
          .append(e.amdDsps()).append(" | ").append(e.registerBits()).append(" |\n");
    }
    s.append("\nAssumptions:\n\n");
    Estimate.ASSUMPTIONS.forEach(a -> s.append("* ").append(a).append('\n'));
    return s.toString();
  }
}
