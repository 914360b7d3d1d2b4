package dev.tenzan.cpu.gemm;

import dev.tenzan.cpu.machine.HeapTile;
import dev.tenzan.cpu.machine.TileMoves;
import dev.tenzan.cpu.machine.VectorSet;
import dev.tenzan.type.DType;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What depends on the vector width: packing, and the micro-kernels, for each compute type a full tile and a
 * tile of few rows for the lower edge. A type's kernels are loaded when they are first asked for.
 *
 * <p>The shape follows the number of vector registers: 12 by 2 vectors where there are 32, 6 by 2 where there
 * are 16.
 */
final class KernelSet {
  /** The full tile and the edge tile of one compute type and one layout of A, of equal width. */
  record Pair(MicroKernel full, MicroKernel edge) {}

  /**
   * The micro-kernels of one compute type, of equal shapes for both layouts of A.
   *
   * @param stepMajor for A panels that hold the lanes of a step together
   * @param laneMajor for A panels that hold the steps of a lane together; where this is the same pair, A is
   *     always packed step by step
   * @param results how tiles are moved to C
   */
  record Tiles(Pair stepMajor, Pair laneMajor, Results results) {
    private Tiles(Pair pair, Results results) {
      this(pair, pair, results);
    }

    /** The kernels to use for an A that can, or cannot, be packed lane by lane. */
    Pair forA(boolean packsLanes) {
      return packsLanes ? laneMajor : stepMajor;
    }

    /** The rows of the full tile. */
    int rows() {
      return stepMajor.full().rows();
    }

    /** The columns of both tiles. */
    int columns() {
      return stepMajor.full().columns();
    }
  }

  /** The types that have micro-kernels. */
  static final List<DType> COMPUTE_TYPES = List.of(DType.F32, DType.F64, DType.I32, DType.I64);

  private final int bits;
  private final Packing packing;
  private final Tiling tiling;
  private final Function<DType, Tiles> load;
  private final Map<DType, Tiles> tiles = new ConcurrentHashMap<>();

  private KernelSet(int bits, Packing packing, Tiling tiling, Function<DType, Tiles> load) {
    this.bits = bits;
    this.packing = packing;
    this.tiling = tiling;
    this.load = load;
  }

  /** The kernels without vectors; loads no class of the Vector API. */
  static KernelSet scalar() {
    return meanwhile(null);
  }

  private static Tiles scalarTiles(DType type) {
    MicroKernel kernel =
        switch (type) {
          case F32 -> new F32TileScalar();
          case F64 -> new F64TileScalar();
          case I32 -> new I32TileScalar();
          case I64 -> new I64TileScalar();
          case F16, BF16, I16, I8, U8, BOOL ->
              throw new IllegalArgumentException("no micro-kernel computes in " + type);
        };
    return new Tiles(new Pair(kernel, kernel), new Results());
  }

  /**
   * The kernels for vectors of {@code bits} bits.
   *
   * @param bits 128, 256 or 512
   * @param manyRegisters whether the machine has 32 vector registers of that width, not 16
   * @param machine the vectors of the machine code that tiles of f32 are to be where it runs, of as many bits; null for none
   */
  static KernelSet vector(int bits, boolean manyRegisters, @Nullable VectorSet machine) {
    Tiling tiling = manyRegisters ? Tiling.MANY_REGISTERS : Tiling.FEW_REGISTERS;
    return new KernelSet(
        bits,
        new VectorPacking(),
        tiling,
        type -> {
          Tiles tiles = machine != null && type == DType.F32 ? machineTiles(machine, VectorResults.of(type)) : null;
          return tiles == null ? vectorTiles(type, bits, manyRegisters) : tiles;
        });
  }

  /**
   * The kernels for the time until those with vectors are compiled.
   *
   * @param machine the vectors of the machine code that tiles of f32 are to be where it runs, as it needs no compiler; null for none
   */
  static KernelSet meanwhile(@Nullable VectorSet machine) {
    return new KernelSet(
        0,
        new Packing(),
        Tiling.FEW_REGISTERS,
        type -> {
          Tiles tiles = machine != null && type == DType.F32 ? machineTiles(machine, new Results()) : null;
          return tiles == null ? scalarTiles(type) : tiles;
        });
  }

  /** Tiles in machine code, written once for all sets of kernels. */
  private static final class Machine {
    private static final Map<VectorSet, Map<PanelLayout, Optional<Pair>>> PAIRS = new EnumMap<>(VectorSet.class);

    static synchronized @Nullable Pair pair(VectorSet machine, PanelLayout layout) {
      return PAIRS
          .computeIfAbsent(machine, _ -> new EnumMap<>(PanelLayout.class))
          .computeIfAbsent(layout, _ -> Optional.ofNullable(load(machine, layout)))
          .orElse(null);
    }

    private static @Nullable Pair load(VectorSet machine, PanelLayout layout) {
      MachineTile full = MachineTile.of(machine, HeapTile.rows(machine), layout);
      MachineTile edge = MachineTile.of(machine, HeapTile.EDGE_ROWS, layout);
      return full == null || edge == null ? null : new Pair(full, edge);
    }
  }

  private static @Nullable Tiles machineTiles(VectorSet machine, Results others) {
    TileMoves moves = TileMoves.of(machine);
    Pair byStep = Machine.pair(machine, PanelLayout.STEP_MAJOR);
    Pair byLane = Machine.pair(machine, PanelLayout.LANE_MAJOR);
    return moves == null || byStep == null || byLane == null ? null : new Tiles(byStep, byLane, new MachineResults(moves, others));
  }

  private static Tiles vectorTiles(DType type, int bits, boolean manyRegisters) {
    Results results = VectorResults.of(type);
    String shape = manyRegisters ? "Tile12x2" : "Tile6x2";
    return new Tiles(
        pair(type, shape, bits, PanelLayout.STEP_MAJOR), pair(type, shape, bits, PanelLayout.LANE_MAJOR), results);
  }

  private static Pair pair(DType type, String shape, int bits, PanelLayout layout) {
    return new Pair(
        SpecializedClasses.load(type.name() + shape, bits, layout),
        SpecializedClasses.load(type.name() + "Tile4x2", bits, layout));
  }

  /** The vector width in bits, or 0 for scalar kernels. */
  int bits() {
    return bits;
  }

  /** Whether the machine has 32 vector registers, not 16. */
  boolean hasManyRegisters() {
    return tiling.equals(Tiling.MANY_REGISTERS);
  }

  /** The blocking sizes that suit the tiles. */
  Tiling tiling() {
    return tiling;
  }

  /** How operands are packed. */
  Packing packing() {
    return packing;
  }

  /** The tiles of a compute type: F32, F64, I32 or I64. */
  Tiles tiles(DType computeType) {
    return tiles.computeIfAbsent(computeType, load);
  }
}
