package dev.tenzan.opencl.bundle;

import dev.tenzan.error.DeviceException;
import dev.tenzan.error.TenzanException;
import dev.tenzan.opencl.program.KernelSource;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.BiConsumer;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * Makes a bundle of a recording. Binaries are left in the recording's folder {@code build} beside their texts, so a run that was cut
 * short goes on where it ended, and what a vendor's tools built is taken from there.
 */
public final class Packer {
  private final Recording recording;
  private final Map<String, KernelSource> sources;
  private final List<Part> parts;

  /**
   * Prepares a recording: the texts of its parts are written.
   *
   * @param most the sources of a part, at least 1
   * @throws DeviceException where it holds no sources
   */
  public Packer(Recording recording, int most) {
    this.recording = recording;
    this.sources = recording.sources();
    if (sources.isEmpty()) {
      throw new DeviceException("pack: " + recording.folder() + " holds no kernel sources; record some first");
    }
    this.parts = recording.parts(sources, most);
  }

  /** The number of binaries. */
  public int binaries() {
    return parts.size();
  }

  /**
   * Builds every part that has no binary yet.
   *
   * @param jobs how many at once
   * @param progress is told how many are done, of how many
   */
  public void build(OfflineCompiler compiler, int jobs, BiConsumer<Integer, Integer> progress) {
    List<Future<?>> running = new ArrayList<>();
    try (ExecutorService pool = Executors.newFixedThreadPool(jobs)) {
      for (Part part : parts) {
        Path to = recording.built(part, compiler.ending());
        if (!Files.exists(to)) {
          running.add(
              pool.submit(
                  () -> {
                    Recording.place(to, compiler.compile(part.source()));
                    return null;
                  }));
        }
      }
      try {
        for (int i = 0; i < running.size(); i++) {
          running.get(i).get();
          progress.accept(i + 1, running.size());
        }
      } catch (ExecutionException e) {
        pool.shutdownNow();
        throw e.getCause() instanceof TenzanException known
            ? known
            : new DeviceException("pack: a binary cannot be kept in " + recording.folder() + ": " + e.getCause(), e.getCause());
      } catch (InterruptedException e) {
        pool.shutdownNow();
        Thread.currentThread().interrupt();
        throw new DeviceException("pack: was interrupted", e);
      }
    }
  }

  /**
   * Writes the bundle of a recording whose binaries are there.
   *
   * @param ending the ending of the binaries
   * @param out a zip file where it ends so, otherwise a folder; there must be nothing yet
   * @return the manifest
   * @throws DeviceException where a binary is missing
   */
  public Manifest pack(String ending, String toolchain, String board, Path out) {
    List<Part> missing = parts.stream().filter(p -> !Files.isRegularFile(recording.built(p, ending))).toList();
    if (!missing.isEmpty()) {
      Part first = missing.getFirst();
      throw new DeviceException(
          "pack: " + missing.size() + " of " + parts.size() + " binaries are not there yet, the first is that of "
              + first.source().name() + ": build " + recording.built(first, ending));
    }
    try {
      List<Manifest.Entry> entries = new ArrayList<>();
      for (Part part : parts) {
        byte[] binary = Files.readAllBytes(recording.built(part, ending));
        String sum = KernelSource.sha256(binary);
        for (String hash : part.members()) {
          KernelSource source = Objects.requireNonNull(sources.get(hash), hash);
          entries.add(
              new Manifest.Entry(
                  hash, source.name(), source.options(), toolchain, board, part.name() + ending, binary.length, sum,
                  part.suffix(hash)));
        }
      }
      Manifest manifest = new Manifest(recording.style(), entries);
      byte[] text = manifest.write().getBytes(StandardCharsets.UTF_8);
      Manifest.read("pack: " + Manifest.FILE, manifest.write()); // what is written can be read
      Path target = out.toAbsolutePath();
      Files.createDirectories(target.getParent());
      if (Files.exists(target)) {
        throw new FileAlreadyExistsException(out.toString());
      }
      if (out.toString().endsWith(".zip")) {
        zip(ending, text, target);
      } else {
        folder(ending, text, target);
      }
      return manifest;
    } catch (FileAlreadyExistsException e) {
      throw new DeviceException("pack: " + e.getFile() + " exists; remove it or name another", e);
    } catch (IOException e) {
      throw new DeviceException("pack: " + out + " cannot be written: " + e + "; name another", e);
    }
  }

  private void folder(String ending, byte[] manifest, Path out) throws IOException {
    Files.createDirectory(out);
    for (Part p : parts) {
      Files.copy(recording.built(p, ending), out.resolve(p.name() + ending));
    }
    Recording.place(out.resolve(Manifest.FILE), manifest); // last: without it this is no bundle
  }

  private void zip(String ending, byte[] manifest, Path out) throws IOException {
    Path unfinished = Files.createTempFile(out.getParent(), "new", ".part");
    try {
      try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(unfinished))) {
        zip.putNextEntry(new ZipEntry(Manifest.FILE));
        zip.write(manifest);
        for (Part p : parts) {
          zip.putNextEntry(new ZipEntry(p.name() + ending));
          Files.copy(recording.built(p, ending), zip);
        }
      }
      Files.move(unfinished, out, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      Files.deleteIfExists(unfinished);
    }
  }
}
