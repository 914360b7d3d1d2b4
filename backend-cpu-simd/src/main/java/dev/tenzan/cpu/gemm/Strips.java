package dev.tenzan.cpu.gemm;

import dev.tenzan.cpu.machine.HeapTile;
import dev.tenzan.cpu.machine.PixelTiles;
import dev.tenzan.cpu.machine.PlaneCopies;
import dev.tenzan.cpu.machine.TileMoves;
import dev.tenzan.cpu.machine.VectorSet;
import org.jspecify.annotations.Nullable;

/**
 * The strip kernels for one vector width, of output channels in full tiles and in those that are left over, and what goes with them. Like all vector code they run a
 * thousand times slower until C2 has compiled them, which a thread of their own sees to; until then convolutions take another way to the
 * same bits.
 */
final class Strips {
  private static final int ROUNDS = 20;
  private static final long QUICK_NANOS = 100_000;
  private static final int STEPS = 256;
  private static final int SHORT_CALLS = 200;

  private final StripKernel full;
  private final StripKernel edge;
  private final LongWindowKernel longWindow;
  private final PlaneKernel planes;
  private final @Nullable PixelKernel pixels;

  /** The vectors of the machine code that tiles are; null where they are of the Vector API. */
  private final @Nullable VectorSet machine;

  /** What moves planes until {@link #planes} is compiled, beside tiles that need no compiler; null where tiles do. */
  private final @Nullable PlaneKernel meanwhile;

  private volatile boolean ready;
  private boolean started;

  private Strips(StripKernel full, StripKernel edge, LongWindowKernel longWindow, PlaneKernel planes, @Nullable PixelKernel pixels,
      @Nullable VectorSet machine, @Nullable PlaneKernel meanwhile, boolean ready) {
    this.full = full;
    this.edge = edge;
    this.longWindow = longWindow;
    this.planes = planes;
    this.pixels = pixels;
    this.machine = machine;
    this.meanwhile = meanwhile;
    this.ready = ready;
  }

  /**
   * Loads the kernels.
   *
   * @param bits the width of the vectors
   * @param manyRegisters whether there are 32 vector registers
   * @param atOnce whether they are used before they are compiled
   * @param machine the vectors of the machine code that tiles are to be where it runs; null for none
   */
  static Strips load(int bits, boolean manyRegisters, boolean atOnce, @Nullable VectorSet machine) {
    Strips inMachineCode = machine == null ? null : load(machine, atOnce);
    if (inMachineCode != null) {
      return inMachineCode;
    }
    PixelKernel pixels = null;
    if (manyRegisters) {
      pixels = SpecializedClasses.load(PixelKernel.class, "F32Pixels14x2", bits, PanelLayout.LANE_MAJOR);
    }
    return new Strips(
        SpecializedClasses.load(StripKernel.class, manyRegisters ? "F32Strip12x2" : "F32Strip6x2", bits, PanelLayout.LANE_MAJOR),
        SpecializedClasses.load(StripKernel.class, "F32Strip4x2", bits, PanelLayout.LANE_MAJOR),
        SpecializedClasses.load(
            LongWindowKernel.class, manyRegisters ? "F32LongWindow12x2" : "F32LongWindow6x2", bits, PanelLayout.LANE_MAJOR),
        SpecializedClasses.load(PlaneKernel.class, "F32Planes", bits, PanelLayout.LANE_MAJOR),
        pixels,
        null,
        null,
        atOnce);
  }

  private static @Nullable Strips load(VectorSet machine, boolean atOnce) {
    boolean many = machine == VectorSet.AVX512;
    PixelTiles pixels = PixelTiles.of(machine);
    TileMoves moves = TileMoves.of(machine);
    StripKernel full = MachineStrip.of(machine, HeapTile.rows(machine));
    StripKernel edge = MachineStrip.of(machine, HeapTile.EDGE_ROWS);
    if (pixels == null || moves == null || full == null || edge == null) {
      return null;
    }
    return new Strips(
        full,
        edge,
        SpecializedClasses.load(LongWindowKernel.class, many ? "F32LongWindow12x2" : "F32LongWindow6x2", machine.bits(), PanelLayout.LANE_MAJOR),
        SpecializedClasses.load(PlaneKernel.class, "F32Planes", machine.bits(), PanelLayout.LANE_MAJOR),
        new MachinePixels(pixels),
        machine,
        new PlainPlanes(moves, PlaneCopies.of(machine)),
        atOnce);
  }

  StripKernel full() {
    return full;
  }

  StripKernel edge() {
    return edge;
  }

  LongWindowKernel longWindow() {
    return longWindow;
  }

  /** The vectors of the machine code that tiles are; null where they are of the Vector API. */
  @Nullable VectorSet machine() {
    return machine;
  }

  PlaneKernel planes() {
    return ready || meanwhile == null ? planes : meanwhile;
  }

  /** The kernel whose vectors run across output channels; null where there are too few registers. */
  @Nullable PixelKernel pixels() {
    return pixels;
  }

  /** Whether they are to be used now; the first call starts the warm-up. */
  boolean areReady() {
    if (!ready) {
      start();
    }
    return ready;
  }

  /** Whether tiles are to be used now, with what {@link #planes} is then; where they wait for the compiler, the first call starts the warm-up. */
  boolean tilesAreReady() {
    return meanwhile != null || areReady();
  }

  private synchronized void start() {
    if (!started) {
      started = true;
      Thread.ofPlatform().daemon().name("tenzan-cpu-warmup-strips").start(this::warm);
    }
  }

  private void warm() {
    try {
      int[] places = new int[STEPS];
      float[] a = new float[full.rows() * PanelLayout.LANE_MAJOR.laneStep()];
      float[] x = new float[Math.max(full.columns(), PlaneKernel.SLACK)];
      float[] tile = new float[Math.max(full.rows(), PixelKernel.ROWS) * full.columns()];
      float[] to = new float[full.rows() * full.columns()];
      int[] window = new int[2];
      int[] starts = new int[longWindow.rows()];
      float[] turned = new float[STEPS * longWindow.columns()];
      float[] plane = new float[PlaneKernel.SLACK];
      int[] runs = new int[3 * full.rows()];
      for (int r = 0; r < full.rows(); r++) {
        runs[3 * r + 2] = r % 2 == 0 ? full.columns() - 1 : 1;
      }
      QuickCalls.warmUp(
          () -> {
            for (int call = 0; call < SHORT_CALLS; call++) {
              tiles(2, a, x, places, turned, tile);
              longWindow.run(2, turned, 0, x, places, starts, 0, tile, 0, longWindow.columns());
            }
            for (int call = 0; call < SHORT_CALLS; call++) {
              planes.move(tile, 2, to, 0, full.columns(), call % 2 == 0);
              planes.split(x, 0, full.columns() / 2, to, 0, full.columns());
              planes.copy(x, to, runs);
              planes.window(x, window, a, 0, plane, 1);
            }
          },
          () -> {
            tiles(STEPS, a, x, places, turned, tile);
            longWindow.run(STEPS, turned, 0, x, places, starts, 0, tile, 0, longWindow.columns());
            planes.move(tile, full.rows(), to, 0, full.columns(), true);
            planes.copy(x, to, runs);
          },
          ROUNDS,
          QUICK_NANOS,
          meanwhile != null);
    } finally {
      ready = true;
    }
  }

  /** Runs the tiles that C2 has to compile. */
  private void tiles(int steps, float[] a, float[] x, int[] places, float[] turned, float[] tile) {
    if (meanwhile == null) {
      full.run(steps, a, 0, x, 0, places, 0, tile);
      edge.run(steps, a, 0, x, 0, places, 0, tile);
      if (pixels != null) {
        pixels.run(steps, turned, 0, x, 0, 0, places, 0, tile);
      }
    }
  }
}
