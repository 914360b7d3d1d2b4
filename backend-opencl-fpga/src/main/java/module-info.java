/** Runs kernels on OpenCL devices. */
module dev.tenzan.opencl {
  requires dev.tenzan;
  requires java.logging; // JOCL, which has no module descriptor, needs it
  requires jocl;
  requires static org.jspecify;

  provides dev.tenzan.spi.BackendProvider with
      dev.tenzan.opencl.OpenClProvider;
}
