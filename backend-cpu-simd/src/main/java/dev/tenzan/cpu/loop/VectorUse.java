package dev.tenzan.cpu.loop;

/** When loops run vector code, where there is any; the bits are the same. */
public enum VectorUse {
  /** Where it has shown to be faster: C2 must have compiled it first. */
  WHERE_FASTER,
  /** Wherever a row is as wide as a vector: for tests. */
  ALWAYS
}
