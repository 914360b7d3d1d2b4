package dev.tenzan.cuda.sim;

import org.jspecify.annotations.Nullable;

/** An instruction that reads or writes memory: finds where an address leads, and what is wrong with it. */
abstract class Access extends Instruction {
  /** Generic addresses of shared memory, local memory and parameters begin here (PTX ISA, "Generic Addressing"). */
  static final long SHARED_WINDOW = 0x7f10_0000_0000L;

  static final long LOCAL_WINDOW = 0x7f20_0000_0000L;
  static final long PARAM_WINDOW = 0x7f30_0000_0000L;
  static final long WINDOW = 1L << 32;

  /** A state space (PTX ISA, "State Spaces"); constants are allocated as global memory that kernels cannot write. */
  enum Space {
    GLOBAL,
    SHARED,
    LOCAL,
    PARAM,
    GENERIC
  }

  /** What an access is made of: its space, where its address is, and how many bytes an element has. */
  record Target(Space space, int row, long offset, long addressMask, int bytes, int slot, boolean strong) {
    long address(Warp w, int lane) {
      return w.rows[row][lane] + offset & addressMask;
    }
  }

  final Target target;

  Access(Target target) {
    this.target = target;
  }

  /** Finds an access's region, which it leaves in the warp, and the offset in it. */
  final long locate(Warp w, int lane, long address, int bytes, boolean write) {
    if ((address & bytes - 1) != 0) {
      throw new Fault(lane, "misaligned " + what(write) + " of " + bytes + " bytes in " + name() + " at " + SimMemory.hex(address));
    }
    return switch (target.space) {
      case GLOBAL -> global(w, lane, address, bytes, write);
      case SHARED -> shared(w, lane, address, bytes, write);
      case LOCAL -> local(w, lane, address, bytes, write);
      case PARAM -> parameter(w, lane, address, bytes, write);
      case GENERIC -> {
        if (address >= SHARED_WINDOW && address < SHARED_WINDOW + WINDOW) {
          yield shared(w, lane, address - SHARED_WINDOW, bytes, write);
        } else if (address >= LOCAL_WINDOW && address < LOCAL_WINDOW + WINDOW) {
          yield local(w, lane, address - LOCAL_WINDOW, bytes, write);
        } else if (address >= PARAM_WINDOW && address < PARAM_WINDOW + WINDOW) {
          yield parameter(w, lane, address - PARAM_WINDOW, bytes, write);
        }
        yield global(w, lane, address, bytes, write);
      }
    };
  }

  private long global(Warp w, int lane, long address, int bytes, boolean write) {
    Region region = w.found[target.slot];
    if (region == null || !region.holds(address - region.base, bytes)) {
      region = w.block.launch.memory().find(address);
      if (region == null || !region.holds(address - region.base, bytes)) {
        throw new Fault(lane, "out-of-bounds " + what(write) + " of " + bytes + " bytes in global memory at "
            + w.block.launch.memory().describe(address));
      }
      w.found[target.slot] = region;
    }
    if (write && region.constant) {
      throw new Fault(lane, "write to constant memory at " + SimMemory.hex(address));
    }
    w.region = region;
    return address - region.base;
  }

  private static long shared(Warp w, int lane, long address, int bytes, boolean write) {
    Region region = w.block.shared;
    if (!region.holds(address, bytes)) {
      throw beyond(lane, "shared memory", address, bytes, region.size, write);
    }
    w.region = region;
    return address;
  }

  private static long local(Warp w, int lane, long address, int bytes, boolean write) {
    int size = w.program.localBytes;
    if (address < 0 || address > size - bytes) {
      throw beyond(lane, "local memory", address, bytes, size, write);
    }
    w.region = w.local;
    return address + (long) lane * size;
  }

  private static long parameter(Warp w, int lane, long address, int bytes, boolean write) {
    Region region = w.block.launch.parameters();
    if (!region.holds(address, bytes)) {
      throw beyond(lane, "the parameters", address, bytes, region.size, write);
    }
    if (write) {
      throw new Fault(lane, "write to the kernel's parameters at offset " + address);
    }
    w.region = region;
    return address;
  }

  private static Fault beyond(int lane, String where, long address, int bytes, long size, boolean write) {
    return new Fault(lane,
        "out-of-bounds " + what(write) + " of " + bytes + " bytes in " + where + " at offset " + address + "; it has " + size + " bytes");
  }

  private static String what(boolean write) {
    return write ? "write" : "read";
  }

  private String name() {
    return switch (target.space) {
      case GLOBAL -> "global memory";
      case SHARED -> "shared memory";
      case LOCAL -> "local memory";
      case PARAM -> "the parameters";
      case GENERIC -> "memory";
    };
  }

  /** Reads an element that has been located, and has the read looked at. */
  final long read(Warp w, int lane, Region region, long offset, int bytes) {
    SharedTracker tracker = tracker(w, region);
    if (tracker != null) {
      tracker.read(w, lane, offset, bytes, target.strong);
    } else if (region.written != null && !region.isWritten(offset, bytes)) {
      throw new Fault(lane, "uninitialised read of global memory at " + SimMemory.hex(region.base + offset));
    }
    return region.load(offset, bytes);
  }

  /** Writes an element that has been located, and has the write looked at. */
  final void write(Warp w, int lane, Region region, long offset, int bytes, long bits) {
    SharedTracker tracker = tracker(w, region);
    if (tracker != null) {
      tracker.write(w, lane, offset, bytes, target.strong);
    }
    region.store(offset, bytes, bits);
  }

  private static @Nullable SharedTracker tracker(Warp w, Region region) {
    return region == w.block.shared ? w.block.tracker : null;
  }

  /** {@code ld}: one element or a vector of them. */
  static final class Load extends Access {
    private final int[] d;
    private final int shift;
    private final long[] masks;

    /** {@code shift} extends an element's sign, and a mask cuts it to its register's width. */
    Load(Target target, int[] d, int shift, long[] masks) {
      super(target);
      this.d = d;
      this.shift = shift;
      this.masks = masks;
    }

    @Override
    void execute(Warp w, int mask) {
      if (d.length != 1) {
        vector(w, mask);
      } else if (target.space == Space.SHARED) {
        single(w, mask, w.block.shared, w.block.tracker);
      } else {
        Region region = target.space == Space.GLOBAL ? w.found[target.slot] : null;
        single(w, mask, region == null || region.written != null ? w.block.nothing : region, null);
      }
    }

    /** One element a lane: where it lies in the region that is expected, without a search. */
    private void single(Warp w, int mask, Region expected, @Nullable SharedTracker tracker) {
      int bytes = target.bytes;
      long[] addresses = w.rows[target.row];
      long[] to = w.rows[d[0]];
      long bits = masks[0];
      for (int m = mask; m != 0; m &= m - 1) {
        int i = Integer.numberOfTrailingZeros(m);
        long address = addresses[i] + target.offset & target.addressMask;
        long offset = address - expected.base;
        long value;
        if ((address & bytes - 1) == 0 && expected.holds(offset, bytes)) {
          if (tracker != null) {
            tracker.read(w, i, offset, bytes, target.strong);
          }
          value = expected.load(offset, bytes);
        } else {
          offset = locate(w, i, address, bytes, false);
          value = read(w, i, w.region, offset, bytes);
        }
        to[i] = value << shift >> shift & bits;
      }
    }

    private void vector(Warp w, int mask) {
      int bytes = target.bytes;
      int whole = bytes * d.length;
      for (int m = mask; m != 0; m &= m - 1) {
        int i = Integer.numberOfTrailingZeros(m);
        long offset = locate(w, i, target.address(w, i), whole, false);
        Region region = w.region;
        for (int k = 0; k < d.length; k++) {
          w.rows[d[k]][i] = read(w, i, region, offset + (long) k * bytes, bytes) << shift >> shift & masks[k];
        }
      }
    }
  }

  /** {@code ld.param} of a kernel: the same value for all lanes. */
  static final class LoadUniform extends Access {
    private final int d;
    private final int shift;
    private final long bits;

    LoadUniform(Target target, int d, int shift, long bits) {
      super(target);
      this.d = d;
      this.shift = shift;
      this.bits = bits;
    }

    @Override
    void execute(Warp w, int mask) {
      int first = Integer.numberOfTrailingZeros(mask);
      long offset = locate(w, first, target.address(w, first), target.bytes, false);
      long value = w.region.load(offset, target.bytes) << shift >> shift & bits;
      for (int m = mask; m != 0; m &= m - 1) {
        w.rows[d][Integer.numberOfTrailingZeros(m)] = value;
      }
    }
  }

  /** {@code st}: one element or a vector of them. */
  static final class Store extends Access {
    private final int[] from;

    Store(Target target, int[] from) {
      super(target);
      this.from = from;
    }

    @Override
    void execute(Warp w, int mask) {
      int bytes = target.bytes;
      int whole = bytes * from.length;
      for (int m = mask; m != 0; m &= m - 1) {
        int i = Integer.numberOfTrailingZeros(m);
        long offset = locate(w, i, target.address(w, i), whole, true);
        Region region = w.region;
        for (int k = 0; k < from.length; k++) {
          write(w, i, region, offset + (long) k * bytes, bytes, w.rows[from[k]][i]);
        }
      }
    }
  }

  /** {@code atom} and {@code red}: lane by lane, and one warp at a time. */
  static final class Atomic extends Access {
    private final int d;
    private final int b;
    private final int c;
    private final int shift;
    private final long bits;
    private final Lanes.Ternary f;

    /** The function gets the old value and two operands, and gives the new one; {@code d} gets the old one, unless it is −1. */
    Atomic(Target target, int d, int b, int c, int shift, long bits, Lanes.Ternary f) {
      super(target);
      this.d = d;
      this.b = b;
      this.c = c;
      this.shift = shift;
      this.bits = bits;
      this.f = f;
    }

    @Override
    void execute(Warp w, int mask) {
      if (target.space == Space.SHARED) {
        update(w, mask);
        return;
      }
      synchronized (w.block.launch.memory()) {
        update(w, mask);
      }
    }

    private void update(Warp w, int mask) {
      for (int m = mask; m != 0; m &= m - 1) {
        int i = Integer.numberOfTrailingZeros(m);
        long offset = locate(w, i, target.address(w, i), target.bytes, true);
        Region region = w.region;
        long old = read(w, i, region, offset, target.bytes);
        long fresh = f.apply(old << shift >> shift, w.rows[b][i] << shift >> shift, w.rows[c][i]) & bits;
        write(w, i, region, offset, target.bytes, fresh);
        if (d >= 0) {
          w.rows[d][i] = old;
        }
      }
    }
  }
}
