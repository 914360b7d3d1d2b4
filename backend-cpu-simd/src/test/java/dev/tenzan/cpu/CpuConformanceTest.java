package dev.tenzan.cpu;

import dev.tenzan.conformance.BackendConformance;

class CpuConformanceTest extends BackendConformance {
  CpuConformanceTest() {
    super("cpu");
  }

  @Override
  protected boolean isRequired() {
    return true;
  }
}
