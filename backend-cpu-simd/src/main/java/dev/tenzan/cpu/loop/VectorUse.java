package dev.tenzan.cpu.loop;

/** When loops run vector code, where there is any, and on how many threads; the bits are the same. */
public enum VectorUse {
  /** Where it has shown to be faster: C2 must have compiled it first. */
  WHERE_FASTER,
  /** Wherever a row is as wide as a vector, and on all threads however little there is to do: for tests. */
  ALWAYS
}
