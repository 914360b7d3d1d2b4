package dev.tenzan.reference;

import dev.tenzan.conformance.BackendConformance;

class ReferenceConformanceTest extends BackendConformance {
  ReferenceConformanceTest() {
    super("reference");
  }

  @Override
  protected boolean isRequired() {
    return true;
  }
}
