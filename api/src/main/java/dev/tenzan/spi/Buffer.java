package dev.tenzan.spi;

/** A block of one device's memory; made and understood only by its backend. */
public interface Buffer {
  /** The size that was asked for, in bytes. */
  long byteSize();

  /** The index of the device within its backend. */
  int device();
}
