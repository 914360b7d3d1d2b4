package dev.tenzan.opencl;

import dev.tenzan.error.DeviceException;
import dev.tenzan.opencl.bundle.Bundle;
import dev.tenzan.opencl.bundle.BundlePrograms;
import dev.tenzan.opencl.bundle.Recording;
import dev.tenzan.opencl.bundle.RecordingPrograms;
import dev.tenzan.opencl.driver.DeviceFacts;
import dev.tenzan.opencl.driver.OpenClDriver;
import dev.tenzan.opencl.plan.Style;
import dev.tenzan.opencl.plan.Tile;
import dev.tenzan.opencl.program.CompiledPrograms;
import dev.tenzan.opencl.program.ProgramSource;
import dev.tenzan.spi.BinaryCache;
import java.io.File;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Where devices get their programs from: the compiler or, where there is none or it is switched off, bundles.
 *
 * @param cache where compiled programs are kept, or null
 * @param compiler whether devices may use their compiler
 * @param bundles the bundles' folders or zip files
 * @param record the folder that notes every source asked for, or null
 * @param tile the tile of matrix products, or null where a device has the one that is remembered, or else the default
 */
public record ProgramSettings(
    @Nullable BinaryCache cache, boolean compiler, List<Path> bundles, @Nullable Path record, @Nullable Tile tile) {
  /** The system property with the bundles, separated as class paths are. */
  public static final String BUNDLES_PROPERTY = "tenzan.opencl.bundles";

  /** The system property that is {@code off} where devices must not compile. */
  public static final String COMPILER_PROPERTY = "tenzan.opencl.compiler";

  /** The system property with the folder of compiled programs; {@code off} switches the cache off. */
  public static final String CACHE_PROPERTY = "tenzan.opencl.cache";

  /** The system property with the folder that sources are recorded in. */
  public static final String RECORD_PROPERTY = "tenzan.opencl.record";

  /** Copies the list. */
  public ProgramSettings {
    bundles = List.copyOf(bundles);
  }

  /** Settings with the tile that is remembered. */
  public ProgramSettings(@Nullable BinaryCache cache, boolean compiler, List<Path> bundles, @Nullable Path record) {
    this(cache, compiler, bundles, record, null);
  }

  /** Programs by the compiler alone. */
  public static ProgramSettings compiling(@Nullable BinaryCache cache) {
    return new ProgramSettings(cache, true, List.of(), null);
  }

  /** These settings with a tile. */
  public ProgramSettings with(Tile other) {
    return new ProgramSettings(cache, compiler, bundles, record, other);
  }

  /** What the system properties say. */
  public static ProgramSettings configured() {
    String compiler = System.getProperty(COMPILER_PROPERTY, "on").strip().toLowerCase(Locale.ROOT);
    if (!compiler.equals("on") && !compiler.equals("off")) {
      throw new DeviceException("-D" + COMPILER_PROPERTY + ": '" + compiler + "' is neither on nor off");
    }
    List<Path> bundles =
        Arrays.stream(System.getProperty(BUNDLES_PROPERTY, "").split(File.pathSeparator, -1))
            .map(String::strip)
            .filter(s -> !s.isEmpty())
            .map(Path::of)
            .toList();
    String record = System.getProperty(RECORD_PROPERTY, "").strip();
    return new ProgramSettings(
        BinaryCache.configured(CACHE_PROPERTY, "opencl").orElse(null), compiler.equals("on"), bundles, record.isEmpty() ? null : Path.of(record));
  }

  private boolean compiles(DeviceFacts facts) {
    return compiler && facts.compiler();
  }

  /** Whether a device has kernels at all. */
  boolean hasPrograms(DeviceFacts facts) {
    return compiles(facts) || !bundles.isEmpty();
  }

  /** The style of a device's kernels, where no bundle has another: a tile that was asked for, the one that is remembered, the default. */
  Style style(DeviceFacts facts) {
    Style style = Style.of(facts);
    BinaryCache c = cache;
    if (tile != null) {
      return style.with(tile);
    }
    boolean asked = !System.getProperty(Tile.PROPERTY, "").isEmpty();
    return asked || c == null ? style : Tiles.remembered(c.folder(), facts).map(style::with).orElse(style);
  }

  /** Where a device's programs come from, in words. */
  String describe(DeviceFacts facts) {
    return compiles(facts) ? "compiled" : bundles.isEmpty() ? "none: no compiler and no bundles" : "bundles";
  }

  /**
   * The choice for one device.
   *
   * @param style what kernels are asked for
   * @param settings the settings
   * @param bundles the bundles it uses, empty where it compiles
   * @param device its name
   */
  record Chosen(Style style, ProgramSettings settings, List<Bundle> bundles, String device) {
    ProgramSource open(
        OpenClDriver driver, OpenClDriver.Context context, OpenClDriver.DeviceId id, DeviceFacts facts) {
      ProgramSource source =
          settings.compiles(facts)
              ? new CompiledPrograms(driver, context, id, facts, settings.cache)
              : new BundlePrograms(driver, context, id, device + " (" + facts.name() + ")", bundles);
      Path folder = settings.record;
      return folder == null
          ? source
          : new RecordingPrograms(Recording.open(folder, style.shape(), facts.name() + ", " + facts.platform()), source);
    }
  }

  /**
   * Opens the bundles where the device needs them. They decide what kernels are asked for, as their texts depend on the style.
   *
   * @throws DeviceException where bundles are for different styles
   * @throws dev.tenzan.error.FormatException where one is malformed
   */
  Chosen choose(DeviceFacts facts, String device) {
    Style own = style(facts);
    if (compiles(facts)) {
      return new Chosen(own, this, List.of(), device);
    }
    List<Bundle> opened = bundles.stream().map(Bundle::open).toList();
    for (Bundle b : opened) {
      Style.Shape first = opened.getFirst().manifest().style();
      if (!b.manifest().style().equals(first)) {
        throw new DeviceException(
            device + ": the bundles " + opened.getFirst().path() + " and " + b.path() + " are for different styles of kernels, "
                + first + " and " + b.manifest().style() + "; name bundles of one style");
      }
    }
    Style style = opened.isEmpty() ? own : new Style(opened.getFirst().manifest().style(), own.units());
    return new Chosen(style, this, opened, device);
  }
}
