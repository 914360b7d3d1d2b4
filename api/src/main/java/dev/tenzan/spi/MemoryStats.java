package dev.tenzan.spi;

/**
 * The memory that a backend holds on one device.
 *
 * @param liveBytes bytes in buffers that are allocated and not freed
 * @param pooledBytes bytes kept for reuse
 * @param peakBytes the greatest {@code liveBytes} so far
 * @param allocations the number of {@link Backend#allocate} calls so far
 */
public record MemoryStats(long liveBytes, long pooledBytes, long peakBytes, long allocations) {}
