package dev.tenzan.bench.measure;

import com.sun.management.HotSpotDiagnosticMXBean;
import dev.tenzan.bench.output.Units;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * One thing that decides how fast Tenzan runs here.
 *
 * @param what the thing
 * @param good whether it is as it should be
 * @param found what was found
 * @param remedy what to do where it is not; else empty
 */
public record Diagnosis(String what, boolean good, String found, String remedy) {
  private static final Runtime.Version NEEDED = Runtime.Version.parse("25.0.3");

  /** A vector loop that runs in the interpreter or boxes its vectors stays far below this. */
  private static final double LEAST_GFLOPS = 4;

  /** Looks at everything; takes about two seconds, because the speed is measured. */
  public static List<Diagnosis> all(int threads) {
    List<Diagnosis> all = new ArrayList<>();
    all.add(java());
    all.add(vectorApi());
    all.add(compiler());
    fma().ifPresent(all::add);
    if (Machine.hasVectorApi()) {
      Ceilings c = Ceilings.measure(threads);
      all.add(
          new Diagnosis(
              "vector width",
              c.vectorBits() >= 128,
              c.vectorBits() + " bits" + option("UseAVX").map(v -> " (UseAVX=" + v + ")").orElse(""),
              "the processor or -XX:MaxVectorSize allows no vectors"));
      boolean fast = c.f32() > LEAST_GFLOPS * threads;
      all.add(
          new Diagnosis(
              "vector speed",
              fast,
              Units.number(c.f32()) + " GFLOP/s f32, " + Units.number(c.f64()) + " f64 with " + threads(threads),
              "vectors are not compiled to machine instructions; remove -Xint, -XX:TieredStopAtLevel and the like"));
      all.add(
          new Diagnosis(
              "memory speed",
              true,
              Units.number(c.read()) + " GB/s read, " + Units.number(c.copy()) + " copy, " + Units.number(c.triad())
                  + " triad",
              ""));
    }
    all.add(threadCount(threads));
    all.add(memory());
    all.add(
        new Diagnosis(
            "native access",
            Diagnosis.class.getModule().isNativeAccessEnabled(),
            Diagnosis.class.getModule().isNativeAccessEnabled() ? "allowed" : "not allowed",
            "start with --enable-native-access=ALL-UNNAMED; GPUs and OpenBLAS need it"));
    all.add(
        new Diagnosis(
            "OpenBLAS (to compare)",
            true,
            OpenBlas.load().map(OpenBlas::config).orElse("not installed (Debian: apt-get install libopenblas0-pthread)"),
            ""));
    return all;
  }

  private static Diagnosis java() {
    Runtime.Version v = Runtime.version();
    return new Diagnosis(
        "Java",
        v.compareToIgnoreOptional(NEEDED) >= 0,
        System.getProperty("java.vm.name") + " " + v,
        "install JDK " + NEEDED + " or newer");
  }

  private static Diagnosis vectorApi() {
    boolean there = Machine.hasVectorApi();
    return new Diagnosis(
        "Vector API", there, there ? "on" : "off", "start with --add-modules jdk.incubator.vector");
  }

  private static Diagnosis compiler() {
    String mode = System.getProperty("java.vm.info", "");
    String level = option("TieredStopAtLevel").orElse("4");
    boolean c2 = !mode.contains("interpreted") && level.equals("4") && !mode.contains("emulated-client");
    return new Diagnosis(
        "C2 compiler",
        c2,
        c2 ? "on (" + mode + ")" : "off (" + mode + ", TieredStopAtLevel=" + level + ")",
        "remove -Xint, -XX:TieredStopAtLevel and -client from the JVM options");
  }

  private static Optional<Diagnosis> fma() {
    return option("UseFMA")
        .map(
            use ->
                new Diagnosis(
                    "fused multiply-add",
                    use.equals("true"),
                    use.equals("true") ? "in hardware" : "emulated, and very slow",
                    "use a processor with FMA, and no -XX:-UseFMA"));
  }

  private static Diagnosis threadCount(int threads) {
    int processors = Runtime.getRuntime().availableProcessors();
    return new Diagnosis(
        "threads",
        threads <= processors,
        threads(threads) + " on " + processors + (processors == 1 ? " processor" : " processors"),
        "more threads than processors wait for each other; use --threads " + processors);
  }

  private static Diagnosis memory() {
    long physical = Machine.detect().memoryBytes();
    long heap = Runtime.getRuntime().maxMemory();
    return new Diagnosis(
        "memory", true, Units.bytes(physical) + ", of it " + Units.bytes(heap) + " for the Java heap", "");
  }

  private static String threads(int n) {
    return n + (n == 1 ? " thread" : " threads");
  }

  /** The value of a HotSpot option; empty where this JVM has no such option. */
  private static Optional<String> option(String name) {
    try {
      var hotSpot = ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class);
      return hotSpot == null ? Optional.empty() : Optional.of(hotSpot.getVMOption(name).getValue());
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }
}
