package dev.tenzan.cuda.sim;

import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.WeakHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import org.jspecify.annotations.Nullable;

/**
 * The global memory of a simulated device: 64-bit addresses that no host memory has, handed out once each, with unmapped gaps between
 * allocations, so that an access beyond one never falls into another.
 */
public final class SimMemory {
  private static final long FIRST = 0x7f3a_0000_0000L;
  private static final long GAP = 1L << 20;
  private static final long ALIGNMENT = 256;

  private final boolean checked;
  private final ConcurrentSkipListMap<Long, Region> regions = new ConcurrentSkipListMap<>();
  private final Map<PtxModule, Map<String, Long>> variables = new WeakHashMap<>();
  private long next = FIRST;
  private long allocated;

  /** A memory that does not look for reads of what was never written. */
  public SimMemory() {
    this(false);
  }

  /** A memory; {@code findUninitialised} makes a kernel's read of a byte that nothing has written a finding. */
  public SimMemory(boolean findUninitialised) {
    this.checked = findUninitialised;
  }

  /** Reserves some bytes, at an address that is a multiple of 256. The contents are zero, which no program may rely on. */
  public long allocate(long bytes) {
    return allocate(bytes, false);
  }

  private synchronized long allocate(long bytes, boolean constant) {
    if (bytes < 0 || (checked && bytes > Integer.MAX_VALUE - 8)) {
      throw new IllegalArgumentException("allocate: " + bytes + " bytes");
    }
    long address = next;
    long size = Math.max(bytes, 1);
    regions.put(address, new Region(address, size, checked, constant));
    next = (address + size + GAP + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    allocated += size;
    return address;
  }

  /** Gives an allocation back; its address is never used again. */
  public synchronized void free(long address) {
    Region region = regions.remove(address);
    if (region == null) {
      throw new IllegalArgumentException("free: " + hex(address) + " is not the address of an allocation");
    }
    allocated -= region.size;
  }

  /** The bytes that are allocated now. */
  public synchronized long allocatedBytes() {
    return allocated;
  }

  /** Copies from the host to the device. */
  public void write(long address, MemorySegment from) {
    Region region = range("write", address, from.byteSize());
    MemorySegment.copy(from, 0, region.data, address - region.base, from.byteSize());
    region.mark(address - region.base, from.byteSize());
  }

  /** Copies from the device to the host. */
  public void read(long address, MemorySegment to) {
    Region region = range("read", address, to.byteSize());
    MemorySegment.copy(region.data, address - region.base, to, 0, to.byteSize());
  }

  /** Copies from one place on the device to another. */
  public void copy(long from, long to, long bytes) {
    Region source = range("copy", from, bytes);
    Region target = range("copy", to, bytes);
    MemorySegment.copy(source.data, from - source.base, target.data, to - target.base, bytes);
    target.mark(to - target.base, bytes);
  }

  /** Sets bytes on the device. */
  public void fill(long address, long bytes, byte value) {
    Region region = range("fill", address, bytes);
    region.data.asSlice(address - region.base, bytes).fill(value);
    region.mark(address - region.base, bytes);
  }

  private Region range(String operation, long address, long bytes) {
    Region region = find(address);
    if (region == null || address - region.base > region.size - bytes) {
      throw new IndexOutOfBoundsException(operation + ": " + bytes + " bytes at " + describe(address));
    }
    return region;
  }

  /** The allocation that an address lies in, or null. */
  @Nullable Region find(long address) {
    Map.Entry<Long, Region> entry = regions.floorEntry(address);
    return entry == null || address - entry.getKey() >= entry.getValue().size ? null : entry.getValue();
  }

  /** An address in relation to the allocation before it. */
  String describe(long address) {
    Map.Entry<Long, Region> entry = regions.floorEntry(address);
    if (entry == null) {
      return hex(address) + ", which is in no allocation";
    }
    long offset = address - entry.getKey();
    return String.format(
        Locale.ROOT,
        "%s, offset %d from an allocation of %d bytes at %s",
        hex(address),
        offset,
        entry.getValue().size,
        hex(entry.getKey()));
  }

  static String hex(long address) {
    return "0x" + Long.toHexString(address);
  }

  /** The addresses of a module's variables in this memory; the first call lays them out and initialises them. */
  synchronized Map<String, Long> variables(PtxModule module) {
    Map<String, Long> known = variables.get(module);
    if (known != null) {
      return known;
    }
    Map<String, Long> addresses = new HashMap<>();
    for (Variable v : module.variables()) {
      addresses.put(v.name(), allocate(v.bytes(), v.space().equals("const")));
    }
    for (Variable v : module.variables()) {
      initialise(v, addresses);
    }
    variables.put(module, addresses);
    return addresses;
  }

  private void initialise(Variable v, Map<String, Long> addresses) {
    Region region = range("initialise", addresses.getOrDefault(v.name(), 0L), v.bytes());
    int at = 0;
    for (Variable.Initial i : v.initial()) {
      long bits = i.symbol().isEmpty() ? i.bits() : addresses.getOrDefault(i.symbol(), 0L) + i.bits();
      region.store(at, v.type().bytes(), bits);
      at += v.type().bytes();
    }
    region.mark(0, v.bytes()); // what has no initialiser begins as zero (PTX ISA, "Initializers")
  }
}
