/** Runs kernels on the CPU with the Vector API. */
module dev.tenzan.cpu {
  requires dev.tenzan;
  requires jdk.incubator.vector;
  requires static org.jspecify;

  provides dev.tenzan.spi.BackendProvider with
      dev.tenzan.cpu.CpuProvider;
}
