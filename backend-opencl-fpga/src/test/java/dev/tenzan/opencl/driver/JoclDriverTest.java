package dev.tenzan.opencl.driver;

import static org.junit.jupiter.api.Assertions.assertNotNull;

import org.jocl.CL;
import org.junit.jupiter.api.Test;

class JoclDriverTest {
  @Test
  void namesTheLibraryThatJoclBrings() {
    assertNotNull(CL.class.getResource("/lib/" + JoclDriver.libraryFile()), JoclDriver.libraryFile());
  }
}
