package dev.tenzan.cuda.ptx;

/** Where a kernel's elements are, as loads and stores name it. */
enum Space {
  /** Memory that does not change while the kernel runs: it may stay in the read-only cache. */
  CONSTANT("global.nc", "global"),

  /** Memory that the kernel itself may have written. */
  GLOBAL("global", "global"),

  /** A block's shared memory, whose addresses have 32 bits. */
  SHARED("shared", "shared");

  /** The space's name in loads. */
  final String load;

  /** The space's name in stores. */
  final String store;

  Space(String load, String store) {
    this.load = load;
    this.store = store;
  }
}
