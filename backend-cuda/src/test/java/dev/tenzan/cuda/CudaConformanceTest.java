package dev.tenzan.cuda;

import dev.tenzan.conformance.PartialConformance;

/** The conformance kit on a simulated CUDA device: a part, as the interpreter needs minutes for the whole. */
class CudaConformanceTest extends PartialConformance {
  CudaConformanceTest() {
    super(SimulatedCudaProvider.NAME, 8);
  }

  @Override
  protected boolean isRequired() {
    return true; // it needs no hardware
  }
}
