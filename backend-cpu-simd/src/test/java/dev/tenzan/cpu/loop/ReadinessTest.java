package dev.tenzan.cpu.loop;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** When vector code takes over from scalar code, and when it does not. */
final class ReadinessTest {
  /** A vector operation that is compiled, and one that is not, in nanoseconds. */
  private static final long COMPILED = 2;

  private static final long NOT_COMPILED = 400;

  private static Readiness ready() {
    Readiness readiness = new Readiness();
    while (!readiness.isReady()) {
      readiness.tried(150 + COMPILED, 1);
    }
    return readiness;
  }

  @Test
  void compiledTrialsOfOneOperationAreEnough() {
    Readiness readiness = new Readiness();
    for (int i = 0; i < 1000; i++) {
      assertTrue(readiness.mayTry());
      readiness.tried(NOT_COMPILED, 1);
      assertFalse(readiness.isReady());
    }
    for (int i = 0; i < 3; i++) {
      assertFalse(readiness.isReady());
      readiness.tried(150 + COMPILED, 1);
    }
    assertTrue(readiness.isReady());
  }

  @Test
  void aSlowTrialBreaksTheRow() {
    Readiness readiness = new Readiness();
    readiness.tried(COMPILED, 1);
    readiness.tried(COMPILED, 1);
    readiness.tried(NOT_COMPILED, 1);
    readiness.tried(COMPILED, 1);
    assertFalse(readiness.isReady());
  }

  @Test
  void interruptionsAreNoReason() {
    Readiness readiness = ready();
    for (int i = 0; i < 10; i++) {
      readiness.checked(4_000_000, 10_000);
      readiness.checked(COMPILED * 10_000, 10_000);
    }
    assertTrue(readiness.isReady());
  }

  @Test
  void slowRunsAreGivenUpUntilTrialsAreFastAgain() {
    Readiness readiness = ready();
    readiness.checked(NOT_COMPILED * 10_000, 10_000);
    readiness.checked(NOT_COMPILED * 10_000, 10_000);
    assertFalse(readiness.isReady());
    for (int i = 0; i < 3; i++) {
      readiness.tried(COMPILED, 1);
    }
    assertTrue(readiness.isReady());
  }

  @Test
  void trialsTakeNoLongerThanScalarsAndACredit() {
    Readiness readiness = new Readiness();
    while (readiness.mayTry()) {
      readiness.tried(100_000, 1);
    }
    readiness.ranScalar(150_000);
    assertTrue(readiness.mayTry());
    readiness.tried(100_000, 1);
    readiness.tried(100_000, 1);
    assertFalse(readiness.mayTry());
  }
}
