package dev.tenzan.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.tenzan.Devices;
import dev.tenzan.conformance.ConformanceKit;
import dev.tenzan.cpu.machine.VectorSet;
import java.io.IOException;
import org.junit.jupiter.api.Test;

/** The conformance kit as processors with AVX2 run it, which a JVM can be told to be. */
class WithAvx2Test {
  /** What the process runs. */
  public static void main(String[] args) {
    ConformanceKit kit = new ConformanceKit(Devices.get("cpu"));
    ConformanceKit.groups(_ -> true).forEach(kit::run);
    kit.failures().forEach(System.out::println);
    System.out.println("loops with " + CpuBackend.machineVectors(CpuFeatures.detect()) + ", " + kit.failures().size() + " failures");
  }

  @Test
  void theKitPasses() throws IOException, InterruptedException {
    assumeTrue(VectorSet.AVX2.canRun(), "this machine runs no machine code with AVX2");
    String last =
        OtherJvm.lastLine(
            WithAvx2Test.class, "-XX:UseAVX=2", "--add-modules", "jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED");
    assertEquals("loops with AVX2, 0 failures", last);
  }
}
