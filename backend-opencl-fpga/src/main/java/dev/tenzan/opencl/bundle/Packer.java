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
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.BiConsumer;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * Makes a bundle of a recording. Binaries are left in the recording's folder beside their sources, so a run that was cut short goes on
 * where it ended, and what a vendor's tools built is taken from there.
 */
public final class Packer {
  private Packer() {}

  /**
   * Builds every source that has no binary yet.
   *
   * @param jobs how many at once
   * @param progress is told how many are done, of how many
   */
  public static void build(Recording recording, OfflineCompiler compiler, int jobs, BiConsumer<Integer, Integer> progress) {
    Map<String, KernelSource> sources = recording.sources();
    List<Future<?>> running = new ArrayList<>();
    try (ExecutorService pool = Executors.newFixedThreadPool(jobs)) {
      sources.forEach(
          (hash, source) -> {
            Path to = recording.file(hash, compiler.ending());
            if (!Files.exists(to)) {
              running.add(
                  pool.submit(
                      () -> {
                        Recording.place(to, compiler.compile(source));
                        return null;
                      }));
            }
          });
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
  public static Manifest pack(Recording recording, String ending, String toolchain, String board, Path out) {
    Map<String, KernelSource> sources = recording.sources();
    if (sources.isEmpty()) {
      throw new DeviceException("pack: " + recording.folder() + " holds no kernel sources; record some first");
    }
    List<Map.Entry<String, KernelSource>> missing =
        sources.entrySet().stream().filter(e -> !Files.isRegularFile(recording.file(e.getKey(), ending))).toList();
    if (!missing.isEmpty()) {
      Map.Entry<String, KernelSource> first = missing.getFirst();
      throw new DeviceException(
          "pack: " + missing.size() + " of " + sources.size() + " kernels have no binary yet, the first is "
              + first.getValue().name() + ": build " + recording.file(first.getKey(), ending));
    }
    try {
      List<Manifest.Entry> entries = new ArrayList<>();
      for (Map.Entry<String, KernelSource> e : sources.entrySet()) {
        byte[] binary = Files.readAllBytes(recording.file(e.getKey(), ending));
        entries.add(
            new Manifest.Entry(
                e.getKey(), e.getValue().name(), e.getValue().options(), toolchain, board, e.getKey() + ending, binary.length,
                KernelSource.sha256(binary)));
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
        zip(recording, entries, text, target);
      } else {
        folder(recording, entries, text, target);
      }
      return manifest;
    } catch (FileAlreadyExistsException e) {
      throw new DeviceException("pack: " + e.getFile() + " exists; remove it or name another", e);
    } catch (IOException e) {
      throw new DeviceException("pack: " + out + " cannot be written: " + e + "; name another", e);
    }
  }

  private static void folder(Recording recording, List<Manifest.Entry> entries, byte[] manifest, Path out) throws IOException {
    Files.createDirectory(out);
    for (Manifest.Entry e : entries) {
      Files.copy(recording.folder().resolve(e.file()), out.resolve(e.file()));
    }
    Recording.place(out.resolve(Manifest.FILE), manifest); // last: without it this is no bundle
  }

  private static void zip(Recording recording, List<Manifest.Entry> entries, byte[] manifest, Path out) throws IOException {
    Path part = Files.createTempFile(out.getParent(), "new", ".part");
    try {
      try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(part))) {
        zip.putNextEntry(new ZipEntry(Manifest.FILE));
        zip.write(manifest);
        for (Manifest.Entry e : entries) {
          zip.putNextEntry(new ZipEntry(e.file()));
          Files.copy(recording.folder().resolve(e.file()), zip);
        }
      }
      Files.move(part, out, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      Files.deleteIfExists(part);
    }
  }
}
