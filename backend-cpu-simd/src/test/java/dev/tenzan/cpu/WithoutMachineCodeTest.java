package dev.tenzan.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.tenzan.Devices;
import dev.tenzan.conformance.ConformanceKit;
import dev.tenzan.cpu.machine.MachineCode;
import dev.tenzan.cpu.machine.VectorSet;
import java.io.IOException;
import org.junit.jupiter.api.Test;

/** The conformance kit on generated classes, which loops have where no machine code runs. */
class WithoutMachineCodeTest {
  /** What the process runs. */
  public static void main(String[] args) {
    ConformanceKit kit = new ConformanceKit(Devices.get("cpu"));
    ConformanceKit.groups(_ -> true).forEach(kit::run);
    kit.failures().forEach(System.out::println);
    System.out.println((VectorSet.AVX512.canRun() || VectorSet.AVX2.canRun() ? "with" : "without") + " machine code, " + kit.failures().size() + " failures");
  }

  @Test
  void theKitPasses() throws IOException, InterruptedException {
    String last =
        OtherJvm.lastLine(
            WithoutMachineCodeTest.class, "-D" + MachineCode.PROPERTY + "=false", "--add-modules", "jdk.incubator.vector",
            "--enable-native-access=ALL-UNNAMED");
    assertEquals("without machine code, 0 failures", last);
  }
}
