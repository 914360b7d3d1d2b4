package dev.tenzan.cpu.machine;

import static dev.tenzan.cpu.machine.Assembler.ALL;
import static dev.tenzan.cpu.machine.Assembler.R10;
import static dev.tenzan.cpu.machine.Assembler.R11;
import static dev.tenzan.cpu.machine.Assembler.R8;
import static dev.tenzan.cpu.machine.Assembler.R9;
import static dev.tenzan.cpu.machine.Assembler.RAX;
import static dev.tenzan.cpu.machine.Assembler.RBX;
import static dev.tenzan.cpu.machine.Assembler.RCX;
import static dev.tenzan.cpu.machine.Assembler.RDI;
import static dev.tenzan.cpu.machine.Assembler.RDX;
import static dev.tenzan.cpu.machine.Assembler.RSI;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the few places of f32 planes see through a long window, for one or two vectors of output channels and some steps of the window: chains of fused
 * multiply-adds from +0. The code is written for one geometry, whose distances stand in it; a tile is as many places as there are registers for,
 * of one plane or of several.
 */
public final class WindowTiles {
  /** The vectors of a tile at most. */
  public static final int VECTORS = 2;

  /** More places of a plane are much code. */
  private static final int MOST_PLACES = 512;

  /** The multiply-adds of a call at most, of vectors. */
  private static final long MOST_AT_ONCE = 1 << 16;

  private final int places;
  private final int apart;
  private final int rowBytes;
  private final int vectors;

  /** The planes of a tile, in descending order; the last ones are alone. */
  private final int[] together;

  private final List<MachineCode> codes;

  private WindowTiles(VectorSet set, int vectors, int[] places, int apart, int rowBytes) {
    this.places = places.length;
    this.apart = apart;
    this.rowBytes = rowBytes;
    this.vectors = vectors;
    int most = Math.max(1, rows(set, vectors) / places.length);
    int sizes = Integer.SIZE - Integer.numberOfLeadingZeros(most);
    this.together = new int[sizes];
    this.codes = new ArrayList<>();
    for (int i = 0; i < sizes; i++) {
      together[i] = most >> i;
      codes.add(MachineCode.load(new Code(set, vectors, places, apart, together[i], rowBytes).code()));
    }
  }

  /**
   * Makes the code for a geometry, or null where there is none: on other processors, for many places, or where the system gives no memory for it.
   *
   * @param set the vectors of the code
   * @param vectors how many vectors of channels: 1 or {@link #VECTORS}
   * @param places for each place of a plane how far its first value lies from the plane's first one, in elements
   * @param apart the elements from plane to plane
   * @param rowBytes the bytes of the results from place to place
   */
  public static @Nullable WindowTiles of(VectorSet set, int vectors, int[] places, int apart, int rowBytes) {
    if (!set.canRun() || places.length > MOST_PLACES) {
      return null;
    }
    return MachineCode.orWarn(() -> new WindowTiles(set, vectors, places, apart, rowBytes), "gradients of weights go without machine code");
  }

  /** The places of a tile at most: what accumulators there are, beside a step's weights, and a value in turn. */
  private static int rows(VectorSet set, int vectors) {
    return (set == VectorSet.AVX512 ? 28 : 12) / vectors;
  }

  /**
   * Computes the results of some planes.
   *
   * @param steps how many
   * @param weights the address of the weights, of all channels for each step
   * @param x the planes
   * @param first the index of the first plane's first element
   * @param values for each step how far its value lies from a place's first one, in elements
   * @param planes how many
   * @param out receives the results, for each place of each plane those of all channels
   * @param to the index of the first one
   */
  public void run(int steps, long weights, float[] x, long first, int[] values, int planes, float[] out, long to) {
    long most = Math.max(1, MOST_AT_ONCE / ((long) steps * places * vectors));
    for (int done = 0; done < planes; ) {
      int size = 0;
      while (together[size] > planes - done) {
        size++;
      }
      long count = Math.clamp(most / together[size], 1, (planes - done) / together[size]);
      codes.get(size)
          .call(
              MemorySegment.ofArray(x), MemorySegment.ofAddress(weights), MemorySegment.ofArray(values), MemorySegment.ofArray(out), steps,
              (first + (long) done * apart) * Float.BYTES, to * Float.BYTES + (long) done * places * rowBytes, count);
      done += (int) count * together[size];
    }
  }

  /** The code for some planes together. */
  private record Code(VectorSet set, int vectors, int[] places, int apart, int together, int rowBytes, Assembler a) {
    Code(VectorSet set, int vectors, int[] places, int apart, int together, int rowBytes) {
      this(set, vectors, places, apart, together, rowBytes, set.assembler());
    }

    byte[] code() {
      a.add(RDI, R9);
      a.loadArgument(RAX, 0);
      a.add(RCX, RAX);
      a.loadArgument(R9, 1);
      a.push(RBX);
      int[] distances = new int[together * places.length];
      for (int i = 0; i < distances.length; i++) {
        distances[i] = (i / places.length * apart + places[i % places.length]) * Float.BYTES;
      }
      int tiles = Math.ceilDiv(distances.length, rows(set, vectors));
      int again = a.here();
      for (int t = 0; t < tiles; t++) {
        tile(Arrays.copyOfRange(distances, distances.length * t / tiles, distances.length * (t + 1) / tiles));
      }
      a.addConstant(RDI, together * apart * Float.BYTES);
      a.subtractConstant(R9, 1);
      a.jumpIfNotZero(again);
      a.pop(RBX);
      a.returnFromVectors();
      return a.code();
    }

    private void tile(int[] distances) {
      int rows = distances.length;
      a.move(R10, RSI);
      a.move(R11, RDX);
      a.move(RBX, R8);
      for (int r = 0; r < vectors * rows; r++) {
        a.clear(r);
      }
      int weight = vectors * rows(set, vectors);
      int step = a.here();
      a.loadInt(RAX, R11, 0);
      a.address(RAX, new Source.Memory(RDI, RAX, Float.BYTES, 0));
      for (int v = 0; v < vectors; v++) {
        a.vectorLoad(VectorOp.LOAD, weight + v, R10, v * set.bytes(), ALL);
      }
      for (int r = 0; r < rows; r++) {
        if (vectors == VECTORS) {
          ProductTile.multiply(a, Numbers.SINGLES, r, weight, weight + vectors + r / 2 % 2, RAX, distances[r]);
        } else if (a.readsNumbers()) {
          a.vectorWithNumber(VectorOp.VFMADD231PS, r, weight, RAX, distances[r]);
        } else {
          a.vectorLoad(VectorOp.BROADCAST, weight + 1 + r % 2, RAX, distances[r], ALL);
          a.vector(VectorOp.VFMADD231PS, r, weight, weight + 1 + r % 2);
        }
      }
      a.addConstant(R10, vectors * set.bytes());
      a.addConstant(R11, Integer.BYTES);
      a.subtractConstant(RBX, 1);
      a.jumpIfNotZero(step);
      for (int r = 0; r < rows; r++) {
        for (int v = 0; v < vectors; v++) {
          a.vectorStore(VectorOp.STORE, r * vectors + v, RCX, r * rowBytes + v * set.bytes(), ALL);
        }
      }
      a.addConstant(RCX, rows * rowBytes);
    }
  }
}
