package dev.tenzan.cpu.loop;

import dev.tenzan.cpu.ThreadBuffer;
import dev.tenzan.cpu.machine.TileTurn;
import dev.tenzan.cpu.machine.VectorSet;
import dev.tenzan.scalar.Instr;
import dev.tenzan.type.Affine;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A body in machine code some of whose loads jump along the columns and walk along the rows, as a transposition's do: a block is taken by
 * tiles, each of which is turned first, so that the body finds neighbours. Each line of the cache is read once.
 */
final class TurnedLoop {
  /** The rows of a tile, and its columns: a tile stays in the first cache. */
  private static final int SIDE = 64;

  /** The bytes in front of a tile for columns that nobody asks for. */
  private static final long ROOM_BEFORE = 64;

  private static final ThreadBuffer TILES = new ThreadBuffer();

  private final MachineLoop loop;
  private final List<Tile> tiles;
  private final MachineLoop.Moved[] moved;
  private final int leastColumns;

  /**
   * What is turned.
   *
   * @param turn for numbers of its size
   */
  private record Tile(MachineLoop.Pointer pointer, int bytes, TileTurn turn) {}

  private TurnedLoop(MachineLoop loop, List<Tile> tiles) {
    this.loop = loop;
    this.tiles = tiles;
    this.moved = tiles.stream().map(t -> new MachineLoop.Moved(loop.number(t.pointer), t.bytes)).toArray(MachineLoop.Moved[]::new);
    this.leastColumns = tiles.stream().mapToInt(t -> t.turn.lanes()).max().orElse(1);
  }

  /** The addresses of a body's loads that walk along the rows of a frame's block, one bit for each; 0 where it has none that can be turned. */
  static long turned(LoopBody body, Frame f) {
    long turned = 0;
    for (Instr i : body.code()) {
      if (i instanceof Instr.Load l && isTurned(l, f)) {
        turned |= 1L << LoopBody.number(l.address());
      }
    }
    boolean wholeRows = body.outs().stream().anyMatch(o -> o instanceof LoopBody.ToLanes || o instanceof LoopBody.ToFirst);
    return wholeRows || f.rows == 1 ? 0 : turned;
  }

  private static boolean isTurned(Instr.Load l, Frame f) {
    int number = LoopBody.number(l.address());
    return LoopBody.move(l.address()) == LoopBody.STRIDED && f.step[number] == l.storage().byteSize() && number < Long.SIZE;
  }

  /** The code for a body where the loads at some addresses are turned, or null where there is none. */
  static @Nullable TurnedLoop of(LoopBody body, VectorSet set, long turned, boolean streams) {
    List<Instr> code = new ArrayList<>();
    List<Tile> tiles = new ArrayList<>();
    for (Instr i : body.code()) {
      if (i instanceof Instr.Load l && LoopBody.move(l.address()) == LoopBody.STRIDED && (turned >> LoopBody.number(l.address()) & 1) != 0) {
        int number = LoopBody.number(l.address());
        int bytes = l.storage().byteSize();
        TileTurn turn = bytes < Integer.BYTES ? null : TileTurn.of(set, bytes);
        if (turn == null) {
          return null;
        }
        code.add(new Instr.Load(l.storage(), l.slot(), new Affine(number, LoopBody.UNIT)));
        Tile tile = new Tile(new MachineLoop.Pointer(l.slot(), number), bytes, turn);
        if (!tiles.contains(tile)) {
          tiles.add(tile);
        }
      } else {
        code.add(i);
      }
    }
    MachineLoop loop = MachineEmitter.of(new LoopBody(code, body.outs()), set, streams);
    return loop == null ? null : new TurnedLoop(loop, List.copyOf(tiles));
  }

  /** Whether {@link MachineLoop#streams} holds for the frame's block. */
  boolean streams(Frame f) {
    return loop.streams(f);
  }

  /** Whether a block is one for it. */
  boolean suits(Frame f) {
    return f.n >= leastColumns && loop.suits(f);
  }

  /** Runs the frame's block, and leaves it as it was; returns false where {@link MachineLoop#run} does. */
  boolean run(Frame f, int addresses) {
    long bytes = ROOM_BEFORE + (long) SIDE * SIDE * Long.BYTES;
    long room = TILES.atLeast(bytes * tiles.size()).address();
    long[] places = f.places(tiles.size());
    System.arraycopy(f.base, 0, f.blockBase, 0, addresses);
    int rows = f.rows;
    int n = f.n;
    int at = f.at;
    int redAt = f.redAt;
    boolean done = true;
    for (int first = 0; first < rows && done; first += SIDE) {
      f.rows = Math.min(SIDE, rows - first);
      for (int c = 0; c < n && done; c += SIDE) {
        f.n = Math.min(SIDE, n - c);
        for (int a = 0; a < addresses; a++) {
          f.base[a] = f.blockBase[a] + first * f.step[a] + c * f.stride[a];
        }
        f.at = at + first * f.atStep + c;
        f.redAt = redAt + first * f.redStep + c;
        for (int i = 0; i < moved.length; i++) {
          places[i] = room + i * bytes + ROOM_BEFORE;
          turn(f, tiles.get(i), places[i]);
        }
        done = loop.run(f, moved, places, SIDE);
      }
    }
    System.arraycopy(f.blockBase, 0, f.base, 0, addresses);
    f.rows = rows;
    f.n = n;
    f.at = at;
    f.redAt = redAt;
    return done;
  }

  /** Turns a tile. Its last square ends at the last column; where it begins before the first, columns are turned that nobody asks for. */
  private static void turn(Frame f, Tile tile, long place) {
    int lanes = tile.turn.lanes();
    int number = tile.pointer.address();
    long source = f.seg[tile.pointer.buffer()].address() + f.base[number];
    long stride = f.stride[number];
    long pitch = (long) SIDE * tile.bytes;
    int squares = f.n / lanes;
    if (squares > 0) {
      tile.turn.run(source, stride, squares, f.rows, place, pitch);
    }
    if (f.n % lanes > 0) {
      int first = f.n - lanes;
      tile.turn.run(source + first * stride, stride, 1, f.rows, place + (long) first * tile.bytes, pitch);
    }
  }
}
