package dev.tenzan.spi;

import java.util.Map;

/**
 * What is known of one device.
 *
 * @param index its number within the backend
 * @param description the product name, for example the processor's
 * @param memoryBytes the memory that tensors can use at most
 * @param properties further facts in display order, for example {@code vector bits: 512}
 */
public record DeviceInfo(int index, String description, long memoryBytes, Map<String, String> properties) {}
