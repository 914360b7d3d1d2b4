package dev.tenzan.opencl;

import dev.tenzan.error.DeviceException;
import dev.tenzan.opencl.driver.DeviceFacts;
import dev.tenzan.opencl.plan.Tile;
import dev.tenzan.opencl.program.KernelSource;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;

/** The tiles that were measured to be best on a device, a file for each device and driver beside its compiled programs. */
final class Tiles {
  private static final System.Logger LOG = System.getLogger("dev.tenzan.opencl.tiles");
  private static final String ENDING = ".tile";
  private static final int LONGEST = 100;

  private Tiles() {}

  /** The file for a device in a folder. */
  static Path file(Path folder, DeviceFacts facts) {
    return folder.resolve(KernelSource.sha256(facts.identity().getBytes(StandardCharsets.UTF_8)) + ENDING);
  }

  /** The tile of a device; empty where none was remembered. A file that holds no tile is logged and left out. */
  static Optional<Tile> remembered(Path folder, DeviceFacts facts) {
    Path file = file(folder, facts);
    try {
      String text = Files.readString(file);
      return Optional.of(Tile.parse(text.substring(0, Math.min(LONGEST, text.length()))));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException | DeviceException e) {
      LOG.log(System.Logger.Level.WARNING, "{0} holds no tile ({1}); the default is used: run tenzan tune again", file, e.getMessage());
      return Optional.empty();
    }
  }

  /**
   * Remembers the tile of a device.
   *
   * @return the file
   * @throws DeviceException where it cannot be written
   */
  static Path remember(Path folder, DeviceFacts facts, Tile tile) {
    Path file = file(folder, facts);
    try {
      Files.createDirectories(folder);
      Path part = Files.createTempFile(folder, "new", ".part");
      try {
        Files.writeString(part, tile + "\n");
        Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      } finally {
        Files.deleteIfExists(part);
      }
      return file;
    } catch (IOException e) {
      throw new DeviceException(
          "tune: " + file + " cannot be written: " + e + "; name another folder with -D" + ProgramSettings.CACHE_PROPERTY + "=FOLDER", e);
    }
  }
}
