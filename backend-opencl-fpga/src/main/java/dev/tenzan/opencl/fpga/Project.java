package dev.tenzan.opencl.fpga;

import dev.tenzan.error.DeviceException;
import dev.tenzan.opencl.bundle.Part;
import dev.tenzan.opencl.bundle.Recording;
import dev.tenzan.opencl.program.KernelSource;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * The files that turn a recording into a project for an offline compiler: a build script, a list of the kernels, an estimate of
 * resources. The kernels themselves are the recording, {@code kernels}.
 *
 * @param sources the number of kernel sources
 * @param binaries the number of binaries to build of them
 */
public record Project(int sources, int binaries) {
  /** The folder of the recording in a project. */
  public static final String KERNELS = "kernels";

  /**
   * Completes a project.
   *
   * @param folder which holds the recording
   * @param program the name of the program
   * @param most the sources that one binary holds at most
   * @return what was written
   */
  public static Project write(Path folder, String program, Toolchain toolchain, int most) {
    Recording recording = Recording.read(folder.resolve(KERNELS));
    Map<String, KernelSource> sources = recording.sources();
    List<Part> parts = recording.parts(sources, most);
    Project project = new Project(sources.size(), parts.size());
    try {
      Path script = folder.resolve("build.sh");
      Files.writeString(script, Texts.script(toolchain));
      if (!script.toFile().setExecutable(true)) {
        throw new IOException("it cannot be made executable: " + script);
      }
      String pe = recording.style().pe().toString();
      Files.writeString(folder.resolve("README.md"), Texts.readme(program, toolchain, pe, project, most));
      Files.writeString(folder.resolve("kernels.tsv"), list(toolchain, sources, parts), StandardCharsets.UTF_8);
      Files.writeString(folder.resolve("resources.md"), resources(sources));
    } catch (IOException e) {
      throw new DeviceException("export: " + folder + " cannot be written: " + e + "; name another folder", e);
    }
    return project;
  }

  /** What the manifest will say of each kernel; {@code pack} adds sizes, checksums, compiler and board. */
  private static String list(Toolchain toolchain, Map<String, KernelSource> sources, List<Part> parts) {
    StringBuilder s = new StringBuilder("hash\tname\tfile\tsuffix\toptions\n");
    for (Part part : parts) {
      for (String hash : part.members()) {
        KernelSource source = Objects.requireNonNull(sources.get(hash), hash);
        s.append(hash).append('\t').append(source.name()).append('\t').append(part.name()).append(toolchain.ending()).append('\t')
            .append(part.suffix(hash)).append('\t').append(source.options()).append('\n');
      }
    }
    return s.toString();
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
