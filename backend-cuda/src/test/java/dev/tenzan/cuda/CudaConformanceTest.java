package dev.tenzan.cuda;

import dev.tenzan.conformance.BackendConformance;

/** The whole conformance kit on a simulated CUDA device. */
class CudaConformanceTest extends BackendConformance {
  CudaConformanceTest() {
    super(SimulatedCudaProvider.NAME);
  }

  @Override
  protected boolean isRequired() {
    return true; // it needs no hardware
  }
}
