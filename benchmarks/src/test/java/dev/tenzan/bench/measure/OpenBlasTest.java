package dev.tenzan.bench.measure;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

final class OpenBlasTest {
  @Test
  void variablesThatSlowTheLibraryDownAreSetAside() {
    assertTrue(OpenBlas.isHandicap("OPENBLAS_CORETYPE", "Haswell", 512));
    assertTrue(OpenBlas.isHandicap("OPENBLAS_CORETYPE", "Haswell", 0));
    assertTrue(OpenBlas.isHandicap("OPENBLAS_L2_SIZE", "65536", 256));
  }

  @Test
  void whereTheJvmIsHeldToAvx2TheLibraryMayBeToo() {
    assertFalse(OpenBlas.isHandicap("OPENBLAS_CORETYPE", "Haswell", 256));
    assertFalse(OpenBlas.isHandicap("OPENBLAS_CORETYPE", "ZEN", 256));
    assertTrue(OpenBlas.isHandicap("OPENBLAS_CORETYPE", "Prescott", 256));
  }
}
