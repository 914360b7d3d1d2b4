package dev.tenzan.cpu.gemm;

import dev.tenzan.type.DType;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * What depends on the vector width: packing, and the micro-kernels, for each compute type a full tile and a
 * tile of few rows for the lower edge.
 *
 * <p>The shape follows the number of vector registers: 12 by 2 vectors where there are 32, 6 by 2 where there
 * are 16.
 */
final class KernelSet {
  /** The full tile and the edge tile of one compute type, of equal width, and how both are moved to C. */
  record Tiles(MicroKernel full, MicroKernel edge, Results results) {}

  /** The types that have micro-kernels. */
  static final List<DType> COMPUTE_TYPES = List.of(DType.F32, DType.F64, DType.I32, DType.I64);

  private final int bits;
  private final Map<DType, Tiles> tiles = new EnumMap<>(DType.class);

  private final Packing packing;

  private KernelSet(int bits, Packing packing) {
    this.bits = bits;
    this.packing = packing;
  }

  /** The kernels without vectors; loads no class of the Vector API. */
  static KernelSet scalar() {
    KernelSet set = new KernelSet(0, new Packing());
    set.add(DType.F32, new F32TileScalar());
    set.add(DType.F64, new F64TileScalar());
    set.add(DType.I32, new I32TileScalar());
    set.add(DType.I64, new I64TileScalar());
    return set;
  }

  /**
   * The kernels for vectors of {@code bits} bits.
   *
   * @param bits 128, 256 or 512
   * @param manyRegisters whether the machine has 32 vector registers of that width, not 16
   */
  static KernelSet vector(int bits, boolean manyRegisters) {
    KernelSet set = new KernelSet(bits, new VectorPacking());
    String shape = manyRegisters ? "Tile12x2" : "Tile6x2";
    for (DType type : COMPUTE_TYPES) {
      MicroKernel full = SpecializedClasses.load(type.name() + shape, bits);
      set.tiles.put(type,
          new Tiles(full, SpecializedClasses.load(type.name() + "Tile4x2", bits), VectorResults.of(type)));
    }
    return set;
  }

  private void add(DType type, MicroKernel kernel) {
    tiles.put(type, new Tiles(kernel, kernel, new Results()));
  }

  /** The vector width in bits, or 0 for scalar kernels. */
  int bits() {
    return bits;
  }

  /** How operands are packed. */
  Packing packing() {
    return packing;
  }

  /** The tiles of a compute type: F32, F64, I32 or I64. */
  Tiles tiles(DType computeType) {
    Tiles found = tiles.get(computeType);
    if (found == null) {
      throw new IllegalArgumentException("no micro-kernel computes in " + computeType);
    }
    return found;
  }
}
