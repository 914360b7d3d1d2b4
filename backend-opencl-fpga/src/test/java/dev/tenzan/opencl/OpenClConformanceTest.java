package dev.tenzan.opencl;

import dev.tenzan.conformance.PartialConformance;

/**
 * The conformance kit on the first OpenCL device: a part, as a device compiles some 6000 programs for the whole, which takes PoCL half
 * an hour.
 */
class OpenClConformanceTest extends PartialConformance {
  OpenClConformanceTest() {
    super("opencl:0", 16);
  }
}
