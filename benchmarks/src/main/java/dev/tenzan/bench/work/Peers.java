package dev.tenzan.bench.work;

import dev.tenzan.Device;
import dev.tenzan.bench.measure.ClBlast;
import dev.tenzan.bench.measure.Gemm;
import dev.tenzan.bench.measure.OpenBlas;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The libraries that matrix products are compared with: OpenBLAS beside {@code cpu}, CLBlast on the devices of OpenCL. */
final class Peers implements AutoCloseable {
  private static final String OPENCL = "opencl:";

  private final Map<String, Gemm> byDevice = new LinkedHashMap<>();
  private final Map<String, String> described = new LinkedHashMap<>();

  private Peers() {}

  /**
   * Loads what is installed.
   *
   * @param threads the threads of the {@code cpu} device, which OpenBLAS uses too
   */
  static Peers load(List<Device> devices, int threads) {
    Peers peers = new Peers();
    for (Device d : devices) {
      if (d.name().equals("cpu")) {
        Optional<OpenBlas> library = OpenBlas.load();
        library.ifPresent(b -> b.threads(threads));
        peers.add(d, "OpenBLAS", OpenBlas.REMEDY, library);
      } else if (d.name().startsWith(OPENCL)) {
        int index = Integer.parseInt(d.name().substring(OPENCL.length()));
        peers.add(d, "CLBlast", ClBlast.REMEDY, ClBlast.open(index));
      }
    }
    return peers;
  }

  private void add(Device device, String name, String remedy, Optional<? extends Gemm> library) {
    library.ifPresent(l -> byDevice.put(device.name(), l));
    described.merge(name, library.map(Gemm::description).orElse(remedy), (a, b) -> a.equals(b) ? a : a + "; " + b);
  }

  /** The library that a device is compared with. */
  Optional<Gemm> of(Device device) {
    return Optional.ofNullable(byDevice.get(device.name()));
  }

  /** What each library says of itself, or why it is not compared. */
  Map<String, String> described() {
    return described;
  }

  @Override
  public void close() {
    for (Gemm g : byDevice.values()) {
      if (g instanceof ClBlast b) {
        b.close();
      }
    }
  }
}
